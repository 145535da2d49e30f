import type { CallEntry, Entry } from '../windows/entry.ts'

/** What is remembered of one session: its windows and its agents. No contents, only fingerprints. */
export interface SessionMemory {
  readonly version: 1
  readonly session: string
  readonly agents: readonly AgentProgress[]
  /** Calls and prompts, oldest first, at most `mostEntries`. */
  readonly entries: readonly Entry[]
  /** A person's `SUDO BYPASS`, good for one prompt. */
  readonly bypass?: Bypass
  /** Subagents that have started and not stopped. */
  readonly running: readonly string[]
  /** Subagents that were halted and whose parent has not been told yet. */
  readonly halted: readonly HaltedAgent[]
}

export interface AgentProgress {
  /** `main`, or `agent_id`. */
  readonly agent: string
  /** The turn that is under way, from 1. */
  readonly turn: number
  readonly promptId?: string
  /** Names of the last batches, so that one which arrives twice ends one turn. */
  readonly batches: readonly string[]
}

export interface Bypass {
  readonly promptId?: string
  /** Keys of the circuits that were passed under it: each is logged once. */
  readonly used: readonly string[]
  /** `tool_use_id`s that were let through: a call that is asked about twice is logged once. */
  readonly ids: readonly string[]
}

export interface HaltedAgent {
  readonly agent: string
  readonly subject: string
  readonly reason: string
}

/** Calls and prompts kept per session. */
export const mostEntries = 200
/** Agents kept per session; the longest silent is forgotten first. */
const mostAgents = 40
const mostBatches = 6

export const mainAgent = 'main'

export function emptyMemory(session: string): SessionMemory {
  return { version: 1, session, agents: [], entries: [], running: [], halted: [] }
}

/** An agent's progress, turn 1 for one that is new. */
export function progressOf(memory: SessionMemory, agent: string): AgentProgress {
  return memory.agents.find((known) => known.agent === agent) ?? { agent, turn: 1, batches: [] }
}

export function withProgress(memory: SessionMemory, progress: AgentProgress): SessionMemory {
  const others = memory.agents.filter((known) => known.agent !== progress.agent)
  const kept = { ...progress, batches: progress.batches.slice(-mostBatches) }
  return { ...memory, agents: [...others, kept].slice(-mostAgents) }
}

export function entryOf(memory: SessionMemory, id: string): CallEntry | undefined {
  return memory.entries.findLast((entry): entry is CallEntry => entry.kind === 'call' && entry.id === id)
}

/**
 * The entry put at the end; the oldest goes when there are too many.
 *
 * @param before the entry of the same call that it replaces.
 */
export function withEntry(memory: SessionMemory, entry: Entry, before?: Entry): SessionMemory {
  const others = before === undefined ? memory.entries : memory.entries.filter((e) => e !== before)
  const surplus = Math.max(0, others.length + 1 - mostEntries)
  return { ...memory, entries: [...(surplus > 0 ? others.slice(surplus) : others), entry] }
}

/** The entry put in the place of what was known of the same call. */
export function withChanged(memory: SessionMemory, entry: CallEntry, before: CallEntry): SessionMemory {
  return { ...memory, entries: memory.entries.with(memory.entries.lastIndexOf(before), entry) }
}
