import { join } from 'node:path'
import { ensureMemoryFolder, isRealFolder } from '../store/real-folder.ts'
import { asKnownError, KnownError } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import type { ServiceEvent } from './contracts.ts'
import { openSegmentName } from './spool-files.ts'
import { usualSpoolLimits } from './spool-limits.ts'
import { eventLine } from './spool-line.ts'

export interface AppendOptions {
  /** Whether the disk has it when this returns (fsync); false by default: only power loss can lose it then. */
  readonly durable?: boolean
  /** Of the spool, bytes. An open segment of twice that size means that no flusher ever came: nothing more is taken. */
  readonly maxBytes?: number
}

/**
 * Adds an event to the spool in `folder` with one append. Waits for nobody and reads nothing; the folder is made, owner-only,
 * where it is missing. Apart from the rest of the spool, because it is all that a hook needs.
 *
 * @throws KnownError: what the disk says; `ELINK` or `ENOTDIR` where the folder is none, `EKEY` and `ETOOLARGE` for an event that
 *   cannot be taken, `EFULL` for a spool that nobody empties.
 */
export function appendEvent(
  { files, clock, token, processes }: System,
  folder: string,
  event: ServiceEvent,
  { durable = false, maxBytes = usualSpoolLimits.maxBytes }: AppendOptions = {},
): void {
  const path = join(folder, openSegmentName)
  try {
    const line = eventLine(event, clock(), `${token()}${token()}-${processes.pid}`)
    if (!isRealFolder(files, folder)) ensureMemoryFolder(files, folder)
    const size = files.facts(path)?.size ?? 0
    if (size >= 2 * maxBytes) throw new KnownError('write', path, `${size} bytes wait and nobody sends them`, 'EFULL')
    files.append(path, line, { durable })
  } catch (error) {
    throw asKnownError('write', path, error)
  }
}
