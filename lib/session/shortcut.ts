import { errorCode } from '../system/known-error.ts'
import type { Files } from '../system/system.ts'

/**
 * An empty file that tells shells something, put there or taken away. A shortcut, never the truth: where it cannot be, it costs the
 * delay of a call, never an error, and the next event tries again.
 */
export function setShortcut(files: Files, path: string, wanted: boolean): void {
  try {
    if (wanted === (files.facts(path) !== undefined)) return
    if (wanted) files.create(path, '')
    else files.remove(path)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
  }
}
