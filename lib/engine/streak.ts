import type { Config } from '../config/schema.ts'
import { type CallPattern, detect } from '../patterns/patterns.ts'
import type { CallEntry } from '../windows/entry.ts'
import { modeOf } from './draft.ts'
import { progressOf, type SessionMemory } from './memory.ts'
import { withThresholds } from './thresholds.ts'

/** Patterns of which a streak is looked for. */
const watched = ['tool_failure', 'repeated_call', 'busy_polling'] as const satisfies readonly CallPattern[]
/** A streak whose last call lies further back than this many turns has come to an end, as far as speed is concerned. */
const recentTurns = 3

/**
 * How far the furthest streak of a session has come.
 * - `near`: one step from tripping, or a halted subagent's parent is still to be told. Nothing may wait in the spool.
 * - `begun`: there is a repeat. Batches are taken in one by one, in the background.
 * - `none`: whatever comes next, several batches may gather.
 */
export type Streak = 'none' | 'begun' | 'near'

/**
 * Looks for it. The patterns are asked with other thresholds, so that no second place knows a rule. A call that was rejected before
 * it ran is near by itself: no failure event tells of the next one.
 */
export function streakOf(memory: SessionMemory, config: Config): Streak {
  const calls = recentCalls(memory)
  const patterns = watched.filter((pattern) => modeOf(config, pattern) !== 'off')
  const wouldTrip = (threshold: (own: number) => number) => {
    const limits = withThresholds(config.circuit_breakers, watched, threshold)
    return calls.some((latest) => {
      const entries = memory.entries.slice(0, memory.entries.indexOf(latest) + 1)
      return patterns.some((pattern) => detect(pattern, limits, { entries, latest, now: 0 })?.level === 'trip')
    })
  }
  if (memory.halted.length > 0 || calls.some(({ outcome }) => outcome === 'invalid')) return 'near'
  if (wouldTrip((threshold) => threshold - 1)) return 'near'
  return wouldTrip(() => 2) ? 'begun' : 'none'
}

function recentCalls(memory: SessionMemory): CallEntry[] {
  return memory.entries.filter(
    (entry): entry is CallEntry =>
      entry.kind === 'call' && entry.turn >= progressOf(memory, entry.agent).turn - recentTurns,
  )
}
