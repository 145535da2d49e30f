import { dirname, join } from 'node:path'
import { asKnownError } from '../system/known-error.ts'
import type { Files } from '../system/system.ts'
import { checkKey } from './document-key.ts'
import { type Reading, readDocument, tooLargeCause } from './document-text.ts'
import { meansLost } from './file-lock.ts'
import { isRealFolder } from './real-folder.ts'
import type { DocumentKind, Store } from './store.ts'

/** What of a store of files takes no lock and changes nothing. */
export interface FileReader extends Pick<Store, 'read'> {
  /** @throws KnownError with code `EKEY` for a key that may not become a path. */
  pathOf(key: string): string
  /** False where a folder on the way is missing, and with it the document. */
  isReachable(path: string): boolean
  load<T>(kind: DocumentKind<T>, path: string): Reading<T>
}

type Sound<T> = Extract<Reading<T>, { kind: 'sound' }>

export interface FileReaderOptions {
  /**
   * Whether `root` is a folder of ours: no link, and left out of version control by a `.gitignore` in it; true by default.
   * Without it the root is the person's, who may have made it a link, and nothing but the documents is put there.
   */
  readonly isMemory?: boolean
  /**
   * Whether a text that was read before gives the same document again, which whoever has it must not change then; false by
   * default. A hook looks before it takes the lock, and mostly finds the same text under it.
   */
  readonly reuse?: boolean
}

/** Reads documents below `root`. */
export function fileReader(
  files: Files,
  root: string,
  { isMemory = true, reuse = false }: FileReaderOptions = {},
): FileReader {
  /** By path. */
  const lastRead = new Map<string, Sound<unknown>>()

  const pathOf = (key: string): string => {
    checkKey(key)
    return join(root, `${key}.json`)
  }

  const isReachable = (path: string): boolean => {
    const folder = dirname(path)
    const isThere = isMemory ? isRealFolder(files, root) : files.facts(root) !== undefined
    return isThere && (folder === root || isRealFolder(files, folder))
  }

  const load = <T>(kind: DocumentKind<T>, path: string): Reading<T> => {
    const damaged = (cause: string): Reading<T> => ({ kind: 'damaged', document: kind.empty(), cause })
    const facts = files.facts(path)
    if (facts === undefined) return { kind: 'missing', document: kind.empty() }
    if (facts.kind !== 'file')
      return damaged(`it is ${facts.kind === 'other' ? 'not a regular file' : `a ${facts.kind}`}`)
    // Asked before reading: whoever put it there may have made it larger than memory.
    const tooLarge = tooLargeCause(facts.size)
    if (tooLarge !== undefined) return damaged(tooLarge)
    try {
      const text = files.readText(path)
      const last = lastRead.get(path)
      if (last?.text === text) return last as Sound<T>
      const reading = readDocument(kind, text)
      if (reuse && reading.kind === 'sound') lastRead.set(path, reading)
      return reading
    } catch (error) {
      // Set aside or removed by another process since the line above.
      if (meansLost(error)) return { kind: 'missing', document: kind.empty() }
      throw error
    }
  }

  return {
    pathOf,
    isReachable,
    load,
    async read(kind) {
      const path = pathOf(kind.key)
      try {
        const found = isReachable(path) ? load(kind, path) : { kind: 'missing' as const, document: kind.empty() }
        if (found.kind !== 'damaged') return { document: found.document }
        return { document: found.document, damage: { key: kind.key, cause: found.cause } }
      } catch (error) {
        throw asKnownError('read', path, error)
      }
    },
  }
}
