import type { Outcome } from '../calls/outcome.ts'
import { resultFingerprints } from '../calls/result.ts'
import type { Config } from '../config/schema.ts'
import type { Circuit } from '../engine/circuit.ts'
import type { RequestEvent, Settlement } from '../engine/event.ts'
import type { Incident } from '../engine/incident.ts'
import { emptyMemory, mainAgent, type SessionMemory } from '../engine/memory.ts'
import { step } from '../engine/step.ts'
import type { PatternName } from '../patterns/finding.ts'
import type { RecordedEvent } from './recording.ts'

/** Something that the suite would have done in a recorded session. */
export interface ReplayTrip {
  readonly pattern: PatternName
  /** `main`, or a subagent. */
  readonly agent: string
  readonly turn: number
  /** The call at which it would have happened, counted over the session's calls from 0. */
  readonly callIndex: number
  readonly toolUseId: string
  readonly subject: string
  /** `block`: further calls refused; `halt`: the run ended; `warn`, `advise`: only told. */
  readonly action: 'block' | 'warn' | 'advise' | 'halt'
  /** ISO 8601 UTC. */
  readonly at: string
  /** What happened, with its numbers, and the first line of the result. */
  readonly reason: string
  readonly resultLine: string
  /** What the model would have read. */
  readonly said: string
  /** Calls that were refused after this trip, and those of a run that it ended. */
  readonly callsAfter: number
  /** From the trip to the last of these calls, seconds. */
  readonly secondsAfter: number
  /** Where the run would have been ended over this loop; absent where it would not. */
  readonly haltedAtCall?: number
}

/** What a recorded session came to. */
export interface ReplayedSession {
  readonly session: string
  readonly calls: number
  readonly turns: number
  /** Calls refused, or runs ended. */
  readonly trips: readonly ReplayTrip[]
  /** Only told. */
  readonly warnings: readonly ReplayTrip[]
}

/** The client sends an event of its own for what has run; of everything else only the batch tells. */
const hasOwnEvent: ReadonlySet<Outcome> = new Set(['succeeded', 'failed'])

/** Calls whose place is remembered until their batch has come. */
const mostPlaces = 1000

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What the engine carries from one event to the next; saved and restored it goes on as if nothing had been. */
export interface ReplayState {
  readonly memory: SessionMemory
  readonly circuits: readonly Circuit[]
}

/**
 * Plays a recorded session to the engine that the hooks run, and keeps what it would have done. A call that would have been
 * refused is not told to the engine as settled; after a halt nothing of that run is, until the next prompt.
 */
export class Replayer {
  readonly #session: string
  readonly #config: Config
  readonly #trips: Mutable<ReplayTrip>[] = []
  readonly #warnings: Mutable<ReplayTrip>[] = []
  /** What was said to calls that would have been refused, by id. */
  readonly #refused = new Map<string, string>()
  readonly #halted = new Map<string, Mutable<ReplayTrip> | undefined>()
  readonly #turns = new Set<string>()
  /** Which call of the session each of the last ones is, by id. */
  readonly #placeOf = new Map<string, number>()
  #calls = 0
  #state: ReplayState

  constructor(session: string, config: Config) {
    this.#session = session
    this.#config = config
    this.#state = { memory: emptyMemory(session), circuits: [] }
  }

  /** What would be on disk now. */
  get state(): ReplayState {
    return this.#state
  }

  set state(state: ReplayState) {
    this.#state = state
  }

