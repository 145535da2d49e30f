import type { CircuitState } from '../breaker/state.ts'
import type { Call } from '../calls/call.ts'
import { isSpawn } from '../calls/call.ts'
import type { PatternName } from '../patterns/finding.ts'

/** One circuit: a pattern, where it holds, and what it refuses. Only circuits that are not plainly closed are kept. */
export interface Circuit {
  readonly pattern: PatternName
  /** What it refuses, as a person would name it, redacted: `Bash(npm test)`, `agents`, `outside calls`. */
  readonly subject: string
  readonly target: Target
  readonly session: string
  /** The agent it holds for; absent: every agent of the session. */
  readonly agent?: string
  readonly status: CircuitState
  /** Rung of the cooldown ladder, from 1; 0 when closed. */
  readonly level: number
  /** Times that it opened. */
  readonly trips: number
  readonly lastTrip: { readonly at: string; readonly turn: number; readonly reason: string }
  readonly denials: Denials
  /** Agent and turn of the probe under way, to know when it can no longer report back. */
  readonly probedIn?: string
  /** Its calls are rejected before any gate sees them; only an answer to `PostToolBatch` reaches the model. */
  readonly ungated?: true
  /** The result that made it trip, for patterns that compare results. */
  readonly result?: string
  /** The machine that tripped it, where several sessions share it. */
  readonly machine?: string
}

/** What a circuit refuses. */
export type Target =
  | { readonly kind: 'operation'; readonly key: string }
  | { readonly kind: 'call'; readonly key: string }
  | { readonly kind: 'tool'; readonly key: string }
  | { readonly kind: 'spawns' }
  | { readonly kind: 'outside' }
  /** Every call of the session. */
  | { readonly kind: 'session' }

/** Refusals since the trip, until there is progress or a person's new prompt. */
export interface Denials {
  /** At most one per agent and turn. */
  readonly count: number
  /** Agent and turn of the last one counted. */
  readonly last?: string
  /** `tool_use_id`s of the last ones: a call that is asked twice is answered twice and counted once. */
  readonly ids: readonly string[]
}

export const noDenials: Denials = { count: 0, ids: [] }

const loops: ReadonlySet<PatternName> = new Set(['tool_failure', 'repeated_call', 'busy_polling'])

/** Loop patterns may halt a run and are eased by progress; the others are limits. */
export const isLoop = (pattern: PatternName): boolean => loops.has(pattern)

/** A name that is the same for the same circuit, in one line. */
export const circuitKey = (circuit: Pick<Circuit, 'pattern' | 'target' | 'session' | 'agent'>): string =>
  [circuit.pattern, circuit.session, circuit.agent ?? '*', circuit.target.kind, targetKey(circuit.target)].join(' ')

export const targetKey = (target: Target): string => ('key' in target ? target.key : '*')

/** Whether a circuit has to be asked before this call of this agent runs. */
export function concerns(circuit: Circuit, session: string, agent: string, call: Call, outside: boolean): boolean {
  if (circuit.session !== session || (circuit.agent !== undefined && circuit.agent !== agent)) return false
  return aimsAt(circuit.target, call, outside)
}

function aimsAt(target: Target, call: Pick<Call, 'tool' | 'operationKey' | 'fingerprint'>, outside: boolean): boolean {
  switch (target.kind) {
    case 'operation':
      return target.key === call.operationKey
    case 'call':
      return target.key === call.fingerprint
    case 'tool':
      return target.key === call.tool
    case 'spawns':
      return isSpawn(call.tool)
    case 'outside':
      return outside
    case 'session':
      return true
    default:
      return target satisfies never
  }
}
