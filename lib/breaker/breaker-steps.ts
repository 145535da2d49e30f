import type { BreakerDocument } from './breaker-document.ts'
import type { CircuitState } from './state.ts'
import { admit, isProbe, open, probeSucceeded } from './transitions.ts'

/** Steps of a breaker that counts failures in a row; pure. */

export interface BreakerLimits {
  /** Failures in a row that open it. */
  readonly failMax: number
  /** How long it stays open, milliseconds. */
  readonly resetTimeoutMs: number
  /** Trials in a row that have to succeed before it closes. */
  readonly successThreshold: number
  /** A trial that has not ended after this time counts as lost, milliseconds. */
  readonly probeTimeoutMs: number
}

export type CallAdmission =
  | { readonly kind: 'pass'; readonly next: BreakerDocument }
  /** `seconds` until it is worth asking again, Infinity where only a reset helps. */
  | { readonly kind: 'refuse'; readonly seconds: number; readonly next: BreakerDocument }

/** May this call be made? A trial is claimed in `next`. */
export function admitCall(before: BreakerDocument, id: string, at: number, limits: BreakerLimits): CallAdmission {
  const admission = admit(before.circuit, id, at, {
    cooldownSeconds: limits.resetTimeoutMs / 1000,
    probeTimeoutSeconds: limits.probeTimeoutMs / 1000,
  })
  if (admission.kind === 'refuse') return { kind: 'refuse', seconds: admission.seconds, next: before }
  return { kind: 'pass', next: admission.kind === 'probe' ? withCircuit(before, admission.next) : before }
}

/** It succeeded. Only the trial's own end counts while the circuit is not closed. */
export function afterSuccess(
  before: BreakerDocument,
  id: string,
  { successThreshold }: BreakerLimits,
): BreakerDocument {
  if (before.circuit.state === 'closed') return before.failures === 0 ? before : { ...before, failures: 0 }
  if (!isProbe(before.circuit, id)) return before
  return withCircuit({ ...before, failures: 0 }, probeSucceeded(before.circuit, successThreshold))
}

/** It failed. */
export function afterFailure(before: BreakerDocument, id: string, at: number, limits: BreakerLimits): BreakerDocument {
  const opened = (): BreakerDocument => withCircuit({ ...before, failures: 0 }, open(at, limits.resetTimeoutMs / 1000))
  if (before.circuit.state !== 'closed') return isProbe(before.circuit, id) ? opened() : before
  const failures = before.failures + 1
  return failures < limits.failMax ? { ...before, failures } : opened()
}

/** Closed by hand, with no failures; results of calls that are under way are then ignored. */
export const afterReset = ({ why: _why, ...before }: BreakerDocument): BreakerDocument => ({
  ...before,
  circuit: { state: 'closed' },
  failures: 0,
  generation: before.generation + 1,
})

/** A change of state begins a new generation; a claim, and one success of several, belong to the one that is. */
function withCircuit(before: BreakerDocument, circuit: CircuitState): BreakerDocument {
  const changes = circuit.state !== before.circuit.state
  return { ...before, circuit, generation: before.generation + (changes ? 1 : 0) }
}
