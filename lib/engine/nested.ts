import { open } from '../breaker/transitions.ts'
import { tooDeep } from '../patterns/hook-recursion.ts'
import { type Circuit, circuitKey, noDenials } from './circuit.ts'
import { cooldownOf, type Draft, keep, modeOf, note } from './draft.ts'
import type { PromptEvent } from './event.ts'
import { mainAgent, progressOf } from './memory.ts'
import { nestedPrompt, warning } from './messages.ts'
import type { Refusal } from './request.ts'

const pattern = 'hook_recursion'

/**
 * A prompt is taken by a session that others have started, one from the other. Nested too deeply it is refused before a
 * model is asked, and a circuit keeps every tool of that session from running, should a prompt get through some other way.
 * Each prompt is measured anew: a session that a person resumes in a terminal of their own is not nested any more.
 */
export function refuseNested(draft: Draft, { nesting }: PromptEvent): Refusal | undefined {
  const mode = modeOf(draft.config, pattern)
  if (nesting === undefined || mode === 'off') return undefined
  const { session } = draft.memory
  const identity = { pattern, target: { kind: 'session' }, session } as const
  const there = draft.circuits.find((circuit) => circuitKey(circuit) === circuitKey(identity))
  const reason = tooDeep(nesting, draft.config.circuit_breakers[pattern])
  if (reason === undefined) {
    if (there !== undefined) {
      keep(draft, { ...there, status: { state: 'closed' } })
      note(draft, 'recovery', there, { agent: mainAgent, level: 0 })
    }
    return undefined
  }
  const { turn } = progressOf(draft.memory, mainAgent)
  const place = { agent: mainAgent, turn, count: nesting.depth, reason }
  const subject = 'nested session'
  if (mode !== 'block') {
    note(draft, mode === 'warn' ? 'warning' : 'observed', { ...identity, subject }, { ...place, action: mode })
    if (mode === 'warn') draft.context.push(warning(pattern, `This ${subject}`, reason))
    return undefined
  }
  const at = new Date(draft.now).toISOString()
  const circuit: Circuit = {
    ...identity,
    subject,
    status: open(draft.now, cooldownOf(draft.config, pattern, 1)),
    level: 1,
    trips: 1,
    lastTrip: { at, turn, reason },
    denials: there?.denials ?? noDenials,
  }
  keep(draft, circuit)
  note(draft, there === undefined ? 'trip' : 'denial', circuit, { ...place, action: 'block' })
  return { reason: nestedPrompt(circuit) }
}
