import { join } from 'node:path'
import fastGlob from 'fast-glob'
import type { System } from '../system/system.ts'
import { type RecordedFiles, recordingsBelow, withAgents } from './recorded-files.ts'

/**
 * What a person named, as files: a file, a folder (everything below it that can hold sessions), or a glob. Files of
 * subagents (`<session>/subagents/agent-*.jsonl`) go with the file of their session.
 *
 * @returns `missing`: what matched nothing.
 */
export function findRecordings(
  system: System,
  named: readonly string[],
): { readonly recordings: RecordedFiles[]; readonly missing: string[] } {
  const found = new Set<string>()
  const missing: string[] = []
  for (const name of named) {
    const files = filesOf(system, name)
    if (files.length === 0) missing.push(name)
    for (const file of files) found.add(file)
  }
  return { recordings: withAgents([...found].sort()), missing }
}

function filesOf(system: System, name: string): string[] {
  const options = { cwd: system.workingFolder, absolute: true, onlyFiles: true, followSymbolicLinks: false, dot: true }
  const fromHome = name === '~' || name.startsWith('~/')
  const path = fromHome ? join(system.homeFolder, name.slice(1)) : join(resolveFrom(system, name))
  const kind = kindOf(system, path)
  if (kind === 'file') return [path]
  if (kind === 'folder') return recordingsBelow(system.files, path)
  return fastGlob.sync(fromHome ? fastGlob.escapePath(system.homeFolder) + name.slice(1) : name, options)
}

const resolveFrom = (system: System, name: string): string =>
  name.startsWith('/') ? name : join(system.workingFolder, name)

function kindOf({ files }: System, path: string): 'file' | 'folder' | undefined {
  try {
    const facts = files.facts(files.realPath(path))
    return facts?.kind === 'file' || facts?.kind === 'folder' ? facts.kind : undefined
  } catch {
    return undefined
  }
}
