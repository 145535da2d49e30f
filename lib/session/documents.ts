import type { Circuit } from '../engine/circuit.ts'
import { emptyMemory, type SessionMemory } from '../engine/memory.ts'
import { noSharedLimits, type SharedLimits } from '../engine/shared-limits.ts'
import { patternNames } from '../patterns/patterns.ts'
import { integer, list, number, object, oneOf, type Schema, text, time, variants } from '../schema/schema.ts'
import type { DocumentKind } from '../store/store.ts'
import { sessionFileName } from './session-file.ts'

/** The project's circuits that are not plainly closed. */
export interface CircuitState {
  readonly version: 1
  readonly circuits: readonly Circuit[]
  /** Sessions in which a streak is one step from tripping. */
  readonly near?: readonly string[] | undefined
  /** Sessions with circuits here whose client has ended; an event of theirs takes them out again. */
  readonly ended?: readonly string[] | undefined
  /** Until when a circuit refuses that the project's sessions share, ISO 8601 UTC, as far as seen from here. */
  readonly sharedUntil?: string
  /** The same of what machines share. */
  readonly fleetUntil?: string
  /** Hash of the circuits, by which a change that was not ours is noticed; absent in what install makes. */
  readonly seal?: string
}

/** Why the last run was ended, and how to go on; there until the person answers. */
export interface HaltRecord {
  readonly version: 1
  /** ISO 8601 UTC; absent in a record without a halt. */
  readonly at?: string
  readonly session?: string | undefined
  readonly agent?: string | undefined
  readonly pattern?: string | undefined
  readonly subject?: string | undefined
  readonly reason?: string | undefined
  /** Refusals that were counted. */
  readonly denials?: number | undefined
  readonly howToContinue?: readonly string[]
}

const short = text(undefined, 2000)
const moment = time()
const count = integer(0)

const probe = object({ id: short, claimedAt: moment })
const status = variants(
  'state',
  object({ state: oneOf('closed') }),
  object({ state: oneOf('open'), openedAt: moment, retryAt: moment }),
  object({ state: oneOf('half_open'), successes: count }, { probe }),
  object({ state: oneOf('forced_open') }),
  object({ state: oneOf('disabled') }),
)
const target = variants(
  'kind',
  object({ kind: oneOf('operation', 'call', 'tool'), key: short }),
  object({ kind: oneOf('spawns', 'outside', 'session') }),
)
const circuit = object(
  {
    pattern: oneOf(...patternNames),
    subject: short,
    target,
    session: short,
    status,
    level: count,
    trips: count,
    lastTrip: object({ at: moment, turn: count, reason: short }),
    denials: object({ count, ids: list(short) }, { last: short }),
  },
  { agent: short, probedIn: short, ungated: oneOf(true), result: short, machine: short },
)
const circuitState: Schema<CircuitState> = object(
  { version: oneOf(1), circuits: list(circuit) },
  { near: list(short), ended: list(short), sharedUntil: moment, fleetUntil: moment, seal: short },
)

const callEntry = object(
  {
    kind: oneOf('call'),
    id: short,
    at: moment,
    agent: short,
    turn: count,
    tool: short,
    fingerprint: short,
    operationKey: short,
    outcome: oneOf('pending', 'succeeded', 'failed', 'invalid', 'refused', 'denied', 'cancelled'),
  },
  {
    result: short,
    error: short,
    shape: short,
    edits: oneOf(true),
    waits: number(),
    onlyWaits: oneOf(true),
    outside: number(),
    batched: oneOf(true),
  },
)
const sessionMemory: Schema<SessionMemory> = object(
  {
    version: oneOf(1),
    session: short,
    agents: list(object({ agent: short, turn: count, batches: list(short) }, { promptId: short })),
    entries: list(variants('kind', callEntry, object({ kind: oneOf('prompt'), at: moment }))),
    running: list(short),
    halted: list(object({ agent: short, subject: short, reason: short })),
  },
  { bypass: object({ used: list(short), ids: list(short) }, { promptId: short }) },
)

/** `circuit_breaker_state.json` */
export const circuitStateKind: DocumentKind<CircuitState> = {
  key: 'circuit_breaker_state',
  version: 1,
  empty: () => ({ version: 1, circuits: [] }),
  parse: circuitState.parse,
}

/** `circuit_breaker_shared.json`, or the same document of a Redis server: limits that sessions keep together. */
export const sharedKind: DocumentKind<SharedLimits> = {
  key: 'circuit_breaker_shared',
  version: 1,
  empty: () => noSharedLimits,
  // Made when it is needed: what is made at start-up stays in every bundle.
  parse: (value): SharedLimits =>
    object({ version: oneOf(1), memory: sessionMemory, circuits: list(circuit) }).parse(value),
}

/** `circuit_breaker_halt.json` */
export const haltKind: DocumentKind<HaltRecord> = {
  key: 'circuit_breaker_halt',
  version: 1,
  empty: () => ({ version: 1 }),
  // Made when it is needed, like the one above.
  parse: (value): HaltRecord =>
    object(
      { version: oneOf(1) },
      {
        at: moment,
        session: short,
        agent: short,
        pattern: short,
        subject: short,
        reason: short,
        denials: count,
        howToContinue: list(short),
      },
    ).parse(value),
}

/** `circuit_breaker_sessions/<name>.json`: the windows of one session. */
export function sessionKind(session: string): DocumentKind<SessionMemory> {
  return {
    key: `circuit_breaker_sessions/${sessionFileName(session)}`,
    version: 1,
    empty: () => emptyMemory(session),
    parse: sessionMemory.parse,
  }
}

/** Size that the state file stays under, bytes. */
export const mostStateBytes = 20_000
/**
 * A circuit that has not tripped for this long belongs to a session that is over, milliseconds; one that did so this far in
 * the future was kept by a clock that has jumped.
 */
const longestMemory = 24 * 60 * 60 * 1000

/**
 * The circuits worth keeping: those set by hand, and the youngest others as far as the file stays under its cap. The same
 * array where all stay.
 */
export function boundedCircuits(circuits: readonly Circuit[], now: number): readonly Circuit[] {
  const byHand = (c: Circuit) => c.status.state === 'forced_open' || c.status.state === 'disabled'
  const alive = circuits.filter((c) => byHand(c) || !(Math.abs(now - Date.parse(c.lastTrip.at)) > longestMemory))
  let kept = alive
  while (kept.length > 1 && JSON.stringify({ version: 1, circuits: kept }, null, 2).length > mostStateBytes) {
    const oldest = kept.find((c) => !byHand(c)) ?? kept[0]
    kept = kept.filter((c) => c !== oldest)
  }
  return kept.length === circuits.length ? circuits : kept
}
