import type { Call } from '../calls/call.ts'
import type { Outcome } from '../calls/outcome.ts'
import type { ResultFingerprints } from '../calls/result.ts'
import type { Nesting } from '../patterns/hook-recursion.ts'

/** What the engine is told, whoever tells it: a hook, a spool file, a replayed transcript. */
export type EngineEvent =
  | PromptEvent
  | RequestEvent
  | SettledEvent
  | BatchEvent
  | { readonly kind: 'agent_started'; readonly agent: string }
  | { readonly kind: 'agent_stopped'; readonly agent: string }
  /** The main agent finished its answer; `background` tells whether agents still run behind it. */
  | { readonly kind: 'stopped'; readonly background: boolean }
  /** A client started on this session; no agent of an earlier process is running any more. */
  | { readonly kind: 'session_started' }
  /** The client ended; the session may be resumed. */
  | { readonly kind: 'session_ended' }

export interface PromptEvent {
  readonly kind: 'prompt'
  /** `prompt_id`; a queued message carries the running one. */
  readonly promptId?: string
  /** Not text of a machine, as far as the prompt itself tells. */
  readonly typed: boolean
  /** A person sits in front of this session: their prompt means that they have seen what happened. */
  readonly attended: boolean
  /** The bypass words stand in it. */
  readonly bypass: boolean
  /** Where the session that takes it stands; absent where nobody looked. */
  readonly nesting?: Nesting
}

/** Who does something, and when in the agent's own count. */
export interface Actor {
  /** `main`, or `agent_id`. */
  readonly agent: string
  readonly promptId?: string
  /** A turn number that the input brought along; believed. */
  readonly turn?: number
}

/** A tool call is asked for and has not run (`PreToolUse`). */
export interface RequestEvent extends Actor {
  readonly kind: 'request'
  readonly call: Call
  /** Who typed the running prompt, where the transcript says so; read only while a bypass is claimed. */
  readonly promptOrigin?: 'person' | 'machine'
}

/** How one call ended. */
export interface Settlement {
  readonly call: Call
  readonly outcome: Outcome
  readonly result: ResultFingerprints
  /** First telling line of the result, redacted. Read for failures, refusals and what is said about a call only. */
  readonly line: string
  /** The subagent that this call ran, for `Agent` calls. */
  readonly agentId?: string
}

/** One call settled (`PostToolUse`, `PostToolUseFailure`). */
export interface SettledEvent extends Actor, Settlement {
  readonly kind: 'settled'
  /** No batch will follow that could end the turn: plain input without a turn number. */
  readonly endsTurn?: boolean
}

/** A model response's calls have all settled (`PostToolBatch`): the end of a turn. */
export interface BatchEvent extends Actor {
  readonly kind: 'batch'
  readonly calls: readonly Settlement[]
}
