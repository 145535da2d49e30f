import { type Circuit, circuitKey, noDenials } from './circuit.ts'
import { type Draft, keep, note } from './draft.ts'
import { mainAgent } from './memory.ts'
import { halted, haltedForPerson } from './messages.ts'

/**
 * Ends a run that goes on asking for what is refused. In a subagent only the subagent ends: its circuit moves to the whole
 * session, so that the parent, or a second subagent, does not start the same loop again, and the parent is told when its
 * `Agent` call settles.
 *
 * @returns why, for the transcript.
 */
export function haltRun(
  draft: Draft,
  circuit: Circuit,
  agent: string,
  turn: number,
  { tell }: { tell: boolean },
): string {
  const { count } = circuit.denials
  const why = halted(circuit, count)
  if (!tell) return why
  note(draft, 'halt', circuit, { agent, turn, count, reason: circuit.lastTrip.reason, action: 'halt' })
  draft.person.push(haltedForPerson(circuit, count))
  if (agent !== mainAgent) {
    const key = circuitKey(circuit)
    draft.circuits = draft.circuits.filter((other) => circuitKey(other) !== key)
    const { agent: _agent, probedIn: _probedIn, ...rest } = circuit
    keep(draft, { ...rest, denials: { ...noDenials, ids: circuit.denials.ids } })
    const others = draft.memory.halted.filter((known) => known.agent !== agent)
    const halt = { agent, subject: circuit.subject, reason: circuit.lastTrip.reason }
    draft.memory = {
      ...draft.memory,
      halted: [...others, halt].slice(-20),
      running: draft.memory.running.filter((running) => running !== agent),
    }
  }
  return why
}
