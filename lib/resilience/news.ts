import { join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { System } from '../system/system.ts'

/**
 * What was said lately, so that it is not said twice: one small file for each subject, because the processes that speak live a
 * tenth of a second and are many.
 */
export interface News {
  /**
   * Whether this is new, and remembers it: nothing was said of `subject` for the last `windowMs` milliseconds, or something
   * else than `value`. Of several processes that ask the same at the same moment, one is told so. A disk that refuses makes
   * everything new: better said twice than never.
   *
   * @param subject letters, digits and `-`, up to 100.
   */
  isNew(subject: string, value: string, windowMs: number): boolean
  /** Forgets what was said longer than `windowMs` milliseconds ago. */
  forget(windowMs: number): void
}

/** @param folder absolute path; made when something is to be remembered. */
export function newsIn({ files, clock, token }: Pick<System, 'files' | 'clock' | 'token'>, folder: string): News {
  const isOlder = (path: string, windowMs: number): boolean => {
    const facts = files.facts(path)
    // A clock that has jumped back must not keep something quiet for ever.
    return facts === undefined || !(Math.abs(clock() - facts.modifiedAt) <= windowMs)
  }

  const claim = (path: string, value: string, windowMs: number): boolean => {
    if (files.facts(path) !== undefined) {
      if (!isOlder(path, windowMs) && files.readText(path) === value) return false
      // Whoever takes the old file away is the one who may write the new one.
      const aside = `${path}.${token()}`
      files.rename(path, aside)
      files.remove(aside)
    }
    files.create(path, value)
    files.touch(path, clock())
    return true
  }

  return {
    isNew(subject, value, windowMs) {
      const path = join(folder, subject)
      try {
        files.makeFolders(folder)
        return claim(path, value, windowMs)
      } catch (error) {
        const code = errorCode(error)
        // Another process was here in this moment.
        return code !== 'EEXIST' && code !== 'ENOENT'
      }
    },
    forget(windowMs) {
      try {
        for (const name of files.list(folder)) {
          const path = join(folder, name)
          if (isOlder(path, windowMs)) files.remove(path)
        }
      } catch (error) {
        // Another process forgets the same, or there is nothing.
        if (errorCode(error) === undefined) throw error
      }
    },
  }
}
