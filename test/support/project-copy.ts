import { cpSync } from 'node:fs'
import { relative } from 'node:path'
import { root } from './built-hook.ts'

/** Copies this project to a folder that is not there yet, as a clone would: without what others or tools have put there. */
export function copyProject(to: string, without: readonly string[] = []): void {
  const strangers = new Set(['node_modules', '.git', '.cache', 'coverage', ...without])
  cpSync(root, to, { recursive: true, filter: (path) => !strangers.has(relative(root, path)) })
}
