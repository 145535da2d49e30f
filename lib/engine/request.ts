import { type Admission, admit } from '../breaker/transitions.ts'
import { isSpawn } from '../calls/call.ts'
import type { Finding } from '../patterns/finding.ts'
import { detectLimit, type LimitName } from '../patterns/patterns.ts'
import type { CallEntry } from '../windows/entry.ts'
import { type Circuit, circuitKey, concerns, isLoop } from './circuit.ts'
import { cooldownOf, type Draft, keep, modeOf, note } from './draft.ts'
import type { RequestEvent } from './event.ts'
import { haltRun } from './halt.ts'
import { entryOf, progressOf, type SessionMemory, withEntry } from './memory.ts'
import { bypassed, limitReached, refusal } from './messages.ts'
import { outsideWeight } from './outside.ts'
import { openCircuit } from './trip.ts'

/** The answer to a request: nothing (let it run), or a refusal, which may end the run. */
export interface Refusal {
  /** For the model. */
  readonly reason: string
  /** Why the whole run is ended, when it is. */
  readonly halt?: string
}

/** Patterns that must count a call before it runs, because afterwards is too late. */
const countedBefore: readonly LimitName[] = ['agent_spawn', 'external_api']

/**
 * A call is asked for. Circuits that concern it are asked first; if they let it pass, the patterns that count calls before
 * they run count it, and may refuse it.
 */
export function request(draft: Draft, event: RequestEvent): Refusal | undefined {
  const { call, agent } = event
  const outside = outsideWeight(call, draft.config.circuit_breakers.external_api)
  const turn = event.turn ?? progressOf(draft.memory, agent).turn
  const concerned = draft.circuits.filter(
    (circuit) =>
      circuit.ungated !== true &&
      modeOf(draft.config, circuit.pattern) === 'block' &&
      concerns(circuit, draft.memory.session, agent, call, outside > 0),
  )
  const refused = askCircuits(draft, concerned, event, turn)
  if (refused !== undefined) return refused
  const isCounted = isSpawn(call.tool) || (outside > 0 && call.tool !== 'Bash')
  if (!isCounted || entryOf(draft.memory, call.id) !== undefined) return undefined
  return count(draft, event, turn, outside)
}

function askCircuits(
  draft: Draft,
  circuits: readonly Circuit[],
  event: RequestEvent,
  turn: number,
): Refusal | undefined {
  const answers = circuits.map((circuit) => ({ circuit, admission: ask(draft, circuit, event, turn) }))
  if (answers.every(({ admission }) => admission.kind === 'pass')) return undefined
  if (isBypassed(draft, event)) {
    const refusing = answers.filter(({ admission }) => admission.kind !== 'pass').map(({ circuit }) => circuit)
    passUnderBypass(draft, refusing, event, turn)
    return undefined
  }
  for (const { circuit, admission } of answers) {
    if (admission.kind === 'refuse') return deny(draft, circuit, event, turn, admission)
  }
  for (const { circuit, admission } of answers) {
    if (admission.kind !== 'probe') continue
    keep(draft, { ...circuit, status: admission.next, probedIn: `${event.agent} ${turn}` })
    note(draft, 'probe', circuit, { agent: event.agent, turn, toolUseId: event.call.id, level: circuit.level })
  }
  return undefined
}

function ask(draft: Draft, circuit: Circuit, event: RequestEvent, turn: number): Admission {
  // No wait changes how deep a session is nested, so no probe is let through to find out: the next prompt is measured.
  if (circuit.target.kind === 'session')
    return { kind: 'refuse', seconds: Number.POSITIVE_INFINITY, because: 'forced_open' }
  return admit(circuit.status, event.call.id, draft.now, {
    cooldownSeconds: cooldownOf(draft.config, circuit.pattern, circuit.level),
    probeTimeoutSeconds: draft.config.probe_timeout_seconds,
    // an agent that has gone on to a later turn has seen its probe settle, or has lost it
    probeIsGone: circuit.agent === event.agent && circuit.probedIn !== `${event.agent} ${turn}`,
  })
}

function deny(
  draft: Draft,
  circuit: Circuit,
  event: RequestEvent,
  turn: number,
  admission: Extract<Admission, { kind: 'refuse' }>,
): Refusal {
  const { denials } = circuit
  const reason = refusal(circuit, admission.because, admission.seconds, draft.now)
  const again = denials.ids.includes(event.call.id)
  const place = `${event.agent} ${turn}`
  const count = again || denials.last === place ? denials.count : denials.count + 1
  const counted: Circuit = {
    ...circuit,
    denials: {
      count,
      last: place,
      ids: [...denials.ids.filter((id) => id !== event.call.id), event.call.id].slice(-12),
    },
  }
  keep(draft, counted)
  if (!again) {
    note(draft, 'denial', circuit, {
      agent: event.agent,
      turn,
      toolUseId: event.call.id,
      count,
      reason: circuit.lastTrip.reason,
      action: 'block',
    })
  }
  const most = draft.config.halt_after_denials
  if (!isLoop(circuit.pattern) || most === 0 || count < most) return { reason }
  return { reason, halt: haltRun(draft, counted, event.agent, turn, { tell: count > denials.count }) }
}

