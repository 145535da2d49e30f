import { isTopRung } from '../breaker/ladder.ts'
import { isProbe, open, probeReleased, probeSucceeded } from '../breaker/transitions.ts'
import { isSpawn } from '../calls/call.ts'
import { hash } from '../calls/hash.ts'
import { isFailure, type Outcome } from '../calls/outcome.ts'
import { withoutVolatile } from '../calls/result.ts'
import type { Finding, PatternName } from '../patterns/finding.ts'
import { type CallPattern, callPatterns, detect } from '../patterns/patterns.ts'
import { type CallEntry, isEdit } from '../windows/entry.ts'
import { type Circuit, isLoop, noDenials } from './circuit.ts'
import { cooldownOf, type Draft, keep, modeOf, note } from './draft.ts'
import type { Settlement } from './event.ts'
import { haltRun } from './halt.ts'
import { entryOf, withChanged, withEntry } from './memory.ts'
import { repeatsThatNoGateSees, subagentHalted, topRung, tripped, warning } from './messages.ts'
import { outsideWeight } from './outside.ts'
import { openCircuit, subjectOf } from './trip.ts'

/** Where a call settled. */
export interface Place {
  readonly agent: string
  readonly promptId?: string
  readonly turn: number
  /** Told by `PostToolBatch`, whose text is the form that results are compared in. */
  readonly batched: boolean
}

/** Patterns that compare results, asked again when the batch brings the form to compare. */
const comparing: readonly CallPattern[] = ['repeated_call', 'busy_polling']
/** Patterns that have counted the call before it ran. */
const countedBefore: ReadonlySet<PatternName> = new Set(['agent_spawn', 'external_api'])

/**
 * A call settled. It is entered once, whatever number of events tell of it; a failure keeps the error that the failure
 * event brought, everything else takes the batch's text. Then probes are answered, progress eases circuits, and the
 * patterns are asked.
 */
