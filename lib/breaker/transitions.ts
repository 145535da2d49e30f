import { sameMoment } from '../windows/same-moment.ts'
import type { CircuitState, Probe } from './state.ts'

/**
 * Transitions of a circuit, each a pure function of state and time. Nothing here changes by being read: whether a
 * cooldown is over is computed from the saved times, and the state is changed only by a trip, a claim or a result.
 */

const iso = (at: number): string => new Date(at).toISOString()

/** OPEN from `now` for `cooldownSeconds`. */
export function open(now: number, cooldownSeconds: number): CircuitState {
  return { state: 'open', openedAt: iso(now), retryAt: iso(now + cooldownSeconds * 1000) }
}

/**
 * Seconds that an open circuit still refuses, 0 when its cooldown is over. Never more than `cooldownSeconds`, whatever the
 * clock did since: an `openedAt` in the future comes from a clock that jumped back, and the cooldown counts as over.
 */
export function remainingSeconds(state: CircuitState, now: number, cooldownSeconds: number): number {
  if (state.state !== 'open') return 0
  const age = (now - Date.parse(state.openedAt)) / 1000
  const left = (Date.parse(state.retryAt) - now) / 1000
  if (!(age >= -sameMoment) || Number.isNaN(left)) return 0
  return Math.max(0, Math.min(left, cooldownSeconds - Math.max(0, age)))
}

/** Why a call may pass, or may not. */
export type Admission =
  | { readonly kind: 'pass' }
  | { readonly kind: 'probe'; readonly next: CircuitState }
  | { readonly kind: 'refuse'; readonly seconds: number; readonly because: 'open' | 'probing' | 'forced_open' }

/**
 * Whether a call may pass a circuit now, and if it does so as the probe, the state that claims it.
 *
 * @param id `tool_use_id`: the holder of a claim passes again.
 * @param timing `probeTimeoutSeconds`: a probe that has not reported back after this time has expired;
 *   `probeIsGone`: the caller knows that it will never report back.
 */
export function admit(
  state: CircuitState,
  id: string,
  now: number,
  timing: { readonly cooldownSeconds: number; readonly probeTimeoutSeconds: number; readonly probeIsGone?: boolean },
): Admission {
  switch (state.state) {
    case 'closed':
    case 'disabled':
      return { kind: 'pass' }
    case 'forced_open':
      return { kind: 'refuse', seconds: Number.POSITIVE_INFINITY, because: 'forced_open' }
    case 'open': {
      const seconds = remainingSeconds(state, now, timing.cooldownSeconds)
      if (seconds > 0) return { kind: 'refuse', seconds, because: 'open' }
      return { kind: 'probe', next: claim(0, { id, claimedAt: iso(now) }) }
    }
    case 'half_open': {
      const { probe, successes } = state
      if (probe?.id === id) return { kind: 'pass' }
      if (probe !== undefined && timing.probeIsGone !== true) {
        const seconds = probeSeconds(probe, now, timing.probeTimeoutSeconds)
        if (seconds > 0) return { kind: 'refuse', seconds, because: 'probing' }
      }
      return { kind: 'probe', next: claim(successes, { id, claimedAt: iso(now) }) }
    }
    default:
      return state satisfies never
  }
}

const claim = (successes: number, probe: Probe): CircuitState => ({ state: 'half_open', successes, probe })

/** Seconds until a claim expires; 0 when it has, also when it lies in the future. */
function probeSeconds(probe: Probe, now: number, timeoutSeconds: number): number {
  const age = (now - Date.parse(probe.claimedAt)) / 1000
  return age >= -sameMoment && age < timeoutSeconds ? Math.min(timeoutSeconds, timeoutSeconds - age) : 0
}

/** Whether `id` holds the probe of this circuit. */
export const isProbe = (state: CircuitState, id: string): boolean =>
  state.state === 'half_open' && state.probe?.id === id

/** A probe succeeded: closed once `threshold` of them did, else half-open for the next one. */
export function probeSucceeded(state: CircuitState, threshold: number): CircuitState {
  if (state.state !== 'half_open') return state
  const successes = state.successes + 1
  return successes >= threshold ? { state: 'closed' } : { state: 'half_open', successes }
}

/** A probe ended without an answer (cancelled, refused by somebody else): the next call may probe. */
export function probeReleased(state: CircuitState): CircuitState {
  return state.state === 'half_open' ? { state: 'half_open', successes: state.successes } : state
}
