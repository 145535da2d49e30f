import type { CircuitState } from '../breaker/state.ts'
import { admit, isProbe, open, probeSucceeded } from '../breaker/transitions.ts'
import { type HookRecord, mostDurations } from './hook-state.ts'

/** What a run of a hook came to, and what may run; pure. The states change by the same transitions as all circuits. */

export interface HookLimits {
  /** Failures in a row that open the circuit; 3 by default. */
  readonly failure_threshold: number
  /** How long it stays open, seconds; 300 by default. */
  readonly cooldown_seconds: number
  /** Trials in a row that have to succeed before it closes; 2 by default. */
  readonly success_threshold: number
  /** A run takes no longer, seconds: a trial that has not reported back after it and a little more never will. */
  readonly timeout_seconds: number
}

/** One run that has ended. */
export interface HookRun {
  /** Who ran it: the holder of the trial, if it was one. */
  readonly id: string
  /** Why it failed, one line; absent where it did not. */
  readonly error?: string
  readonly durationMs?: number
}

export type HookAdmission =
  | { readonly kind: 'run'; readonly next: HookRecord }
  /** Down; `next` is the record as it is. */
  | { readonly kind: 'skip'; readonly seconds: number; readonly next: HookRecord }

/** Seconds beyond a hook's time-out that its trial may take to report. */
const reportSeconds = 10

/** Whether the hook may run now; the record claims the trial if this is one. */
export function admitHook(record: HookRecord, id: string, limits: HookLimits, now: number): HookAdmission {
  const admission = admit(circuitOf(record), id, now, {
    cooldownSeconds: limits.cooldown_seconds,
    probeTimeoutSeconds: limits.timeout_seconds + reportSeconds,
  })
  if (admission.kind === 'refuse') return { kind: 'skip', seconds: admission.seconds, next: record }
  return { kind: 'run', next: admission.kind === 'probe' ? withCircuit(record, admission.next) : record }
}

/** The record after a run. */
export function afterRun(record: HookRecord, run: HookRun, limits: HookLimits, now: number): HookRecord {
  const counted = {
    ...record,
    execution_count: record.execution_count + 1,
    ...(run.durationMs === undefined
      ? {}
      : { durations_ms: [...record.durations_ms, Math.round(run.durationMs)].slice(-mostDurations) }),
  }
  return run.error === undefined
    ? afterSuccess(counted, run, limits, now)
    : afterFailure(counted, run.error, run, limits, now)
}

function afterSuccess(record: HookRecord, { id }: HookRun, limits: HookLimits, now: number): HookRecord {
  const well = { ...record, last_success: new Date(now).toISOString() }
  const circuit = circuitOf(record)
  // A run that was let through before the circuit opened says nothing about the time after.
  if (circuit.state !== 'closed' && !isProbe(circuit, id)) return well
  const next = probeSucceeded(circuit, limits.success_threshold)
  return withCircuit(
    { ...well, consecutive_failures: 0, consecutive_successes: record.consecutive_successes + 1 },
    next,
  )
}

function afterFailure(record: HookRecord, error: string, { id }: HookRun, limits: HookLimits, now: number): HookRecord {
  const at = new Date(now).toISOString()
  const circuit = circuitOf(record)
  const failed = {
    ...record,
    failure_count: record.failure_count + 1,
    consecutive_failures: record.consecutive_failures + 1,
    first_failure: record.first_failure ?? at,
    last_failure: at,
    last_error: error,
  }
  // A run that was let through before the circuit opened is no answer to the trials since.
  if (circuit.state !== 'closed' && !isProbe(circuit, id)) return failed
  const broken = { ...failed, consecutive_successes: 0 }
  const opens = circuit.state !== 'closed' || failed.consecutive_failures >= limits.failure_threshold
  return opens ? withCircuit(broken, open(now, limits.cooldown_seconds)) : broken
}

/** The record as if nothing had ever failed; its totals stay. */
export const resetHook = (record: HookRecord): HookRecord =>
  withCircuit({ ...record, consecutive_failures: 0, consecutive_successes: 0, last_error: null }, { state: 'closed' })

/** Open for a trial at once, whatever is left of the cooldown; a closed circuit stays closed. */
export const halfOpenHook = (record: HookRecord): HookRecord =>
  record.state === 'closed'
    ? record
    : withCircuit({ ...record, consecutive_successes: 0 }, { state: 'half_open', successes: 0 })

function circuitOf({ state, disabled_at, retry_after, consecutive_successes, probe }: HookRecord): CircuitState {
  switch (state) {
    case 'closed':
      return { state }
    case 'open':
      // Without its times, by somebody's hand, it is tried at once.
      return { state, openedAt: disabled_at ?? '', retryAt: retry_after ?? '' }
    case 'half_open':
      return {
        state,
        successes: consecutive_successes,
        ...(probe === undefined ? {} : { probe: { id: probe.id, claimedAt: probe.claimed_at } }),
      }
    default:
      return state satisfies never
  }
}

function withCircuit({ probe: _over, ...record }: HookRecord, circuit: CircuitState): HookRecord {
  switch (circuit.state) {
    case 'open':
      return { ...record, state: 'open', disabled_at: circuit.openedAt, retry_after: circuit.retryAt }
    case 'half_open':
      return {
        ...record,
        state: 'half_open',
        consecutive_successes: circuit.successes,
        ...(circuit.probe === undefined
          ? {}
          : { probe: { id: circuit.probe.id, claimed_at: circuit.probe.claimedAt } }),
      }
    default:
      return { ...record, state: 'closed', disabled_at: null, retry_after: null }
  }
}
