import type { CircuitState } from '../../lib/breaker/state.ts'
import { type Admission, admit } from '../../lib/breaker/transitions.ts'

export const noon = Date.parse('2026-03-04T12:00:00.000Z')

/** Times that a broken clock may show, from `noon` on, seconds. */
export const jumps: readonly (readonly [what: string, seconds: number])[] = [
  ['ten seconds back', -10],
  ['an hour back', -3600],
  ['a year back', -365 * 86_400],
  ['back to 1970', -noon / 1000],
  ['before 1970', -noon / 1000 - 1],
  ['an hour ahead', 3600],
  ['a year ahead', 365 * 86_400],
  ['fifty years ahead', 50 * 365 * 86_400],
]

export const ask = (
  state: CircuitState,
  secondsLater: number,
  { id = 'x', cooldownSeconds = 30, probeTimeoutSeconds = 120, probeIsGone = false } = {},
): Admission => admit(state, id, noon + secondsLater * 1000, { cooldownSeconds, probeTimeoutSeconds, probeIsGone })
