import { errorCode, KnownError } from '../system/known-error.ts'
import type { Files } from '../system/system.ts'

/**
 * Whether there is a real folder at `path`; false where there is nothing.
 *
 * The memory folder may come with a cloned repository, so a link in it may lead anywhere: it is never followed. Links
 * above the memory folder are the person's own business. The check holds for what was there before us; it is no wall
 * against a process of the same user that swaps folders at the same moment.
 *
 * @throws KnownError: `ELINK` where it is a link, `ENOTDIR` where it is something else.
 */
export function isRealFolder(files: Files, path: string): boolean {
  const facts = files.facts(path)
  if (facts === undefined) return false
  if (facts.kind === 'folder') return true
  if (facts.kind === 'link') throw new KnownError('use', path, 'it is a link, and links are not followed here', 'ELINK')
  throw new KnownError('use', path, 'it is not a folder', 'ENOTDIR')
}

/** Sees to it that there is a real folder at `path`, whose parent exists; owner-only where it has to be made. */
export function ensureRealFolder(files: Files, path: string): void {
  if (isRealFolder(files, path)) return
  try {
    files.makeFolder(path)
  } catch (error) {
    // Another process was faster; what it made is checked like everything else.
    if (errorCode(error) !== 'EEXIST' || !isRealFolder(files, path)) throw error
  }
}

/**
 * Sees to it that the memory folder is there, real, and left out of version control by a `.gitignore` of its own.
 * Checked each time and not remembered: the folder may be deleted while we run, and a process may have died before the
 * second step.
 */
export function ensureMemoryFolder(files: Files, root: string): void {
  if (!isRealFolder(files, root)) files.makeFolders(root)
  const ignore = `${root}/.gitignore`
  if (files.facts(ignore) !== undefined) return
  try {
    files.create(ignore, '*\n')
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}
