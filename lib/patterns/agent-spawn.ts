import { isSpawn } from '../calls/call.ts'
import { hasRun } from '../windows/entry.ts'
import { withinTurns } from '../windows/window.ts'
import type { Detector } from './finding.ts'

export interface AgentSpawnLimits {
  readonly threshold: number
  readonly window_turns: number
}

/** More agents started than `threshold` in `window_turns`, the one asked for included. */
export const agentSpawn: Detector<AgentSpawnLimits> = ({ entries, latest, limits }) => {
  if (!isSpawn(latest.tool)) return undefined
  const spawns = withinTurns(entries, latest, limits.window_turns).filter(
    (entry) => isSpawn(entry.tool) && hasRun(entry),
  )
  if (spawns.length <= limits.threshold) return undefined
  return {
    pattern: 'agent_spawn',
    level: 'trip',
    aim: 'spawns',
    why: `more than ${limits.threshold} agents started in ${limits.window_turns} turns`,
    count: spawns.length,
    calls: spawns.map((entry) => entry.id),
  }
}
