import { join } from 'node:path'
import { type RecordedFiles, recordingsBelow, withAgents } from '../replay/recorded-files.ts'
import { readLines } from '../system/lines.ts'
import type { System } from '../system/system.ts'
import { HookRunReader, mayTellOfHook, type RecordedRun } from './hook-runs.ts'

/** How far back and how much is read at most; the newest files first. */
export const mostFiles = 200
export const mostBytes = 200_000_000

/** Bytes at a transcript's beginning that are looked through for the folder of its session. */
const headBytes = 256 * 1024

export interface TranscriptRuns {
  readonly runs: readonly RecordedRun[]
  /** Transcripts that were read. */
  readonly files: number
  readonly bytes: number
  /** Transcripts young enough that were not read, because the bounds were reached. */
  readonly leftOut: number
  /** Lines about hooks that are no JSON, and files that could not be read to their end. */
  readonly damaged: number
}

export interface TranscriptChoice {
  /** Runs before it do not count, milliseconds since 1970. */
  readonly since: number
  /** Absolute path: only sessions that were started there or below; absent for all. */
  readonly project?: string
}

/** What the client recorded of hooks in its transcripts, `~/.claude/projects`. Nothing there is no error. */
export async function readHookRuns(system: System, choice: TranscriptChoice): Promise<TranscriptRuns> {
  const root = join(system.homeFolder, '.claude', 'projects')
  const young = withAgents(recordingsBelow(system.files, root))
    .filter((recording) => isAbout(system, recording, choice.project))
    .flatMap(({ main, agents }) => [main, ...agents])
    .map((path) => ({ path, facts: system.files.facts(path) }))
    .flatMap(({ path, facts }) => (facts === undefined || facts.modifiedAt < choice.since ? [] : [{ path, ...facts }]))
    .sort((a, b) => b.modifiedAt - a.modifiedAt)
  const runs: RecordedRun[] = []
  let [files, bytes, damaged] = [0, 0, 0]
  for (const { path, size } of young) {
    if (files === mostFiles || bytes + size > mostBytes) break
    files += 1
    bytes += size
    damaged += await readFile(path, (run) => {
      if (run.at === undefined || run.at >= choice.since) runs.push(run)
    })
  }
  return { runs, files, bytes, leftOut: young.length - files, damaged }
}

/** @returns how much of it could not be read. */
async function readFile(path: string, onRun: (run: RecordedRun) => void): Promise<number> {
  const reader = new HookRunReader()
  let damaged = 0
  try {
    for await (const line of readLines(path)) {
      if (line === undefined || !mayTellOfHook(line)) continue
      try {
        for (const run of reader.take(JSON.parse(line))) onRun(run)
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        damaged += 1
      }
    }
  } catch {
    // It went away meanwhile, or its archive is damaged: what was read of it counts.
    damaged += 1
  }
  return damaged
}

/** Whether a session was started in the project: the first folder that its transcript names is there. */
function isAbout({ files }: System, { main }: RecordedFiles, project: string | undefined): boolean {
  if (project === undefined) return true
  try {
    const spelled = /"cwd":("(?:[^"\\]|\\.)*")/.exec(files.readHead(main, headBytes).toString('utf8'))?.[1]
    const folder = spelled === undefined ? undefined : String(JSON.parse(spelled))
    return folder === project || (folder?.startsWith(join(project, '/')) ?? false)
  } catch {
    return false
  }
}
