import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of its own for one test, deleted afterwards; links in its path are resolved. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'breakerbox-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every path below a folder, relative to it, sorted. */
export function everything(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

/** Locks and unfinished files below a folder. */
export const leftoversIn = (folder: string): string[] =>
  everything(folder).filter((path) => /\.lock($|[./])|(^|\/)\.\d/.test(path))
