import type { Circuit } from './circuit.ts'
import { emptyMemory, type SessionMemory } from './memory.ts'

/**
 * Limits that several sessions keep together: those of one project, or of a fleet of machines. What they share is the memory
 * and the circuits of one session that stands for all of them, so that the rules are the same rules; its agents are the agents
 * of all.
 */
export interface SharedLimits {
  readonly version: 1
  readonly memory: SessionMemory
  readonly circuits: readonly Circuit[]
}

/** Name of the session that stands for all. */
export const sharedSession = 'shared'
export const noSharedLimits: SharedLimits = {
  version: 1,
  memory: /* @__PURE__ */ emptyMemory(sharedSession),
  circuits: [],
}
