import type { CallEntry, Entry } from '../windows/entry.ts'

/** The patterns, as the config names them. */
export type PatternName =
  | 'tool_failure'
  | 'repeated_call'
  | 'busy_polling'
  | 'sequential_tools'
  | 'agent_spawn'
  | 'external_api'
  | 'hook_recursion'
  | 'llm_api'

/** What a detector saw in the window. */
export interface Finding {
  readonly pattern: PatternName
  /** `trip`: the limit is reached; `warn`: on the way there, or a milder form that is never blocked. */
  readonly level: 'trip' | 'warn'
  /** What is to be refused: the operation, exactly this call, the whole tool, all spawns, all outside calls. */
  readonly aim: 'operation' | 'call' | 'tool' | 'spawns' | 'outside'
  /** Why, with the numbers, without the subject: `failed 3 times in 3 turns with the same error`. */
  readonly why: string
  readonly count: number
  /** The calls that were counted, by id, oldest first. */
  readonly calls: readonly string[]
}

/** What a detector may look at. */
export interface Sight<Limits> {
  /** Everything in the window, oldest first, the latest call included. */
  readonly entries: readonly Entry[]
  /** The call that has just settled, or is asked for. */
  readonly latest: CallEntry
  /** The pattern's part of the config. */
  readonly limits: Limits
  /** Milliseconds since 1970. */
  readonly now: number
}

/** A detector: one pattern, one pure function. */
export type Detector<Limits> = (sight: Sight<Limits>) => Finding | undefined

/** `1 turn`, `30 turns`. */
export const inTurns = (turns: number): string => (turns === 1 ? '1 turn' : `${turns} turns`)

/** `3 times in 3 turns`. */
export const timesInTurns = (times: number, turns: number): string => `${times} times in ${inTurns(turns)}`
