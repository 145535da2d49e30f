import { join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { System } from '../system/system.ts'

/**
 * The time before which nobody starts a flusher: moments after one was started, and for longer while the service is down. It is
 * the modification time of an empty file, so that asking is one look. Whoever is told to sync does so at any time.
 */
const stampName = 'flusher.stamp'

/** Milliseconds. A stamp that is further ahead is none: the clock was set back since. */
const furthest = 3600 * 1000

/** Whether the time has come. */
export function mayStartFlusher({ files, clock }: System, folder: string): boolean {
  const facts = files.facts(join(folder, stampName))
  const left = facts === undefined ? 0 : facts.modifiedAt - clock()
  return left <= 0 || left > furthest
}

/** Nobody starts a flusher for so many milliseconds, at most an hour. */
export function holdOffFlushers({ files, clock }: System, folder: string, milliseconds: number): void {
  const path = join(folder, stampName)
  const until = clock() + Math.min(milliseconds, furthest)
  try {
    files.touch(path, until)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    // It has the time of its making until the next line: whoever looks in between starts a flusher that finds another at work.
    files.append(path, '')
    files.touch(path, until)
  }
}