  /** Plays one event. Events come in the order in which they happened. */
  play({ at, event, callIndex, reachedGate }: RecordedEvent): void {
    if (event.kind === 'request') this.#countCall(event, callIndex)
    if (event.kind === 'prompt' && event.typed) this.#halted.clear()
    const agent = 'agent' in event ? event.agent : mainAgent
    const halt = this.#haltOf(agent)
    if (halt !== undefined) {
      if (event.kind === 'request' && halt.trip !== undefined) countAfter(halt.trip, at)
      return
    }
    if (reachedGate === false) return
    if (event.kind === 'settled' && (!hasOwnEvent.has(event.outcome) || this.#refused.has(event.call.id))) return
    const heard = event.kind === 'batch' ? { ...event, calls: event.calls.map((each) => this.#asRefused(each)) } : event
    const next = step(this.#state.memory, this.#state.circuits, heard, this.#config, at)
    this.#state = { memory: next.memory, circuits: next.circuits }
    if (next.incidents.length > 0) {
      const { refusal, stop, context } = next.verdict
      const said = [refusal?.reason, stop, ...context].filter(Boolean).join('\n\n')
      const settled = event.kind === 'settled' ? [event] : event.kind === 'batch' ? event.calls : []
      for (const incident of next.incidents) {
        const place = this.#placeOf.get(incident.toolUseId ?? '') ?? callIndex ?? this.#calls - 1
        const line = settled.find(({ call }) => call.id === incident.toolUseId)?.line ?? ''
        this.#take(incident, place, said, line, at)
      }
    }
    if (event.kind === 'request' && next.verdict.refusal !== undefined) {
      this.#refused.set(event.call.id, next.verdict.refusal.reason)
    }
    const stopped = next.verdict.refusal?.halt !== undefined || next.verdict.stop !== undefined
    if (stopped) this.#halted.set(agent, this.#lastTripOf(next.incidents))
  }

  /** What the session came to. */
  result(): ReplayedSession {
    return {
      session: this.#session,
      calls: this.#calls,
      turns: this.#turns.size,
      trips: this.#trips,
      warnings: this.#warnings,
    }
  }

  #countCall({ agent, turn, call }: RequestEvent, callIndex = this.#calls): void {
    this.#calls += 1
    this.#placeOf.set(call.id, callIndex)
    const [oldest] = this.#placeOf.keys()
    if (this.#placeOf.size > mostPlaces && oldest !== undefined) this.#placeOf.delete(oldest)
    const known = this.#state.memory.agents.find((each) => each.agent === agent)
    this.#turns.add(`${agent} ${turn ?? known?.turn ?? 1}`)
  }

  /** A call of a batch as the model would have read it: one that was refused did not end as it was recorded. */
  #asRefused(settlement: Settlement): Settlement {
    const { call } = settlement
    const reason = this.#refused.get(call.id)
    if (reason === undefined) return settlement
    const said = `PreToolUse:${call.tool} hook error: ${reason}`
    return { call, outcome: 'refused', result: resultFingerprints(said), line: reason }
  }

  /** The halt that this agent's events fall under: its own, or that of the whole run. */
  #haltOf(agent: string): { trip: Mutable<ReplayTrip> | undefined } | undefined {
    for (const halted of [agent, mainAgent]) if (this.#halted.has(halted)) return { trip: this.#halted.get(halted) }
    return undefined
  }

  #take(incident: Incident, callIndex: number, said: string, line: string, at: number): void {
    switch (incident.kind) {
      case 'trip':
        if (incident.action === 'advise') this.#warnings.push(tripOf(incident, 'advise', callIndex, said, line))
        else this.#trips.push(tripOf(incident, 'block', callIndex, said, line))
        return
      case 'warning':
      case 'observed':
        this.#warnings.push(tripOf(incident, incident.action === 'warn' ? 'warn' : 'advise', callIndex, said, line))
        return
      case 'denial': {
        const trip = this.#tripOf(incident)
        if (trip !== undefined) countAfter(trip, at)
        return
      }
      case 'halt': {
        const trip = this.#tripOf(incident)
        if (trip !== undefined) trip.haltedAtCall = callIndex
        else this.#trips.push(tripOf(incident, 'halt', callIndex, said, line))
        return
      }
      default:
        return
    }
  }

  #tripOf({ pattern, subject }: Incident): Mutable<ReplayTrip> | undefined {
    return this.#trips.findLast((trip) => trip.pattern === pattern && trip.subject === subject)
  }

  #lastTripOf(incidents: readonly Incident[]): Mutable<ReplayTrip> | undefined {
    const halt = incidents.findLast((incident) => incident.kind === 'halt')
    return halt === undefined ? this.#trips.at(-1) : this.#tripOf(halt)
  }
}

function tripOf(
  incident: Incident,
  action: ReplayTrip['action'],
  callIndex: number,
  said: string,
  resultLine: string,
): Mutable<ReplayTrip> {
  return {
    pattern: incident.pattern as PatternName,
    agent: incident.agent ?? mainAgent,
    turn: incident.turn ?? 0,
    callIndex,
    toolUseId: incident.toolUseId ?? '',
    subject: incident.subject ?? '',
    action,
    at: incident.at,
    reason: incident.reason ?? '',
    resultLine,
    said,
    callsAfter: 0,
    secondsAfter: 0,
  }
}

function countAfter(trip: Mutable<ReplayTrip>, at: number): void {
  trip.callsAfter += 1
  trip.secondsAfter = Math.max(0, Math.round((at - Date.parse(trip.at)) / 1000))
}
