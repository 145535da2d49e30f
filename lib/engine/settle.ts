import { isProbe } from '../breaker/transitions.ts'
import { isSpawn } from '../calls/call.ts'
import { hash } from '../calls/hash.ts'
import { isFailure, type Outcome } from '../calls/outcome.ts'
import { withoutVolatile } from '../calls/result.ts'
import type { PatternName } from '../patterns/finding.ts'
import { type CallPattern, callPatterns, comparing, detect } from '../patterns/patterns.ts'
import { type CallEntry, isEdit } from '../windows/entry.ts'
import { type Circuit, isLoop } from './circuit.ts'
import { type Draft, modeOf } from './draft.ts'
import type { Settlement } from './event.ts'
import { entryOf, withChanged, withEntry } from './memory.ts'
import { outsideWeight } from './outside.ts'
import type { Place } from './place.ts'
import type { Reactions } from './reactions.ts'

/** Patterns that have counted the call before it ran. */
const countedBefore: ReadonlySet<PatternName> = new Set(['agent_spawn', 'external_api'])

/**
 * A call settled. It is entered once, whatever number of events tell of it; a failure keeps the error that the failure
 * event brought, everything else takes the batch's text. Then probes are answered, progress eases circuits, and the
 * patterns are asked.
 *
 * @param react gives what knows how to answer whatever is met here; not called where nothing is.
 */
export function settle(draft: Draft, settlement: Settlement, place: Place, react: () => Reactions): void {
  const { call, agentId } = settlement
  const halt = isSpawn(call.tool) ? draft.memory.halted.find(({ agent }) => agent === agentId) : undefined
  if (halt !== undefined) react().tellParent(draft, halt)
  if (draft.circuits.some((circuit) => circuit.denials.ids.includes(call.id))) return
  const known = entryOf(draft.memory, call.id)
  const isNew = known === undefined || known.outcome === 'pending'
  if (!isNew && (!place.batched || known.batched === true)) return
  const entry = isNew ? newEntry(draft, settlement, place, known) : withBatch(known, settlement)
  draft.memory = isNew ? withEntry(draft.memory, entry, known) : withChanged(draft.memory, entry, known)
  const probed = draft.circuits.filter((circuit) => isProbe(circuit.status, call.id))
  if (entry.outcome === 'denied' || entry.outcome === 'cancelled') {
    for (const circuit of probed) react().releaseProbe(draft, circuit)
    return
  }
  for (const circuit of probed) react().answerProbe(draft, circuit, entry, settlement.line, place)
  if (isNew && isEdit(entry)) for (const circuit of loopsOf(draft)) react().ease(draft, circuit, place)
  const changed = !isNew && entry.result !== known.result
  const patterns = isNew
    ? callPatterns.filter((name) => known === undefined || !countedBefore.has(name))
    : changed
      ? comparing
      : []
  // one call, one message: what the first loop pattern has said need not be said again in other words
  for (const pattern of patterns) if (look(draft, pattern, entry, settlement, place, react) && isLoop(pattern)) break
  const isUngated = isNew && entry.outcome === 'invalid' && draft.circuits.some(({ ungated }) => ungated)
  if (isUngated) react().countUngated(draft, entry, place)
}

/** Circuits of this session that progress may ease. */
const loopsOf = ({ circuits, memory }: Draft): readonly Circuit[] =>
  circuits.filter(({ session, pattern }) => session === memory.session && isLoop(pattern))

/** Asks one pattern about a settled call, and has done what its mode says; tells whether it found anything. */
function look(
  draft: Draft,
  pattern: CallPattern,
  entry: CallEntry,
  settlement: Settlement,
  place: Place,
  react: () => Reactions,
): boolean {
  const mode = modeOf(draft.config, pattern)
  if (mode === 'off') return false
  const limits = draft.config.circuit_breakers
  const finding = detect(pattern, limits, { entries: draft.memory.entries, latest: entry, now: draft.now })
  if (finding === undefined) return false
  react().actOnFinding(draft, finding, mode, entry, settlement, place)
  return true
}

function newEntry(draft: Draft, settlement: Settlement, place: Place, pending?: CallEntry): CallEntry {
  const { call, outcome } = settlement
  const outside = pending?.outside ?? outsideWeight(call, draft.config.circuit_breakers.external_api)
  return {
    kind: 'call',
    id: call.id,
    at: new Date(draft.now).toISOString(),
    agent: place.agent,
    turn: place.turn,
    tool: call.tool,
    fingerprint: call.fingerprint,
    operationKey: call.operationKey,
    outcome,
    ...compared(outcome, settlement.result),
    ...(isFailure(outcome) ? complaintOf(settlement.line) : {}),
    ...(call.edits ? { edits: true } : {}),
    ...(call.waits > 0 ? { waits: call.waits } : {}),
    ...(call.waits > 0 && call.programs.every(([program]) => program === 'sleep') ? { onlyWaits: true } : {}),
    ...(outside > 0 ? { outside } : {}),
    ...(place.batched ? { batched: true } : {}),
  }
}

/** What a failure says; nothing where its line is a bare exit code. */
const complaintOf = (line: string): Pick<CallEntry, 'error'> =>
  /^(?:Exit code \d+)?$/.test(line) ? {} : { error: hash(withoutVolatile(line)) }

const compared = (outcome: Outcome, result: Settlement['result']): Pick<CallEntry, 'result' | 'shape'> => ({
  result: isFailure(outcome) ? result.stable : result.exact,
  shape: result.shape,
})

/** The batch has come for a call that another event has told of. */
function withBatch(known: CallEntry, { result }: Settlement): CallEntry {
  if (known.outcome !== 'succeeded') return { ...known, batched: true }
  return { ...known, ...compared(known.outcome, result), batched: true }
}
