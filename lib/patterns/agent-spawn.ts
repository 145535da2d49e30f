import { isSpawn } from '../calls/call.ts'
import { type CallEntry, hasRun, isFromElsewhere } from '../windows/entry.ts'
import { callsSince, withinTurns } from '../windows/window.ts'
import type { Detector } from './finding.ts'

export interface AgentSpawnLimits {
  readonly threshold: number
  readonly window_turns: number
  /** Whose spawns count: in all but `project` and `fleet` those of the agent that asks. */
  readonly scope: string
}

/** The least time in which the spawns of other agents count, milliseconds. */
const leastTime = 60_000

/**
 * More agents started than `threshold` in `window_turns`, the one asked for included. Where several sessions keep the limit
 * together, each has turns of its own: what others started counts for the time that the asking agent's turns took, a minute at
 * least.
 */
export const agentSpawn: Detector<AgentSpawnLimits> = ({ entries, latest, limits, now }) => {
  if (!isSpawn(latest.tool)) return undefined
  const counts = (entry: CallEntry): boolean => isSpawn(entry.tool) && hasRun(entry)
  const turns = withinTurns(entries, latest, limits.window_turns)
  const own = turns.filter(counts)
  const since = Math.min(Date.parse(turns[0]?.at ?? latest.at), now - leastTime)
  const isShared = limits.scope === 'project' || limits.scope === 'fleet'
  const others = isShared
    ? callsSince(entries, since).filter((entry) => entry.agent !== latest.agent && counts(entry))
    : []
  const spawns = [...own, ...others]
  if (spawns.length <= limits.threshold) return undefined
  const together = others.some((entry) => isFromElsewhere(entry, latest)) ? ', all sessions together' : ''
  return {
    pattern: 'agent_spawn',
    level: 'trip',
    aim: 'spawns',
    why: `more than ${limits.threshold} agents started in ${limits.window_turns} turns${together}`,
    count: spawns.length,
    calls: spawns.map((entry) => entry.id),
  }
}
