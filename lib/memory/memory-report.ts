import type { ProjectPaths } from '../config/paths.ts'
import { mostEntries } from '../engine/memory.ts'
import { mostSpoolFiles } from '../store/spool.ts'
import { causeLine } from '../system/known-error.ts'
import { nodeStreams } from '../system/node-streams.ts'
import type { Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import { folderProblem } from './glance.ts'
import { sessionArchiveFolder, stateName } from './names.ts'
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
  /** Logs of other programs and our incident log. */
  readonly telemetry: readonly {
    /** Relative to the memory folder. */
    readonly file: string
    readonly bytes: number
    readonly lines: number
    readonly limitLines: number
    readonly limitBytes: number
    /** Since the first entry, or the last change where entries tell no time; one decimal. */
    readonly ageDays: number
    readonly limitDays: number
  }[]
  /**
   * `session_<id>_state.json` files of other tools that lie in the folder, live or not, against the number that may stay:
   * what a person has to do with, since these are the ones that get archived. Sessions that the circuit breakers watch are
   * `own.windows`.
   */
  readonly sessions: { readonly active: number; readonly limit: number }
  /** Packed logs. */
  readonly archives: { readonly count: number; readonly limit: number; readonly bytes: number }
  /** Archived sessions and entries that were cut from them. They have no limit of their own, only the folder's ceiling. */
  readonly sessionArchives: { readonly count: number; readonly bytes: number }
  /** What the circuit breakers keep themselves; these limits are fixed. */
  readonly own: {
    /** `circuit_breaker_state.json`. */
    readonly state: { readonly bytes: number; readonly limitBytes: number }
    /** One file per session; `mostEntries` is the number of calls and prompts in the longest of them. */
    readonly windows: {
      readonly count: number
      readonly bytes: number
      readonly mostEntries: number
      readonly limitEntries: number
    }
    /** Inputs that wait to be taken in. */
    readonly spool: { readonly count: number; readonly limit: number; readonly bytes: number }
  }
  /** What the next run would do, one line each; empty when nothing. */
  readonly next: readonly string[]
  /** Why the folder cannot be looked after; absent when all is well. */
  readonly problem?: string
}

interface LookOptions {
  readonly runningSession?: string | undefined
  readonly streams?: Streams
}

/**
 * Looks at the folder and changes nothing. A missing folder reports as an empty one.
 *
 * @param stateLimitBytes the cap of our state file, bytes.
 */
export async function memoryReport(
  system: System,
  paths: Pick<ProjectPaths, 'memory'>,
  limits: MemoryLimits,
  stateLimitBytes: number,
  options: LookOptions = {},
): Promise<MemoryReport> {
  const empty: MemoryReport = {
    totalBytes: 0,
    limitBytes: limits.total_max_mb * megabyte,
    telemetry: [],
    sessions: { active: 0, limit: limits.session_max_active },
    archives: { count: 0, limit: limits.archive_keep_count, bytes: 0 },
    sessionArchives: { count: 0, bytes: 0 },
    own: {
      state: { bytes: 0, limitBytes: stateLimitBytes },
      windows: { count: 0, bytes: 0, mostEntries: 0, limitEntries: mostEntries },
      spool: { count: 0, limit: mostSpoolFiles, bytes: 0 },
    },
    next: [],
  }
  const { facts, actions, problem } = await planCleanup(system, paths, limits, options)
  if (problem !== undefined) return { ...empty, problem }
  if (facts === undefined) return empty
  const now = system.clock()
  const [ofSessions, ofLogs] = split(facts.archives, ({ path }) => path.startsWith(`${sessionArchiveFolder}/`))
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
      limitDays: limits.telemetry_max_age_days,
    })),
    sessions: { ...empty.sessions, active: facts.sessions.length },
    archives: { ...empty.archives, count: ofLogs.length, bytes: bytesOf(ofLogs) },
    sessionArchives: { count: ofSessions.length, bytes: bytesOf(ofSessions) },
    own: {
      state: { ...empty.own.state, bytes: system.files.facts(`${paths.memory}/${stateName}`)?.size ?? 0 },
      windows: {
        ...empty.own.windows,
        count: facts.windows.length,
        bytes: bytesOf(facts.windows),
        mostEntries: Math.max(0, ...facts.windows.map(({ path }) => entriesIn(system, `${paths.memory}/${path}`))),
      },
      spool: { ...empty.own.spool, count: facts.spool.length, bytes: bytesOf(facts.spool) },
    },
    next: actions.map(describeAction),
  }
}

export interface CleanupPlan {
  /** Absent where the folder is missing or cannot be looked after. */
  readonly facts?: MemoryFacts
  /** What a run at this moment would do, in order. */
  readonly actions: readonly Action[]
  /** Why the folder cannot be looked after; absent when all is well. */
  readonly problem?: string
}

/** What a cleanup would find and do now; changes nothing. A missing folder needs no cleanup. */
export async function planCleanup(
  system: System,
  paths: Pick<ProjectPaths, 'memory'>,
  limits: MemoryLimits,
  { runningSession, streams = nodeStreams() }: LookOptions = {},
): Promise<CleanupPlan> {
  if (system.files.facts(paths.memory) === undefined) return { actions: [] }
  const problem = folderProblem(system, paths)
  if (problem !== undefined) return { actions: [], problem }
  try {
    const facts = await surveyMemory(system, streams, paths.memory, limits, { countAllLines: true })
    return { facts, actions: plan(facts, limits, { now: system.clock(), runningSession }) }
  } catch (error) {
    return { actions: [], problem: causeLine(error) }
  }
}

const bytesOf = (files: readonly { readonly size: number }[]): number => files.reduce((sum, { size }) => sum + size, 0)

const split = <T>(all: readonly T[], first: (one: T) => boolean): [T[], T[]] => [
  all.filter(first),
  all.filter((one) => !first(one)),
]

/** Calls and prompts in one of our windows; 0 for a file that is none. */
function entriesIn({ files }: System, path: string): number {
  try {
    const { entries } = JSON.parse(files.readText(path)) as { entries?: unknown }
    return Array.isArray(entries) ? entries.length : 0
  } catch {
    return 0
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
