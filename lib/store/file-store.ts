import { dirname, join } from 'node:path'
import { asKnownError, KnownError } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { documentText } from './document-text.ts'
import {
  damagedName,
  type FileLock,
  lockNames,
  meansLost,
  releaseLock,
  staleAfterMilliseconds,
  takeLock,
} from './file-lock.ts'
import { type FileReaderOptions, fileReader } from './file-reader.ts'
import { ensureMemoryFolder, ensureRealFolder } from './real-folder.ts'
import type { Damage, DocumentKind, Store, UpdateResult } from './store.ts'

export interface FileStoreOptions extends FileReaderOptions {
  /** The longest wait for a lock, milliseconds; 500 by default. After it the answer is `busy`. */
  readonly waitMilliseconds?: number
  /** The age at which a lock is taken over, milliseconds; 2,000 by default. */
  readonly staleMilliseconds?: number
  /**
   * Whether each commit waits for the disk (fsync); true by default. Without it only power loss can lose a document.
   */
  readonly durable?: boolean
}

/**
 * A lock may be lost that often in one update before the answer is `busy`; each loss means that we slept past its age.
 */
const lossesAtMost = 10

/**
 * Documents as files below `root`: `<root>/<key>.json`, owner-only, in folders that the first update makes owner-only,
 * with a `.gitignore` of `*` in the root. How updates exclude each other is told in `file-lock.ts`.
 *
 * Damage is a document that is not JSON, not of its kind's shape or version, over 4 MB, or no regular file. An update
 * sets it aside beside it, as `<key>.damaged.<UTC>.<token>.json`, after `change` was applied to the empty document and
 * before the new one takes its place; if that step fails the update throws and everything is as it was.
 *
 * Errors of reading and writing are `KnownError`s with the system's code and the document's path; `ELINK` or `ENOTDIR`
 * where the root or the key's folder is not a real folder, `EKEY` for a key that may not become a path, `ELOCKED` from
 * `remove` when the lock is not to be had in time. An error that `change` throws is passed on as it is; nothing is
 * written then.
 *
 * @param root absolute path of the memory folder. Need not exist; must not be a link.
 */
