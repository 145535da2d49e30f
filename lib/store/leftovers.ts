import { basename, dirname, join } from 'node:path'
import type { Files, System } from '../system/system.ts'
import { deleteLockFolder, isOlderThan, takeAway } from './file-lock.ts'
import { isRealFolder } from './real-folder.ts'

/** Milliseconds. Nothing younger is touched: whoever made it may still be at work. */
export const leftoverAge = 60_000

const lockInPlace = /^(.+\.json)\.lock$/
const lockAside = /^(.+\.json)\.lock\.(?:new|stale)\.\d+\.[0-9a-f]+$/
/** A spool file that was not renamed into place: a dot and the final name. */
const unfinishedSpool = /^\.(?:\d+|batch)-[0-9A-Za-z-]+\.json$/

export interface Sweep {
  /** Lock folders and unfinished files that were deleted. */
  readonly removed: number
  /** Damaged documents that a dead process was setting aside, under their new paths. */
  readonly rescued: readonly string[]
}

/**
 * Deletes what killed processes left in the memory folder and in the folders directly below it: lock folders and
 * unfinished spool files of more than a minute ago. Links are not followed; what cannot be deleted stays for the next
 * time.
 *
 * @throws KnownError with `ELINK` or `ENOTDIR` where `root` is not a real folder; nothing to do where it is missing.
 */
export function sweepLeftovers(system: System, root: string): Sweep {
  const { files } = system
  const rescued: string[] = []
  let removed = 0
  if (!isRealFolder(files, root)) return { removed, rescued }
  const folders = [root]
  for (const name of files.list(root)) {
    const path = join(root, name)
    if (!lockInPlace.test(name) && !lockAside.test(name) && files.facts(path)?.kind === 'folder') folders.push(path)
  }
  for (const folder of folders) {
    const swept = sweepFolder(system, folder, () => true)
    removed += swept.removed
    rescued.push(...swept.rescued)
  }
  return { removed, rescued }
}

/** What `sweepLeftovers` would take away besides locks that are in place; changes nothing. The same errors. */
export function listLeftovers(system: System, root: string): string[] {
  const { files } = system
  if (!isRealFolder(files, root)) return []
  const inside = files.list(root).map((name) => join(root, name))
  const folders = [root, ...inside.filter((path) => files.facts(path)?.kind === 'folder')]
  return folders.flatMap((folder) =>
    namesIn(files, folder)
      .filter((name) => lockAside.test(name) || unfinishedSpool.test(name))
      .map((name) => join(folder, name))
      .filter((path) => isOlderThan(system, path, leftoverAge)),
  )
}

/**
 * `sweepLeftovers` for the locks of one document only: for a folder that is not ours, where other programs have locks too.
 *
 * @param path of the document.
 */
export const sweepLocksOf = (system: System, path: string): Sweep =>
  sweepFolder(system, dirname(path), (document) => document === basename(path))

/** @param isOurs whether a document's lock may be touched; asked with its name, or with undefined for a spool file. */
function sweepFolder(system: System, folder: string, isOurs: (document: string | undefined) => boolean): Sweep {
  const { files } = system
  const rescued: string[] = []
  let removed = 0
  for (const name of namesIn(files, folder)) {
    const path = join(folder, name)
    const document = lockInPlace.exec(name)?.[1]
    const documentAside = lockAside.exec(name)?.[1]
    const known = document !== undefined || documentAside !== undefined || unfinishedSpool.test(name)
    if (!known || !isOurs(document ?? documentAside) || !isOlderThan(system, path, leftoverAge)) continue
    try {
      if (document !== undefined) rescued.push(...takeAway(system, join(folder, document)))
      else if (documentAside !== undefined) rescued.push(...deleteLockFolder(system, path, join(folder, documentAside)))
      else files.remove(path)
      removed += 1
    } catch {
      // Rights, or something in it that is not ours; it is out of everybody's way.
    }
  }
  return { removed, rescued }
}

function namesIn(files: Files, folder: string): string[] {
  try {
    return files.list(folder)
  } catch {
    return []
  }
}
