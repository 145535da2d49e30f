import { dirname, join, relative } from 'node:path'
import type { Files, System } from '../system/system.ts'

/**
 * What is to be done, as data: `--dry-run` prints the list, `perform` does it, in this order. The order is chosen so that a
 * crash between any two steps leaves settings that name no missing hook, and so that running again completes.
 */
export type Step =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'write'
      readonly path: string
      readonly content: string | Uint8Array
      readonly mode: number
      /** Whether there is a file that it replaces. */
      readonly replaces: boolean
    }
  /**
   * A file together with the folders above it, which appear all at once: no crash leaves a folder of ours that nothing
   * says is ours. `folders` from the outermost, none of them there yet.
   */
  | {
      readonly kind: 'plant'
      readonly path: string
      readonly content: string
      readonly folders: readonly { readonly path: string; readonly mode: number }[]
    }
  | { readonly kind: 'keep'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** With everything in it; links in it are removed, not followed. */
  | { readonly kind: 'removeTree'; readonly path: string }
  | { readonly kind: 'removeEmptyFolder'; readonly path: string }

export type StepWord = 'create' | 'change' | 'keep' | 'remove'

/** One word for what a step does to its path. */
export function stepWord(step: Step): StepWord {
  switch (step.kind) {
    case 'folder':
    case 'plant':
      return 'create'
    case 'write':
      return step.replaces ? 'change' : 'create'
    case 'keep':
      return 'keep'
    case 'remove':
    case 'removeTree':
    case 'removeEmptyFolder':
      return 'remove'
    default:
      return step satisfies never
  }
}

/** Does the steps in order; returns those that took effect (a folder that is not empty stays). */
export function perform(system: Pick<System, 'files' | 'token'>, steps: readonly Step[]): Step[] {
  return steps.filter((step) => performOne(system, step))
}

function performOne(system: Pick<System, 'files' | 'token'>, step: Step): boolean {
  const { files } = system
  switch (step.kind) {
    case 'folder':
      files.makeFolders(dirname(step.path))
      plant(system, [step])
      return true
    case 'write':
      writeAtomically(system, step.path, step.content, step.mode)
      return true
    case 'plant':
      plant(system, step.folders, step)
      return true
    case 'keep':
      return false
    case 'remove':
      files.remove(step.path)
      return true
    case 'removeTree':
      removeTree(files, step.path)
      return true
    case 'removeEmptyFolder':
      return removeEmptyFolder(files, step.path)
    default:
      return step satisfies never
  }
}

/** Names that `temporaryName` gives. */
function isTemporary(name: string): boolean {
  return /\.[0-9a-f]{8}\.breakerbox$/.test(name)
}

function temporaryName(path: string, token: () => string): string {
  return `${path}.${token()}.breakerbox`
}

/** Readers see the old file or the new one, never a part; a crash leaves at most a temporary file (`leftovers`). */
function writeAtomically(
  { files, token }: Pick<System, 'files' | 'token'>,
  path: string,
  content: string | Uint8Array,
  mode: number,
): void {
  const temporary = temporaryName(path, token)
  try {
    files.create(temporary, content, { durable: true })
    files.setMode(temporary, mode)
    files.rename(temporary, path)
  } catch (error) {
    try {
      files.remove(temporary)
    } catch {
      // The first error tells more; the next run clears the leftover.
    }
    throw error
  }
}

/** Makes folders, from the outermost, and a file in them under a temporary name, and renames that into place. */
function plant(
  { files, token }: Pick<System, 'files' | 'token'>,
  folders: readonly { readonly path: string; readonly mode: number }[],
  file?: { readonly path: string; readonly content: string },
): void {
  const outermost = folders[0]?.path
  if (outermost === undefined) return
  const temporary = temporaryName(outermost, token)
  const beside = (path: string) => join(temporary, relative(outermost, path))
  try {
    for (const { path, mode } of folders) {
      files.makeFolder(beside(path))
      files.setMode(beside(path), mode)
    }
    if (file !== undefined) files.create(beside(file.path), file.content, { durable: true })
    files.rename(temporary, outermost)
  } catch (error) {
    try {
      removeTree(files, temporary)
    } catch {
      // As above.
    }
    throw error
  }
}

/** Steps that remove what a crash between writing and renaming left in `folders`. */
export function leftovers(files: Files, folders: readonly string[]): Step[] {
  return [...new Set(folders)].flatMap((folder) => {
    const names = files.facts(folder)?.kind === 'folder' ? files.list(folder) : []
    return names.filter(isTemporary).map((name): Step => ({ kind: 'removeTree', path: join(folder, name) }))
  })
}

/** Names in a folder, leftovers aside; none where there is no folder or a link stands in its place. */
export function namesIn(files: Files, folder: string): string[] {
  return files.facts(folder)?.kind === 'folder' ? files.list(folder).filter((name) => !isTemporary(name)) : []
}

function removeTree(files: Files, path: string): void {
  const facts = files.facts(path)
  if (facts === undefined) return
  if (facts.kind !== 'folder') {
    files.remove(path)
    return
  }
  for (const name of files.list(path)) removeTree(files, join(path, name))
  files.removeFolder(path)
}

function removeEmptyFolder(files: Files, path: string): boolean {
  if (files.facts(path)?.kind !== 'folder' || files.list(path).length > 0) return false
  files.removeFolder(path)
  return true
}
