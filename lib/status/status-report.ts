import type { CircuitState } from '../breaker/state.ts'
import { remainingSeconds } from '../breaker/transitions.ts'
import type { Config } from '../config/schema.ts'
import { type Circuit, isLoop } from '../engine/circuit.ts'
import { cooldownOf } from '../engine/draft.ts'
import type { Incident } from '../engine/incident.ts'
import type { MemoryReport } from '../memory/memory-report.ts'

/** What `circuit-status --json` prints. Names and units are promised; fields may be added. */
export interface StatusReport {
  /** Of this report's form. */
  readonly version: 1
  readonly mode: Config['mode']
  /** Circuits that are not closed, open ones first. */
  readonly circuits: readonly CircuitReport[]
  readonly memory: MemoryReport
  /** Incidents of the last 24 hours by kind, those that happened. */
  readonly incidents24h: Readonly<Record<string, number>>
  /** Wrong values in the config, one line each; absent when there are none. */
  readonly configProblems?: readonly string[]
}

export interface CircuitReport {
  readonly pattern: Circuit['pattern']
  readonly subject: string
  readonly session: string
  /** `main`, a subagent's id, or `*` for the whole session. */
  readonly agent: string
  /** An open circuit whose cooldown is over is `half_open`: its next call is the probe. */
  readonly state: CircuitState['state']
  readonly level: number
  /** 0 unless open. */
  readonly cooldownRemainingSeconds: number
  /** ISO 8601 UTC; null unless open. */
  readonly retryAt: string | null
  readonly trips: number
  readonly lastTrip: { readonly at: string; readonly turn: number; readonly reason: string }
  /** Refusals since the trip or the last progress. */
  readonly denials: number
}

/** What a status is made from. */
export interface StatusFacts {
  readonly config: Config
  readonly configProblems: readonly string[]
  readonly circuits: readonly Circuit[]
  readonly memory: MemoryReport
  readonly incidents: readonly Incident[]
}

const day = 24 * 60 * 60 * 1000

/** The report; pure, so that it can change nothing. */
export function statusReport(facts: StatusFacts, now: number): StatusReport {
  const { config, configProblems, circuits, memory, incidents } = facts
  return {
    version: 1,
    mode: config.mode,
    circuits: circuits.map((circuit) => circuitReport(circuit, config, now)).sort(byUrgency),
    memory,
    incidents24h: countByKind(incidents, now),
    ...(configProblems.length === 0 ? {} : { configProblems }),
  }
}

function circuitReport(circuit: Circuit, config: Config, now: number): CircuitReport {
  const { status, pattern, level } = circuit
  const left = remainingSeconds(status, now, cooldownOf(config, pattern, level))
  return {
    pattern,
    subject: circuit.subject,
    session: circuit.session,
    agent: circuit.agent ?? '*',
    state: status.state === 'open' && left === 0 ? 'half_open' : status.state,
    level,
    cooldownRemainingSeconds: Math.ceil(left),
    retryAt: status.state === 'open' && left > 0 ? new Date(now + left * 1000).toISOString() : null,
    trips: circuit.trips,
    lastTrip: circuit.lastTrip,
    denials: isLoop(pattern) ? circuit.denials.count : 0,
  }
}

const urgency: readonly CircuitState['state'][] = ['forced_open', 'open', 'half_open', 'disabled', 'closed']

const byUrgency = (a: CircuitReport, b: CircuitReport): number =>
  urgency.indexOf(a.state) - urgency.indexOf(b.state) || b.cooldownRemainingSeconds - a.cooldownRemainingSeconds

function countByKind(incidents: readonly Incident[], now: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { at, kind } of incidents) {
    if (now - Date.parse(at) < day) counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
