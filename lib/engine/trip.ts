import { open } from '../breaker/transitions.ts'
import type { Call } from '../calls/call.ts'
import type { Config } from '../config/schema.ts'
import type { Finding, PatternName } from '../patterns/finding.ts'
import type { CallEntry } from '../windows/entry.ts'
import { type Circuit, circuitKey, noDenials, type Target } from './circuit.ts'
import { cooldownOf, type Draft, keep, note } from './draft.ts'
import { entryOf } from './memory.ts'

/**
 * A pattern that may block has tripped: its circuit opens, if it is not there yet.
 *
 * @param settled the call that tripped it, when it has run already.
 * @param line first telling line of its error.
 * @returns the circuit that has just opened; undefined where nothing opened.
 */
export function openCircuit(
  draft: Draft,
  finding: Finding,
  call: Call,
  agent: string,
  turn: number,
  settled?: CallEntry,
  line?: string,
): Circuit | undefined {
  const { pattern } = finding
  const reason = line === undefined ? finding.why : `${finding.why}: ${line}`
  const target = targetOf(finding, call)
  const subject = subjectOf(target, call)
  const place = { agent, turn, toolUseId: call.id, count: finding.count, reason }
  const scope = scopeOf(draft.config, pattern)
  const identity = { pattern, target, session: draft.memory.session, ...(scope === 'agent' ? { agent } : {}) }
  const there = draft.circuits.find((circuit) => circuitKey(circuit) === circuitKey(identity))
  if (there !== undefined) return undefined
  const seconds = cooldownOf(draft.config, pattern, 1)
  const circuit: Circuit = {
    ...identity,
    subject,
    status: open(draft.now, seconds),
    level: 1,
    trips: 1,
    lastTrip: { at: new Date(draft.now).toISOString(), turn, reason },
    denials: noDenials,
    ...(settled?.outcome === 'invalid' ? { ungated: true } : {}),
    ...(settled?.result === undefined ? {} : { result: settled.result }),
  }
  keep(draft, circuit)
  // a call that no gate sees can only be spoken of, until the run is ended
  const since = entryOf(draft.memory, finding.calls[0] ?? '')?.at
  note(draft, 'trip', circuit, {
    ...place,
    ...(since === undefined ? {} : { since }),
    level: 1,
    cooldownSeconds: seconds,
    action: circuit.ungated === true ? 'advise' : 'block',
  })
  return circuit
}

/** Where a circuit of this pattern holds, as the config says. */
function scopeOf({ circuit_breakers }: Config, pattern: PatternName): string {
  const limits = circuit_breakers[pattern]
  return 'scope' in limits ? limits.scope : 'session'
}

/** What the patterns that look at calls refuse. */
type CallTarget = Exclude<Target, { kind: 'session' }>

function targetOf(finding: Finding, call: Call): CallTarget {
  switch (finding.aim) {
    case 'operation':
      return { kind: 'operation', key: call.operationKey }
    case 'call':
      return { kind: 'call', key: call.fingerprint }
    case 'tool':
      return { kind: 'tool', key: call.tool }
    case 'spawns':
    case 'outside':
      return { kind: finding.aim }
    default:
      return finding.aim satisfies never
  }
}

/** What a target is called in messages. */
export function subjectOf(target: CallTarget, call: Call): string {
  switch (target.kind) {
    case 'operation':
    case 'call':
      return call.operation
    case 'tool':
      return call.tool
    case 'spawns':
      return 'agents'
    case 'outside':
      return 'calls to the outside'
    default:
      return target satisfies never
  }
}
