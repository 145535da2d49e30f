import { hasRun, isFromElsewhere } from '../windows/entry.ts'
import { withinSeconds } from '../windows/window.ts'
import type { Detector } from './finding.ts'

export interface ExternalApiLimits {
  readonly threshold: number
  readonly window_seconds: number
  /** Whose calls count: with `agent` those of the agent that asks, else all in the window. */
  readonly scope: string
}

/**
 * More calls to the outside than `threshold` in `window_seconds`, the one asked for included. A call of an MCP server counts
 * for less (`mcp_weight`), because many servers run on this machine.
 */
export const externalApi: Detector<ExternalApiLimits> = ({ entries, latest, limits, now }) => {
  if (latest.outside === undefined) return undefined
  const outside = withinSeconds(entries, now, limits.window_seconds).filter(
    (entry) =>
      entry.outside !== undefined && hasRun(entry) && (limits.scope !== 'agent' || entry.agent === latest.agent),
  )
  const weight = outside.reduce((sum, entry) => sum + (entry.outside ?? 0), 0)
  if (weight <= limits.threshold) return undefined
  const together = outside.some((entry) => isFromElsewhere(entry, latest)) ? ', all sessions together' : ''
  return {
    pattern: 'external_api',
    level: 'trip',
    aim: 'outside',
    why: `more than ${limits.threshold} calls to the outside in ${limits.window_seconds} s${together}`,
    count: outside.length,
    calls: outside.map((entry) => entry.id),
  }
}
