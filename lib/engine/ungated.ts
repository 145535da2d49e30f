import type { CallEntry } from '../windows/entry.ts'
import type { Circuit } from './circuit.ts'
import { type Draft, keep, modeOf } from './draft.ts'
import { haltRun } from './halt.ts'
import { repeatsThatNoGateSees } from './messages.ts'
import type { Place } from './place.ts'
import { isQuiet } from './quiet.ts'

/**
 * A call that was rejected before it ran never reaches the gate: each further one, at most one per turn, counts like a
 * refusal, is answered to the model, and in the end stops the run before the next request.
 */
export function countUngated(draft: Draft, entry: CallEntry, place: Place): void {
  const circuit = draft.circuits.find(
    (c) =>
      c.ungated === true &&
      c.session === draft.memory.session &&
      (c.agent === undefined || c.agent === place.agent) &&
      'key' in c.target &&
      (c.target.key === entry.operationKey || c.target.key === entry.fingerprint),
  )
  if (circuit === undefined || modeOf(draft.config, circuit.pattern) !== 'block' || isQuiet(draft, place)) return
  const at = `${place.agent} ${place.turn}`
  if (circuit.denials.last === at) return
  const counted: Circuit = { ...circuit, denials: { ...circuit.denials, count: circuit.denials.count + 1, last: at } }
  keep(draft, counted)
  const most = draft.config.halt_after_denials
  if (most > 0 && counted.denials.count >= most) {
    draft.stop = haltRun(draft, counted, place.agent, place.turn, { tell: true })
  } else draft.context.push(repeatsThatNoGateSees(counted))
}
