import type { ProjectPaths } from '../config/paths.ts'
import { causeLine } from '../system/known-error.ts'
import { openSource } from '../system/open-source.ts'
import type { Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import { type Action, type MemoryFacts, type MemoryLimits, megabyte, plan } from './plan.ts'
import type { JanitorReport } from './report.ts'
import { clearDeadLock, longestRun } from './run-lock.ts'
import { type LookStreams, surveyMemory } from './survey.ts'

export interface JanitorOptions {
  /** The id of the session that is running; its files are never touched. */
  readonly runningSession: string | undefined
  /** The name of its window file without `.json`, where that is not the id itself (`sessionFileName`). */
  readonly runningWindow?: string
  /** Milliseconds after which the run stops between two steps and leaves the rest to the next one. Default 2000. */
  readonly budgetMilliseconds?: number
  /** Default: the system's own; a look at the folder reads only. */
  readonly streams?: Streams
  /** Clears away what other rooms left behind, such as locks of dead writers; called in each run. */
  readonly sweepLeftovers?: (system: System, root: string) => unknown
}

export const defaultBudgetMilliseconds = 2000

/**
 * For the first look. Whether somebody still writes to what an earlier run has set aside is left to the run that would go on with
 * it, which looks again.
 */
const reading: LookStreams = { openSource, openForWriting: async () => new Set() }

/** The memory folder, and the limits that it is held to. */
export interface Round {
  /** False when the time is used up. */
  readonly goOn: () => boolean
  /** Milliseconds. */
  readonly budget: number
  /** A report of a run that did nothing. */
  readonly nothing: Omit<JanitorReport, 'kind'>
  /** Throws what the disk says. */
  look(): Promise<MemoryFacts>
  /** What is due. */
  plannedFor(facts: MemoryFacts): readonly Action[]
}

export function openRound(
  system: System,
  { memory: root }: Pick<ProjectPaths, 'memory'>,
  limits: MemoryLimits,
  options: JanitorOptions,
): Round {
  const { runningSession, runningWindow, streams = reading } = options
  const budget = Math.min(options.budgetMilliseconds ?? defaultBudgetMilliseconds, longestRun)
  const deadline = system.clock() + budget
  const goOn = () => system.clock() < deadline
  return {
    goOn,
    budget,
    nothing: {
      records: [],
      unfinished: false,
      bytesBefore: 0,
      bytesAfter: 0,
      limitBytes: limits.total_max_mb * megabyte,
    },
    look: () => surveyMemory(system, streams, root, limits, { goOn }),
    plannedFor: (facts) => plan(facts, limits, { now: system.clock(), runningSession, runningWindow }),
  }
}

/** What a look came to: a run that is over with that, or what the folder holds where something is due. */
export type Glance = { readonly over: JanitorReport } | { readonly due: MemoryFacts }

/**
 * Looks at the memory folder and changes none of its files. Most session starts find nothing due, and load nothing that could
 * do it. Never throws.
 */
export async function glance(
  system: System,
  paths: Pick<ProjectPaths, 'memory'>,
  limits: MemoryLimits,
  options: JanitorOptions,
): Promise<Glance> {
  const { nothing, look, plannedFor } = openRound(system, paths, limits, options)
  const problem = folderProblem(system, paths)
  if (problem !== undefined) return { over: { kind: 'unusable', problem, ...nothing } }
  try {
    await sweep(system, paths.memory, options)
    const facts = await look()
    if (plannedFor(facts).length > 0) return { due: facts }
    clearDeadLock(system, paths.memory)
    return { over: { ...nothing, kind: 'clean', bytesBefore: facts.totalBytes, bytesAfter: facts.totalBytes } }
  } catch (error) {
    return { over: { kind: 'unusable', problem: causeLine(error), ...nothing } }
  }
}

/** What others could not clear away is no reason to leave the rest. */
async function sweep(system: System, root: string, { sweepLeftovers }: JanitorOptions): Promise<void> {
  try {
    await sweepLeftovers?.(system, root)
  } catch {
    // It is tried again by the next run.
  }
}

/**
 * Why nothing may be touched, or undefined. A memory folder that is a link may have come with a cloned repository and lead
 * anywhere; links above it are the person's own business, as in the store.
 */
export function folderProblem({ files }: System, { memory }: Pick<ProjectPaths, 'memory'>): string | undefined {
  try {
    const kind = files.facts(memory)?.kind
    if (kind === undefined) return `${memory} does not exist`
    if (kind !== 'folder') return `${memory} is a ${kind}, not a folder`
    return undefined
  } catch (error) {
    return causeLine(error)
  }
}