export function settle(draft: Draft, settlement: Settlement, place: Place): void {
  const { call } = settlement
  if (isSpawn(call.tool)) tellParent(draft, settlement)
  if (draft.circuits.some((circuit) => circuit.denials.ids.includes(call.id))) return
  const known = entryOf(draft.memory, call.id)
  const isNew = known === undefined || known.outcome === 'pending'
  if (!isNew && (!place.batched || known.batched === true)) return
  const entry = isNew ? newEntry(draft, settlement, place, known) : withBatch(known, settlement)
  draft.memory = isNew ? withEntry(draft.memory, entry, known) : withChanged(draft.memory, entry, known)
  if (entry.outcome === 'denied' || entry.outcome === 'cancelled') {
    for (const circuit of draft.circuits) if (isProbe(circuit.status, call.id)) release(draft, circuit)
    return
  }
  answerProbes(draft, entry, settlement, place)
  if (isNew && isEdit(entry)) easeAfterProgress(draft, place)
  const changed = !isNew && entry.result !== known.result
  const patterns = isNew
    ? callPatterns.filter((name) => known === undefined || !countedBefore.has(name))
    : changed
      ? comparing
      : []
  // one call, one message: what the first loop pattern has said need not be said again in other words
  for (const pattern of patterns) if (look(draft, pattern, entry, settlement, place) && isLoop(pattern)) break
  if (isNew && entry.outcome === 'invalid') countUngated(draft, entry, place)
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

/** What a probe's end means for its circuit. */
function answerProbes(draft: Draft, entry: CallEntry, settlement: Settlement, place: Place): void {
  for (const circuit of draft.circuits) {
    if (!isProbe(circuit.status, entry.id)) continue
    const verdict = probeVerdict(circuit, entry)
    if (verdict === 'later') continue
    if (verdict === 'failure') reopen(draft, circuit, entry, settlement.line, place)
    else recover(draft, circuit, entry, place)
  }
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

function release(draft: Draft, circuit: Circuit): void {
  const { probedIn: _probedIn, ...rest } = circuit
  keep(draft, { ...rest, status: probeReleased(circuit.status) })
}

/**
 * Somebody changed something: what looped may behave differently now, so its cooldown ends early and the next call is let
 * through as a probe. Refusals are counted anew.
 */
function easeAfterProgress(draft: Draft, place: Place): void {
  for (const circuit of draft.circuits) {
    if (circuit.session !== draft.memory.session || !isLoop(circuit.pattern)) continue
    const eased = circuit.status.state === 'open' && circuit.pattern !== 'busy_polling'
    const status = eased ? ({ state: 'half_open', successes: 0 } as const) : circuit.status
    if (!eased && circuit.denials.count === 0) continue
    keep(draft, { ...circuit, status, denials: { ...noDenials, ids: circuit.denials.ids } })
    if (eased) note(draft, 'eased', circuit, { agent: place.agent, turn: place.turn, level: circuit.level })
  }
}

/** Asks one pattern about a settled call, and does what its mode says; tells whether it found anything. */
function look(draft: Draft, pattern: CallPattern, entry: CallEntry, settlement: Settlement, place: Place): boolean {
  const mode = modeOf(draft.config, pattern)
  if (mode === 'off') return false
  const limits = draft.config.circuit_breakers
  const finding = detect(pattern, limits, { entries: draft.memory.entries, latest: entry, now: draft.now })
  if (finding === undefined) return false
  const line = isFailure(entry.outcome) || entry.outcome === 'refused' ? settlement.line || undefined : undefined
  const quiet = isQuiet(draft, place)
  if (finding.level === 'trip' && mode === 'block') {
    const circuit = openCircuit(draft, finding, settlement.call, place.agent, place.turn, entry, line)
    if (circuit === undefined) return true
    const kept = pattern === 'busy_polling' && entry.shape !== undefined ? { ...circuit, result: entry.shape } : circuit
    keep(draft, kept)
    if (!quiet && circuit.ungated !== true) {
      draft.context.push(tripped(circuit, cooldownOf(draft.config, pattern, circuit.level), draft.now))
    }
    return true
  }
  tell(draft, finding, mode, settlement, place, line, quiet)
  return true
}

/** Warnings, and trips of patterns that only warn or observe: said when the limit is met, and at each multiple of it. */
function tell(
  draft: Draft,
  finding: Finding,
  mode: 'observe' | 'warn' | 'block',
  settlement: Settlement,
  place: Place,
  line: string | undefined,
  quiet: boolean,
): void {
  const { pattern } = finding
  const { threshold } = draft.config.circuit_breakers[pattern]
  if (finding.level === 'trip' && pattern !== 'sequential_tools' && finding.count % threshold !== 0) return
  const target =
    finding.aim === 'tool' ? { kind: 'tool' as const, key: settlement.call.tool } : { kind: 'call' as const, key: '' }
  const subject =
    finding.aim === 'spawns' || finding.aim === 'outside' ? finding.pattern : subjectOf(target, settlement.call)
  const why = line === undefined ? finding.why : `${finding.why}: ${line}`
  const kind = mode === 'observe' && finding.level === 'trip' ? 'observed' : 'warning'
  note(
    draft,
    kind,
    { pattern, subject, session: draft.memory.session },
    {
      agent: place.agent,
      turn: place.turn,
      toolUseId: settlement.call.id,
      count: finding.count,
      reason: why,
      action: mode === 'observe' ? 'observe' : finding.level === 'warn' ? 'advise' : 'warn',
    },
  )
  if (mode === 'observe' || quiet) return
  const ahead =
    finding.level === 'warn' && mode === 'block' && (comparing as readonly PatternName[]).includes(pattern)
      ? threshold
      : undefined
  draft.context.push(warning(pattern, subject, why, ahead))
}

/** Under a person's bypass the model is not nagged. */
const isQuiet = (draft: Draft, place: Place): boolean =>
  draft.memory.bypass !== undefined && draft.memory.bypass.promptId === place.promptId

/**
 * A call that was rejected before it ran never reaches the gate: each further one, at most one per turn, counts like a
 * refusal, is answered to the model, and in the end stops the run before the next request.
 */
function countUngated(draft: Draft, entry: CallEntry, place: Place): void {
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

/** The parent of a halted subagent learns why it came back empty. */
function tellParent(draft: Draft, { agentId }: Settlement): void {
  const halt = draft.memory.halted.find((known) => known.agent === agentId)
  if (halt === undefined) return
  draft.memory = {
    ...draft.memory,
    halted: draft.memory.halted.filter((known) => known !== halt),
    running: draft.memory.running.filter((running) => running !== agentId),
  }
  draft.context.push(subagentHalted(halt.subject, halt.reason))
  // the client shows no message of a hook inside a subagent to the person: this is the place where they can read it
  draft.person.push(`Breakerbox halted subagent ${halt.agent}: ${halt.subject} ${halt.reason}.`)
}
