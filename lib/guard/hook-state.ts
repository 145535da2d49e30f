import { isRecord } from '../calls/json.ts'
import { integer, list, number, object, oneOf, text, time, withDefault } from '../schema/schema.ts'
import type { DocumentKind } from '../store/store.ts'

/**
 * `hook_state.json`: what is known of each guarded hook, by its command. People and other programs read it, so its shape is
 * fixed and carries no version number; what a newer version adds stands beside it.
 */

/** One guarded hook. Times are ISO 8601 UTC, null where there is none. */
export interface HookRecord {
  readonly state: 'closed' | 'open' | 'half_open'
  /** Failures ever. */
  readonly failure_count: number
  readonly consecutive_failures: number
  /** Successes since the last failure or change of state. */
  readonly consecutive_successes: number
  readonly first_failure: string | null
  readonly last_failure: string | null
  readonly last_success: string | null
  /** One line, secrets taken out. */
  readonly last_error: string | null
  /** When the circuit opened; null while closed. */
  readonly disabled_at: string | null
  /** When the hook is tried again; null while closed. */
  readonly retry_after: string | null
  /** `guard`: what it protects must not go unprotected in silence. */
  readonly class: HookClass
  /** Runs ever; skipped ones are none. */
  readonly execution_count: number
  /** Run times of the latest runs, milliseconds, oldest first. */
  readonly durations_ms: readonly number[]
  /** The one trial of a half-open circuit. */
  readonly probe?: { readonly id: string; readonly claimed_at: string }
}

export type HookClass = 'convenience' | 'guard'

export interface HookStatistics {
  /** Runs of all hooks ever; skipped ones are none. */
  readonly total_executions: number
  readonly total_failures: number
  /** Hooks whose circuit is not closed. */
  readonly hooks_disabled: number
  readonly last_updated: string | null
}

export interface HookState {
  readonly hooks: Readonly<Record<string, HookRecord>>
  readonly global_stats: HookStatistics
  /** How far the tallies of runs have been counted in, bytes by their names. */
  readonly tallied?: Readonly<Record<string, number>>
}

/** Run times that are kept of one hook. */
export const mostDurations = 50
/** Hooks that are kept; those that nothing has happened to for longest go first. */
export const mostHooks = 1000

export const newRecord: HookRecord = {
  state: 'closed',
  failure_count: 0,
  consecutive_failures: 0,
  consecutive_successes: 0,
  first_failure: null,
  last_failure: null,
  last_success: null,
  last_error: null,
  disabled_at: null,
  retry_after: null,
  class: 'convenience',
  execution_count: 0,
  durations_ms: [],
}

const noHooks: HookState = {
  hooks: {},
  global_stats: { total_executions: 0, total_failures: 0, hooks_disabled: 0, last_updated: null },
}

const count = withDefault(integer(0), 0)
const moment = time()
const recordSchema = object(
  {
    state: oneOf('closed', 'open', 'half_open'),
    failure_count: count,
    consecutive_failures: count,
    consecutive_successes: count,
    class: withDefault(oneOf('convenience', 'guard'), 'convenience'),
    execution_count: count,
    durations_ms: withDefault(list(number(0)), []),
  },
  {
    first_failure: moment,
    last_failure: moment,
    last_success: moment,
    last_error: text(),
    disabled_at: moment,
    retry_after: moment,
    probe: object({ id: text(), claimed_at: moment }),
  },
)
const statisticsSchema = object(
  { total_executions: count, total_failures: count, hooks_disabled: count },
  { last_updated: moment },
)

/** @param name of the file, without its ending. */
export const hookStateKind = (name: string): DocumentKind<HookState> => ({
  key: name,
  empty: () => noHooks,
  parse(value) {
    const { hooks = {}, global_stats = {}, tallied = {} } = isRecord(value) ? value : {}
    if (!isRecord(hooks) || !isRecord(global_stats) || !isRecord(tallied)) throw new Error('field hooks is no object')
    const known = Object.entries(hooks).map(([command, record]) => [command, parseRecord(command, record)] as const)
    const offsets = Object.entries(tallied).filter(([, bytes]) => Number.isSafeInteger(bytes))
    return {
      hooks: Object.fromEntries(known),
      global_stats: { ...noHooks.global_stats, ...statisticsSchema.parse(withoutNulls(global_stats)) },
      ...(offsets.length === 0 ? {} : { tallied: Object.fromEntries(offsets) as Record<string, number> }),
    }
  },
})

function parseRecord(command: string, value: unknown): HookRecord {
  if (!isRecord(value)) throw new Error(`hook ${JSON.stringify(command.slice(0, 60))} is no object`)
  return { ...newRecord, ...recordSchema.parse(withoutNulls(value)) }
}

const withoutNulls = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))
