import type { Outcome } from '../calls/outcome.ts'

/** What the window keeps of one call: fingerprints and numbers, no contents. */
export interface CallEntry {
  readonly kind: 'call'
  /** `tool_use_id`. */
  readonly id: string
  /** When it settled (or was asked for, while pending), ISO 8601 UTC. */
  readonly at: string
  /** `main`, or the subagent's `agent_id`. */
  readonly agent: string
  /** Agentic turn of that agent, from 1. */
  readonly turn: number
  readonly tool: string
  readonly fingerprint: string
  readonly operationKey: string
  readonly outcome: Outcome
  /** What the result is compared by: without volatile parts for a failure, exact otherwise. Absent while unknown. */
  readonly result?: string
  /** The first telling line of a failure, without volatile parts. */
  readonly error?: string
  /** The result without its numbers. */
  readonly shape?: string
  /** A success of this call counts as a change to the project. */
  readonly edits?: true
  /** Seconds that the call slept by its own words. */
  readonly waits?: number
  /** It did nothing but sleep. */
  readonly onlyWaits?: true
  /** What it counts for in `external_api`; absent for calls that stay on the machine. */
  readonly outside?: number
  /** `PostToolBatch` has been seen for it: its turn is over. */
  readonly batched?: true
}

/** A person's prompt, in its place among the calls. */
export interface PromptEntry {
  readonly kind: 'prompt'
  readonly at: string
}

export type Entry = CallEntry | PromptEntry

/** A successful edit: somebody changed something. */
export const isEdit = (entry: Entry): boolean =>
  entry.kind === 'call' && entry.edits === true && entry.outcome === 'succeeded'

/** It runs or has run, or is about to: not rejected, refused or cancelled before it began. */
export const hasRun = ({ outcome }: CallEntry): boolean =>
  outcome === 'pending' || outcome === 'succeeded' || outcome === 'failed'

/** Whether two calls come from different sessions: in a memory that several share an agent stands with its session, `session/agent`. */
export const isFromElsewhere = (entry: CallEntry, latest: CallEntry): boolean =>
  sessionOf(entry.agent) !== sessionOf(latest.agent)

const sessionOf = (agent: string): string => agent.slice(0, Math.max(0, agent.lastIndexOf('/')))
