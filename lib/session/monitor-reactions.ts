import { reactions } from '../engine/reactions.ts'
import { follow } from './aftermath.ts'
import { lostCircuits } from './lost-circuits.ts'
import { applyRan } from './together.ts'

/**
 * What the monitor needs for few events: where a loop is found or something else is met, where something is to be logged or told,
 * and for calls that sessions count together. A part of its own, `parts/circuit-breaker-reactions.ts`.
 */
export const monitorReactions = { reactions, follow, lostCircuits, applyRan }

export type MonitorReactions = typeof monitorReactions
