import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import type { Files } from '../system/system.ts'
import type { Place } from './place.ts'

/**
 * What install remembers, so that uninstall can give back the bytes. It is written before the things that it tells of: a
 * crash in between leaves a record of something that never came, which hurts nobody.
 */
const recordSchema = z.object({
  version: z.literal(1),
  settings: z.object({
    /**
     * Before install there was no file (`absent`), or its bytes are in the backup (`kept`), or it was edited between two
     * installs (`derived`), so that only our own entries can be taken out again.
     */
    original: z.enum(['absent', 'kept', 'derived']),
    /** SHA-256 of every settings text that installs made of that original, newest last. */
    written: z.array(z.string()),
    created: z.array(z.string()),
    deny: z.array(z.string()),
  }),
  /** SHA-256 of every bundle that was copied, by file name, newest last. */
  hooks: z.record(z.string(), z.array(z.string())),
  /** Folders that install made. */
  folders: z.array(z.enum(['claude', 'hooks', 'memory'])),
})

export type InstallRecord = z.output<typeof recordSchema>
export type OwnFolder = InstallRecord['folders'][number]

/** The record of an installation; undefined where there is none or it cannot be read. */
export function readRecord(files: Files, place: Place): InstallRecord | undefined {
  if (files.facts(place.record)?.kind !== 'file') return undefined
  const value = parseJson(files.readText(place.record))
  const result = z.safeParse(recordSchema, value)
  return result.success ? result.data : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function recordText(record: InstallRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The list with a hash at its end, the oldest forgotten past ten. */
export function withHash(hashes: readonly string[] | undefined, hash: string): string[] {
  return [...(hashes ?? []).filter((known) => known !== hash), hash].slice(-10)
}
