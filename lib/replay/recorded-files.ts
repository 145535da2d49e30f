import { basename, dirname, join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { Files } from '../system/system.ts'

/** Files that hold one or more recorded sessions. */
export interface RecordedFiles {
  /** Which reader they need; `auto` is decided by the first line. */
  readonly main: string
  /** Files of the session's subagents. */
  readonly agents: readonly string[]
}

/** Everything below a folder that can hold sessions; links in it are not followed, and a folder that is not there is empty. */
export function recordingsBelow(files: Files, folder: string): string[] {
  return namesIn(files, folder).flatMap((name) => {
    const path = join(folder, name)
    const kind = files.facts(path)?.kind
    if (kind === 'folder') return recordingsBelow(files, path)
    return kind === 'file' && /\.jsonl(?:\.gz)?$/.test(name) ? [path] : []
  })
}

function namesIn(files: Files, folder: string): readonly string[] {
  try {
    return files.list(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Each main file with the files of its subagents; a subagent's file whose session is not there stands alone. */
export function withAgents(files: readonly string[]): RecordedFiles[] {
  const mains = new Set(files.filter((file) => !isAgentFile(file)))
  const agents = new Map<string, string[]>()
  for (const file of files.filter(isAgentFile)) {
    const main = `${dirname(dirname(file))}.jsonl`
    const owner = mains.has(main) ? main : file
    agents.set(owner, [...(agents.get(owner) ?? []), file])
  }
  const alone = [...agents.keys()].filter((file) => !mains.has(file))
  return [
    ...[...mains].map((main) => ({ main, agents: agents.get(main) ?? [] })),
    ...alone.map((main) => ({ main, agents: [] })),
  ]
}

const isAgentFile = (file: string): boolean =>
  basename(dirname(file)) === 'subagents' && basename(file).startsWith('agent-')
