import { isTopRung } from '../breaker/ladder.ts'
import { open, probeReleased, probeSucceeded } from '../breaker/transitions.ts'
import { isFailure } from '../calls/outcome.ts'
import type { CallEntry } from '../windows/entry.ts'
import { type Circuit, isLoop } from './circuit.ts'
import { cooldownOf, type Draft, keep, note } from './draft.ts'
import { topRung, tripped } from './messages.ts'
import type { Place } from './place.ts'

/**
 * What a probe's end means for its circuit.
 *
 * @param line first telling line of the probe's result.
 */
export function answerProbe(draft: Draft, circuit: Circuit, entry: CallEntry, line: string, place: Place): void {
  const verdict = probeVerdict(circuit, entry)
  if (verdict === 'later') return
  if (verdict === 'failure') reopen(draft, circuit, entry, line, place)
  else recover(draft, circuit, entry, place)
}

/** A probe has ended without an answer: the next call may be one. */
export function releaseProbe(draft: Draft, circuit: Circuit): void {
  const { probedIn: _probedIn, ...rest } = circuit
  keep(draft, { ...rest, status: probeReleased(circuit.status) })
}

function probeVerdict({ pattern, result }: Circuit, entry: CallEntry): 'success' | 'failure' | 'later' {
  if (pattern === 'tool_failure') return isFailure(entry.outcome) || entry.outcome === 'refused' ? 'failure' : 'success'
  // a limit only asks that fewer calls come
  if (!isLoop(pattern)) return 'success'
  if ((pattern === 'repeated_call' ? entry.result : entry.shape) === result) return 'failure'
  // only the batch brings the form that the circuit's result was saved in
  return entry.batched === true || isFailure(entry.outcome) ? 'success' : 'later'
}

function reopen(draft: Draft, circuit: Circuit, entry: CallEntry, line: string, place: Place): void {
  const level = circuit.level + 1
  const seconds = cooldownOf(draft.config, circuit.pattern, level)
  const { probedIn: _probedIn, ...rest } = circuit
  const reopened: Circuit = {
    ...rest,
    status: open(draft.now, seconds),
    level,
    trips: circuit.trips + 1,
    lastTrip: {
      at: new Date(draft.now).toISOString(),
      turn: place.turn,
      reason: isFailure(entry.outcome)
        ? `failed again when it was let through as a probe${line === '' ? '' : `: ${line}`}`
        : 'gave the same result again when it was let through as a probe',
    },
  }
  keep(draft, reopened)
  note(draft, 'reopen', reopened, {
    agent: place.agent,
    turn: place.turn,
    toolUseId: entry.id,
    level,
    cooldownSeconds: seconds,
    reason: reopened.lastTrip.reason,
    action: 'block',
  })
  draft.context.push(tripped(reopened, seconds, draft.now))
  const base = draft.config.circuit_breakers[circuit.pattern].cooldown_base_seconds
  if (isTopRung(level, base, draft.config.cooldown_ladder_seconds)) draft.person.push(topRung(reopened, seconds))
}

function recover(draft: Draft, circuit: Circuit, entry: CallEntry, place: Place): void {
  const status = probeSucceeded(circuit.status, 1)
  const { probedIn: _probedIn, ...rest } = circuit
  keep(draft, { ...rest, status })
  note(draft, 'recovery', circuit, { agent: place.agent, turn: place.turn, toolUseId: entry.id, level: 0 })
}
