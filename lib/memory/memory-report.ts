import type { ProjectPaths } from '../config/paths.ts'
import { causeLine } from '../system/known-error.ts'
import { nodeStreams } from '../system/node-streams.ts'
import type { Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import { folderProblem } from './janitor.ts'
import { archiveFolder } from './names.ts'
import {
  type Action,
  ageInDays,
  describeBytes,
  kilobyte,
  type MemoryFacts,
  type MemoryLimits,
  megabyte,
  plan,
} from './plan.ts'
import { surveyMemory } from './survey.ts'

/** A memory folder against its limits, for `circuit-status --memory` and its `--json`. */
export interface MemoryReport {
  /** Bytes of everything in the folder, other programs' files included. */
  readonly totalBytes: number
  readonly limitBytes: number
  readonly telemetry: readonly {
    /** Relative to the memory folder. */
    readonly file: string
    readonly bytes: number
    readonly lines: number
    readonly limitLines: number
    readonly limitBytes: number
    /** Since the first entry, or the last change where entries tell no time; one decimal. */
    readonly ageDays: number
  }[]
  readonly sessions: { readonly active: number; readonly limit: number }
  /** Packed logs; archives of sessions are bounded by the ceiling only. */
  readonly archives: { readonly count: number; readonly limit: number }
  /** What the next run would do, one line each; empty when nothing. */
  readonly next: readonly string[]
  /** Why the folder cannot be looked after; absent when all is well. */
  readonly problem?: string
}

/** Looks at the folder and changes nothing. A missing folder reports as an empty one. */
export async function memoryReport(
  system: System,
  paths: Pick<ProjectPaths, 'memory'>,
  limits: MemoryLimits,
  options: { readonly runningSession?: string; readonly streams?: Streams } = {},
): Promise<MemoryReport> {
  const limitBytes = limits.total_max_mb * megabyte
  const empty: MemoryReport = {
    totalBytes: 0,
    limitBytes,
    telemetry: [],
    sessions: { active: 0, limit: limits.session_max_active },
    archives: { count: 0, limit: limits.archive_keep_count },
    next: [],
  }
  if (system.files.facts(paths.memory) === undefined) return empty
  const problem = folderProblem(system, paths)
  if (problem !== undefined) return { ...empty, problem }
  const streams = options.streams ?? nodeStreams()
  let facts: MemoryFacts
  try {
    facts = await surveyMemory(system, streams, paths.memory, limits, { countAllLines: true })
  } catch (error) {
    return { ...empty, problem: causeLine(error) }
  }
  const now = system.clock()
  return {
    ...empty,
    totalBytes: facts.totalBytes,
    telemetry: facts.logs.map((log) => ({
      file: log.path,
      bytes: log.size,
      lines: log.lines ?? 0,
      limitLines: limits.telemetry_max_lines,
      limitBytes: limits.telemetry_max_kb * kilobyte,
      ageDays: Math.max(0, Math.round(ageInDays(log, now) * 10) / 10),
    })),
    sessions: { active: facts.sessions.length, limit: limits.session_max_active },
    archives: {
      count: facts.archives.filter(({ path }) => path.startsWith(`${archiveFolder}/`)).length,
      limit: limits.archive_keep_count,
    },
    next: plan(facts, limits, { now, runningSession: options.runningSession }).map(describeAction),
  }
}

const verbs: Record<Action['kind'], string> = {
  finish: 'finish packing',
  rotate: 'rotate',
  'archive-session': 'archive session',
  'archive-damaged': 'archive damaged file',
  truncate: 'shorten',
  'prune-archive': 'remove archive',
  'remove-window': 'remove window',
  sweep: 'remove leftover',
}

/** `rotate a_telemetry.jsonl (64 kB): more than 1000 lines` */
export const describeAction = (action: Action): string =>
  `${verbs[action.kind]} ${action.path} (${describeBytes(action.bytes)}): ${action.reason}`
