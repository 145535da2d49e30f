import { hookKey } from '../guard/hook-key.ts'
import type { HookRecord, HookStatistics } from '../guard/hook-state.ts'
import type { HookHealth } from '../guard/hook-states.ts'
import { grouped } from './grouped.ts'
import type { RecordedRun } from './hook-runs.ts'
import type { TranscriptRuns } from './hook-transcripts.ts'

/** What `hook-health --json` prints. Names and units are promised; fields may be added. */
export interface HookReport {
  /** Of this report's form. */
  readonly version: 1
  /** No guarded hook is down. */
  readonly healthy: boolean
  /** Those that are down first, then by failures. */
  readonly guarded: readonly GuardedReport[]
  /** Hooks that the client ran without a guard, those that timed out or failed most often first. */
  readonly unguarded: readonly UnguardedReport[]
  readonly statistics: HookStatistics
  /** What of the client's transcripts `unguarded` is made of. */
  readonly transcripts: Omit<TranscriptRuns, 'runs'> & { readonly days: number }
  /** Wrong values in the user's config, one line each; absent when there are none. */
  readonly configProblems?: readonly string[]
}

/** Run times; null where no run is known with its time. */
interface RunTimes {
  readonly medianMs: number | null
  readonly p95Ms: number | null
}

export interface GuardedReport extends RunTimes {
  readonly command: string
  readonly state: HookRecord['state']
  readonly class: HookRecord['class']
  /** Runs and failures ever. */
  readonly runs: number
  readonly failures: number
  readonly consecutiveFailures: number
  readonly lastError: string | null
  /** ISO 8601 UTC, as all times. */
  readonly lastFailure: string | null
  readonly downSince: string | null
  /** Null while closed. */
  readonly retryAt: string | null
  /** Seconds until it is tried again; 0: at its next run. Null while closed. */
  readonly retrySeconds: number | null
}

export interface UnguardedReport extends RunTimes {
  readonly command: string
  /** Runs that the client recorded; a run that succeeded without a word is in no transcript. */
  readonly runs: number
  readonly failed: number
  readonly timedOut: number
  readonly refused: number
  /** The run that took longest; null where no run is known with its time. */
  readonly slowest: { readonly ms: number; readonly hook: string; readonly at: string | null } | null
}

export interface HookFacts {
  readonly health: HookHealth
  readonly transcripts: TranscriptRuns
  readonly days: number
  /** Whether a command needs no place among the unguarded: it runs the guard, or is one of our own. */
  readonly isKnown: (command: string) => boolean
  readonly configProblems: readonly string[]
}

/** The report; pure, so that it can change nothing. */
export function hookReport({ health, transcripts, days, isKnown, configProblems }: HookFacts, now: number): HookReport {
  const { runs, ...read } = transcripts
  return {
    version: 1,
    healthy: health.healthy,
    guarded: Object.entries(health.hooks)
      .map(([command, record]) => guardedReport(command, record, now))
      .sort((a, b) => Number(b.state !== 'closed') - Number(a.state !== 'closed') || b.failures - a.failures),
    unguarded: [
      ...grouped(
        runs.filter(({ command }) => !isKnown(command)),
        ({ command }) => hookKey(command),
      ),
    ]
      .map(([command, all]) => unguardedReport(command, all))
      .sort((a, b) => b.timedOut + b.failed - a.timedOut - a.failed || (b.p95Ms ?? 0) - (a.p95Ms ?? 0)),
    statistics: health.global_stats,
    transcripts: { days, ...read },
    ...(configProblems.length === 0 ? {} : { configProblems }),
  }
}

function guardedReport(command: string, record: HookRecord, now: number): GuardedReport {
  const left = (Date.parse(record.retry_after ?? '') - now) / 1000
  return {
    command,
    state: record.state,
    class: record.class,
    runs: record.execution_count,
    failures: record.failure_count,
    consecutiveFailures: record.consecutive_failures,
    lastError: record.last_error,
    lastFailure: record.last_failure,
    downSince: record.disabled_at,
    retryAt: record.retry_after,
    retrySeconds: record.state === 'closed' ? null : record.state === 'open' && left > 0 ? Math.ceil(left) : 0,
    ...runTimes(record.durations_ms),
  }
}

function unguardedReport(command: string, runs: readonly RecordedRun[]): UnguardedReport {
  const count = (outcome: RecordedRun['outcome']): number => runs.filter((run) => run.outcome === outcome).length
  const timed = runs.flatMap(({ durationMs, hook, at }) =>
    durationMs === undefined ? [] : [{ ms: durationMs, hook, at }],
  )
  const slowest = timed.reduce<(typeof timed)[number] | undefined>(
    (most, each) => (most === undefined || each.ms > most.ms ? each : most),
    undefined,
  )
  return {
    command,
    runs: runs.length,
    failed: count('failed'),
    timedOut: count('timed out'),
    refused: count('refused'),
    slowest:
      slowest === undefined
        ? null
        : { ...slowest, at: slowest.at === undefined ? null : new Date(slowest.at).toISOString() },
    ...runTimes(timed.map(({ ms }) => ms)),
  }
}

const runTimes = (times: readonly number[]): RunTimes => ({
  medianMs: quantile(times, 0.5),
  p95Ms: quantile(times, 0.95),
})

/** The smallest value that at least this share of all values does not exceed (nearest rank); null for none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}
