import type { Config } from '../config/schema.ts'
import { type CallPattern, detect, type PatternLimits } from '../patterns/patterns.ts'
import type { CallEntry } from '../windows/entry.ts'
import { modeOf } from './draft.ts'
import { progressOf, type SessionMemory } from './memory.ts'

/** Patterns that need to see each turn as it ends once a streak has begun. */
const watched: readonly CallPattern[] = ['tool_failure', 'repeated_call', 'busy_polling']
/** A streak whose last call lies further back than this many turns has come to an end, as far as speed is concerned. */
const recentTurns = 3

/**
 * Whether a streak is one step from tripping, or a halted subagent's parent is still to be told: while that is so, nothing
 * may wait in the spool. The patterns are asked with their thresholds one lower, so that no second place knows a rule. A
 * call that was rejected before it ran is a streak by itself: no failure event tells of the next one.
 */
export function isNear(memory: SessionMemory, config: Config): boolean {
  if (memory.halted.length > 0) return true
  const limits = lowered(config.circuit_breakers)
  const patterns = watched.filter((pattern) => modeOf(config, pattern) !== 'off')
  return recentCalls(memory).some((latest) => {
    if (latest.outcome === 'invalid') return true
    const entries = memory.entries.slice(0, memory.entries.indexOf(latest) + 1)
    return patterns.some((pattern) => detect(pattern, limits, { entries, latest, now: 0 })?.level === 'trip')
  })
}

const lowered = (limits: Config['circuit_breakers']): PatternLimits => ({
  ...limits,
  tool_failure: { ...limits.tool_failure, threshold: limits.tool_failure.threshold - 1 },
  repeated_call: { ...limits.repeated_call, threshold: limits.repeated_call.threshold - 1 },
  busy_polling: { ...limits.busy_polling, threshold: limits.busy_polling.threshold - 1 },
})

function recentCalls(memory: SessionMemory): CallEntry[] {
  return memory.entries.filter(
    (entry): entry is CallEntry =>
      entry.kind === 'call' && entry.turn >= progressOf(memory, entry.agent).turn - recentTurns,
  )
}
