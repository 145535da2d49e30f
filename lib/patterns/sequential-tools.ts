import { withinTurns } from '../windows/window.ts'
import { type Detector, inTurns } from './finding.ts'

export interface SequentialToolsLimits {
  readonly threshold: number
  readonly window_turns: number
}

/** One tool more than `threshold` times in `window_turns`. Told once, when the limit is passed; never a reason to refuse. */
export const sequentialTools: Detector<SequentialToolsLimits> = ({ entries, latest, limits }) => {
  const same = withinTurns(entries, latest, limits.window_turns).filter((entry) => entry.tool === latest.tool)
  if (same.length !== limits.threshold + 1) return undefined
  return {
    pattern: 'sequential_tools',
    level: 'trip',
    aim: 'tool',
    why: `was used more than ${limits.threshold} times in ${inTurns(limits.window_turns)}`,
    count: same.length,
    calls: same.map((entry) => entry.id),
  }
}
