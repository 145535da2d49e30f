import { createHash } from 'node:crypto'
import { list, object, oneOf, type TypeOf, text } from '../schema/schema.ts'
import type { Files } from '../system/system.ts'
import type { Place } from './place.ts'

/**
 * What install remembers, so that uninstall can give back the bytes. It is written before the things that it tells of: a
 * crash in between leaves a record of something that never came, which hurts nobody.
 */
const recordSchema = object(
  {
    version: oneOf(1),
    settings: object({
      /**
       * Before install there was no file (`absent`), or its bytes are in the backup (`kept`), or it was edited between two
       * installs (`derived`), so that only our own entries can be taken out again.
       */
      original: oneOf('absent', 'kept', 'derived'),
      /** SHA-256 of every settings text that installs made of that original, newest last. */
      written: list(text()),
      created: list(text()),
      deny: list(text()),
    }),
    /** SHA-256 of every bundle that was copied, the guard's files included while they are in use, newest last. */
    hooks: list(object({ file: text(), sha256: list(text()) })),
    /** Folders that install made. */
    folders: list(oneOf('claude', 'hooks', 'commands', 'memory')),
  },
  {
    /** SHA-256 of settings texts that guarding hooks, or the status line, left behind, newest last: no work of a stranger. */
    guarded: list(text()),
  },
)

export type InstallRecord = TypeOf<typeof recordSchema>
export type OwnFolder = InstallRecord['folders'][number]

/** The record of an installation; undefined where there is none or it cannot be read. */
export function readRecord(files: Files, place: Place): InstallRecord | undefined {
  if (files.facts(place.record)?.kind !== 'file') return undefined
  const value = parseJson(files.readText(place.record))
  const verdict = recordSchema.check(value)
  return verdict.ok ? verdict.value : undefined
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