/** A person's words lift what would be refused, for the prompt they stood in, unless a machine wrote that prompt. */
function isBypassed(draft: Draft, event: RequestEvent): boolean {
  const { bypass } = draft.memory
  if (bypass === undefined || bypass.promptId !== event.promptId) return false
  return event.promptOrigin !== 'machine'
}

/** Logs what a person's words let through, once for each call, and tells them once for each circuit. */
function passUnderBypass(draft: Draft, circuits: readonly Circuit[], event: RequestEvent, turn: number): void {
  const claim = draft.memory.bypass
  if (claim === undefined || claim.ids.includes(event.call.id)) return
  const used = [...claim.used]
  for (const circuit of circuits) {
    note(draft, 'bypass', circuit, { agent: event.agent, turn, toolUseId: event.call.id, reason: bypassed })
    const key = circuitKey(circuit)
    if (used.includes(key)) continue
    used.push(key)
    draft.person.push(`${bypassed}: ${circuit.subject} runs although its circuit is open.`)
  }
  const ids = [...claim.ids, event.call.id].slice(-12)
  draft.memory = { ...draft.memory, bypass: { ...claim, used: used.slice(-20), ids } }
}

function count(draft: Draft, event: RequestEvent, turn: number, outside: number): Refusal | undefined {
  const { call, agent } = event
  const entry: CallEntry = {
    kind: 'call',
    id: call.id,
    at: new Date(draft.now).toISOString(),
    agent,
    turn,
    tool: call.tool,
    fingerprint: call.fingerprint,
    operationKey: call.operationKey,
    outcome: 'pending',
    ...(outside > 0 ? { outside } : {}),
  }
  const before = draft.memory
  draft.memory = withEntry(before, entry)
  for (const pattern of countedBefore) {
    const mode = modeOf(draft.config, pattern)
    if (mode === 'off' || isBypassed(draft, event)) continue
    const finding =
      detectLimit(pattern, draft.config.circuit_breakers, {
        entries: draft.memory.entries,
        latest: entry,
        now: draft.now,
      }) ?? (pattern === 'agent_spawn' ? tooManyAtOnce(draft, entry) : undefined)
    if (finding === undefined) continue
    if (mode !== 'block') {
      announce(draft, pattern, finding, mode, event, turn, before)
      continue
    }
    const circuit = openCircuit(draft, finding, call, agent, turn)
    if (circuit === undefined) continue
    // a refused call is not started: it does not fill the window
    draft.memory = before
    const seconds = cooldownOf(draft.config, pattern, circuit.level)
    draft.person.push(limitReached(circuit, seconds))
    return deny(draft, circuit, event, turn, { kind: 'refuse', seconds, because: 'open' })
  }
  return undefined
}

/** A limit that is only watched: said once, when it is passed. */
function announce(
  draft: Draft,
  pattern: LimitName,
  finding: Finding,
  mode: 'observe' | 'warn',
  { agent, call }: RequestEvent,
  turn: number,
  before: SessionMemory,
): void {
  const last = before.entries.findLast((entry) => entry.kind === 'call')
  const limits = draft.config.circuit_breakers
  const sight = { entries: before.entries, now: draft.now }
  if (last?.kind === 'call' && detectLimit(pattern, limits, { ...sight, latest: last }) !== undefined) return
  const subject = finding.aim === 'spawns' ? 'agents' : 'calls to the outside'
  note(
    draft,
    mode === 'warn' ? 'warning' : 'observed',
    { ...finding, subject, session: draft.memory.session },
    {
      agent,
      turn,
      toolUseId: call.id,
      count: finding.count,
      reason: finding.why,
      action: mode,
    },
  )
  if (mode === 'warn') draft.person.push(`Breakerbox: ${finding.why}.`)
}

function tooManyAtOnce(draft: Draft, entry: CallEntry) {
  const most = draft.config.circuit_breakers.agent_spawn.max_concurrent
  if (!isSpawn(entry.tool)) return undefined
  const pending = draft.memory.entries.filter(
    (e) => e.kind === 'call' && isSpawn(e.tool) && e.outcome === 'pending',
  ).length
  const atOnce = Math.max(draft.memory.running.length + 1, pending)
  if (atOnce <= most) return undefined
  return {
    pattern: 'agent_spawn',
    level: 'trip',
    aim: 'spawns',
    why: `more than ${most} agents at the same time`,
    count: atOnce,
    calls: [entry.id],
  } as const
}
