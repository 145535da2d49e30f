import { type Circuit, noDenials } from './circuit.ts'
import { type Draft, keep, note } from './draft.ts'
import type { Place } from './place.ts'

/**
 * Somebody changed something: what looped may behave differently now, so its cooldown ends early and the next call is let
 * through as a probe. Refusals are counted anew.
 *
 * @param circuit of a loop in the session in which the change was made.
 */
export function ease(draft: Draft, circuit: Circuit, place: Place): void {
  const eased = circuit.status.state === 'open' && circuit.pattern !== 'busy_polling'
  const status = eased ? ({ state: 'half_open', successes: 0 } as const) : circuit.status
  if (!eased && circuit.denials.count === 0) return
  keep(draft, { ...circuit, status, denials: { ...noDenials, ids: circuit.denials.ids } })
  if (eased) note(draft, 'eased', circuit, { agent: place.agent, turn: place.turn, level: circuit.level })
}