export function fileStore(system: System, root: string, options: FileStoreOptions = {}): Store {
  const { files } = system
  const lockOptions = {
    waitMilliseconds: options.waitMilliseconds ?? 500,
    staleMilliseconds: options.staleMilliseconds ?? staleAfterMilliseconds,
  }
  const { durable = true, isMemory = true } = options
  const { pathOf, isReachable, load, read } = fileReader(files, root, options)
  /** Documents that takeovers brought out, by path, until an update tells of them. */
  const rescues = new Map<string, string>()

  const ensureFolders = (path: string): void => {
    if (isMemory) ensureMemoryFolder(files, root)
    else if (files.facts(root) === undefined) files.makeFolders(root)
    const folder = dirname(path)
    if (folder !== root) ensureRealFolder(files, folder)
  }

  /** Sets aside what is damaged and puts the new document in its place. Throws ENOENT where the lock is lost. */
  const commit = (lock: FileLock, path: string, text: string, damaged: boolean): { setAsideAs?: string } => {
    const next = join(lock.claim, lockNames.next)
    const taken = join(lock.claim, lockNames.taken)
    files.create(next, text, { durable })
    if (!damaged) {
      files.rename(next, path)
      return {}
    }
    files.rename(path, taken)
    try {
      files.rename(next, path)
    } catch (error) {
      // Through the claim like the commit itself: it cannot hit the document of a later holder.
      quietly(() => files.rename(taken, path))
      throw error
    }
    try {
      const setAsideAs = damagedName(system, path)
      files.rename(taken, setAsideAs)
      return { setAsideAs }
    } catch {
      // The new document is in place. The old one stays in the lock, whose takeover brings it out and tells where.
      return {}
    }
  }

  const updateLocked = async <T>(
    lock: FileLock,
    kind: DocumentKind<T>,
    path: string,
    change: (document: T, at: number) => T | Promise<T>,
  ): Promise<UpdateResult<T>> => {
    const before = guarded('read', path, () => load(kind, path))
    const document = await change(before.document, system.clock())
    const text = before.kind !== 'damaged' && document === before.document ? undefined : documentText(kind, document)
    const rescue = rescues.get(path)
    const told: { damage?: Damage } = {}
    if (rescue !== undefined) {
      const cause = 'set aside by a process that ended before it could tell'
      told.damage = { key: kind.key, cause, setAsideAs: rescue }
    }
    if (text === undefined || (before.kind === 'sound' && before.text === text)) {
      rescues.delete(path)
      return { kind: 'unchanged', document, ...told }
    }
    const aside = guarded('write', path, () => commit(lock, path, text, before.kind === 'damaged'))
    if (before.kind === 'damaged') told.damage = { key: kind.key, cause: before.cause, ...aside }
    else rescues.delete(path)
    return { kind: 'written', document, ...told }
  }

  const lockFor = async (path: string): Promise<Awaited<ReturnType<typeof takeLock>>> => {
    try {
      ensureFolders(path)
      const attempt = await takeLock(system, path, lockOptions)
      for (const rescued of attempt.rescued) rescues.set(path, rescued)
      return attempt
    } catch (error) {
      if (meansLost(error)) throw new LockLost(error)
      throw asKnownError('lock', path, error)
    }
  }

  return {
    read,

    async update(kind, change) {
      const path = pathOf(kind.key)
      let waitedMilliseconds = 0
      let wasHeld = false
      for (let losses = 0; ; losses += 1) {
        try {
          const attempt = await lockFor(path)
          waitedMilliseconds += attempt.waitedMilliseconds
          if (attempt.kind === 'busy') return { kind: 'busy', waitedMilliseconds }
          wasHeld = true
          try {
            return await updateLocked(attempt.lock, kind, path, change)
          } finally {
            releaseLock(files, attempt.lock)
          }
        } catch (error) {
          if (!(error instanceof LockLost)) throw error
          if (losses < lossesAtMost) continue
          // A lock that could never be made is the disk's answer; one that was held and lost each time is a busy one.
          if (!wasHeld) throw asKnownError('lock', path, error.cause)
          return { kind: 'busy', waitedMilliseconds }
        }
      }
    },

    async remove(kind) {
      const path = pathOf(kind.key)
      for (let losses = 0; ; losses += 1) {
        try {
          if (!isReachable(path) || files.facts(path) === undefined) return
          const attempt = await lockFor(path)
          if (attempt.kind === 'busy') throw new KnownError('remove', path, 'another process keeps its lock', 'ELOCKED')
          try {
            guarded('remove', path, () => {
              const isFile = files.facts(path)?.kind === 'file'
              const taken = join(attempt.lock.claim, isFile ? lockNames.removed : lockNames.taken)
              files.rename(path, taken)
              // Only what we may have written is deleted; a folder in its place is somebody's, and set aside.
              if (!isFile) files.rename(taken, damagedName(system, path))
            })
            return
          } finally {
            releaseLock(files, attempt.lock)
          }
        } catch (error) {
          if (!(error instanceof LockLost)) throw asKnownError('remove', path, error)
          if (losses >= lossesAtMost) throw asKnownError('remove', path, error.cause)
        }
      }
    },
  }

  /** Runs the disk's part of a step: a lost lock becomes `LockLost`, any other failure a known error. */
  function guarded<R>(action: string, path: string, step: () => R): R {
    try {
      return step()
    } catch (error) {
      if (meansLost(error)) throw new LockLost(error)
      throw asKnownError(action, path, error)
    }
  }
}

function quietly(step: () => void): void {
  try {
    step()
  } catch {
    // The old document then stays in the lock, whose takeover brings it out; the first error is the one worth telling.
  }
}

/** The lock, or the folder around it, is gone: everything since the lock was taken counts as not done. */
class LockLost extends Error {
  constructor(cause: unknown) {
    super('the lock is lost', { cause })
  }
}
