import { canonicalInput } from '../calls/canonical.ts'
import { hash } from '../calls/hash.ts'
import type { Incident } from '../engine/incident.ts'
import type { CircuitState } from './documents.ts'
import type { Project } from './project.ts'

/**
 * The seal of the state file: a hash of its circuits that every writer of ours puts beside them. It tells that somebody
 * else wrote the file; it keeps nobody from writing it, and who reads this can make one. A state without circuits and
 * without a seal is what install makes, and also what is left when the file was emptied or deleted: then the incident log
 * says whether circuits should be there. They are not put back from it: their session's windows still hold the calls that
 * made them trip, so the next failing call trips them again.
 */

/** The state with the seal of its circuits. */
export const sealed = (state: CircuitState): CircuitState => ({ ...state, seal: sealOf(state) })

const sealOf = ({ circuits }: CircuitState): string => hash(canonicalInput(circuits))

/** What incidents about it call the state. */
export const stateFile = 'circuit_breaker_state.json'

/** An incident for a state that was written by somebody else, or undefined. `state` is as it was read. */
export function brokenSeal(project: Project, state: CircuitState, session: string): Incident | undefined {
  if (state.seal === undefined || state.seal === sealOf(state)) return undefined
  return tampered(project, session, stateFile, 'was changed by something other than Breakerbox; what it says now holds')
}

/** An incident of something that was changed or taken away behind our back. */
export const tampered = ({ now }: Project, session: string, subject: string, reason: string): Incident => ({
  at: new Date(now).toISOString(),
  kind: 'tamper',
  session,
  subject,
  reason,
})

/** The one line for the person. */
export const tamperLine = ({ subject, reason }: Incident): string => `Breakerbox: ${subject} ${reason}.`
