import type { CircuitState } from '../breaker/state.ts'
import { remainingSeconds } from '../breaker/transitions.ts'
import type { Config } from '../config/schema.ts'
import { type Circuit, isLoop } from '../engine/circuit.ts'
import { cooldownOf } from '../engine/draft.ts'
import type { Incident } from '../engine/incident.ts'
import type { MemoryReport } from '../memory/memory-report.ts'
import type { FleetLook, Keeper, SharedLook } from '../session/shared-look.ts'
import { day } from './quantities.ts'

/** What `circuit-status --json` prints. Names and units are promised; fields may be added. */
export interface StatusReport {
  /** Of this report's form. */
  readonly version: 1
  readonly mode: Config['mode']
  /** Circuits that are not closed, open ones first. */
  readonly circuits: readonly CircuitReport[]
  /** The circuit around the model's API; absent while nothing is wrong with it. */
  readonly llmApi?: ApiReport
  /** How it stands with the server that machines share; absent where nobody asked for one. */
  readonly fleet?: FleetLook
  readonly memory: MemoryReport
  /** Incidents of the last 24 hours by kind, those that happened. */
  readonly incidents24h: Readonly<Record<string, number>>
  /** Wrong values in the config, one line each; absent when there are none. */
  readonly configProblems?: readonly string[]
}

export interface CircuitReport {
  readonly pattern: Circuit['pattern']
  readonly subject: string
  /** Who is held back: one agent, all of a session, all sessions of the project, or all machines of the fleet. */
  readonly scope: 'agent' | 'session' | 'project' | 'fleet'
  /** `shared` where sessions keep it together. */
  readonly session: string
  /** `main`, a subagent's id, or `*` for the whole session. */
  readonly agent: string
  /** Host name of the machine that tripped it; null where it is not shared. */
  readonly machine: string | null
  /** An open circuit whose cooldown is over is `half_open`: its next call is the probe. */
  readonly state: CircuitState['state']
  readonly level: number
  /** 0 unless open. */
  readonly cooldownRemainingSeconds: number
  /** ISO 8601 UTC; null unless open, and for a session that is nested too deeply, for which no wait helps. */
  readonly retryAt: string | null
  readonly trips: number
  readonly lastTrip: { readonly at: string; readonly turn: number; readonly reason: string }
  /** Refusals since the trip or the last progress. */
  readonly denials: number
}

export interface ApiReport {
  readonly scope: Keeper['scope']
  readonly state: CircuitState['state']
  /** In a row, while closed. */
  readonly failures: number
  /** 0 unless open. */
  readonly cooldownRemainingSeconds: number
  /** ISO 8601 UTC; null unless open. */
  readonly retryAt: string | null
  /** What opened it, with the machine that saw it last; null while closed. */
  readonly reason: string | null
}

/** What a status is made from. */
export interface StatusFacts {
  readonly config: Config
  readonly configProblems: readonly string[]
  /** Those of the project's own sessions. */
  readonly circuits: readonly Circuit[]
  readonly shared: SharedLook
  readonly memory: MemoryReport
  readonly incidents: readonly Incident[]
}

/** The report; pure, so that it can change nothing. */
export function statusReport(facts: StatusFacts, now: number): StatusReport {
  const { config, configProblems, circuits, shared, memory, incidents } = facts
  const own = circuits.map((circuit) => circuitReport(circuit, config, now))
  const together = shared.circuits.map((each) => sharedReport(each, config, now))
  return {
    version: 1,
    mode: config.mode,
    circuits: [...own, ...together].sort(byUrgency),
    ...apiReport(shared.api, config, now),
    ...(shared.fleet === undefined ? {} : { fleet: shared.fleet }),
    memory,
    incidents24h: countByKind(incidents, now),
    ...(configProblems.length === 0 ? {} : { configProblems }),
  }
}

/** One circuit as it stands now. */
export function circuitReport(circuit: Circuit, config: Config, now: number): CircuitReport {
  const { status, pattern, level } = circuit
  // How deep a session is nested does not change while it waits.
  const isNested = circuit.target.kind === 'session'
  const left = isNested ? 0 : remainingSeconds(status, now, cooldownOf(config, pattern, level))
  return {
    pattern,
    subject: circuit.subject,
    scope: circuit.agent === undefined ? 'session' : 'agent',
    session: circuit.session,
    agent: circuit.agent ?? '*',
    machine: null,
    state: status.state === 'open' && left === 0 && !isNested ? 'half_open' : status.state,
    level,
    cooldownRemainingSeconds: Math.ceil(left),
    retryAt: status.state === 'open' && left > 0 ? new Date(now + left * 1000).toISOString() : null,
    trips: circuit.trips,
    lastTrip: circuit.lastTrip,
    denials: isLoop(pattern) ? circuit.denials.count : 0,
  }
}

/** Its times are those of whoever keeps it; what is left is told by this machine's clock. */
function sharedReport(
  { circuit, scope, at }: SharedLook['circuits'][number],
  config: Config,
  now: number,
): CircuitReport {
  const report = circuitReport(circuit, config, at)
  return { ...report, scope, machine: circuit.machine ?? null, retryAt: inOurTime(report.retryAt, at, now) }
}

const inOurTime = (retryAt: string | null, at: number, now: number): string | null =>
  retryAt === null ? null : new Date(Date.parse(retryAt) - at + now).toISOString()

/** The circuit around the model's API; nothing while nothing is wrong with it. */
export function apiReport(api: SharedLook['api'], config: Config, now: number): Pick<StatusReport, 'llmApi'> {
  if (api === undefined) return {}
  const { scope, at, document } = api
  const { circuit, failures, why } = document
  if (circuit.state === 'closed' && failures === 0) return {}
  const left = remainingSeconds(circuit, at, config.circuit_breakers.llm_api.cooldown_base_seconds)
  return {
    llmApi: {
      scope,
      state: circuit.state === 'open' && left === 0 ? 'half_open' : circuit.state,
      failures,
      cooldownRemainingSeconds: Math.ceil(left),
      retryAt: left > 0 ? new Date(now + left * 1000).toISOString() : null,
      reason: circuit.state === 'closed' ? null : (why ?? null),
    },
  }
}

type Urgent = Pick<CircuitReport, 'state' | 'cooldownRemainingSeconds'>

const urgency: readonly CircuitState['state'][] = ['forced_open', 'open', 'half_open', 'disabled', 'closed']

/** What refuses comes first, and of that what does so for longest. */
export const byUrgency = (a: Urgent, b: Urgent): number =>
  urgency.indexOf(a.state) - urgency.indexOf(b.state) || b.cooldownRemainingSeconds - a.cooldownRemainingSeconds

function countByKind(incidents: readonly Incident[], now: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { at, kind } of incidents) {
    if (now - Date.parse(at) < day) counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
