import { isEdit } from '../windows/entry.ts'
import { hasRepeats, medianSpacing, turnsOf, withinTurns } from '../windows/window.ts'
import { type Detector, timesInTurns } from './finding.ts'

export interface BusyPollingLimits {
  /** Different turns. */
  readonly threshold: number
  readonly window_turns: number
  /** Repeats at which the model is told; 0 for never. */
  readonly warn_at: number
  /** Median time between two polls below which they are busy. */
  readonly max_spacing_seconds: number
}

/**
 * The same call gives the same result but for its numbers, `threshold` times inside `window_turns`, the median time between
 * two of them under `max_spacing_seconds`; a warning at `warn_at`. Cleared by a person's prompt or an edit. The same job
 * asked with growing pauses is left alone.
 */
export const busyPolling: Detector<BusyPollingLimits> = ({ entries, latest, limits }) => {
  if (latest.shape === undefined || latest.outcome !== 'succeeded') return undefined
  // most calls repeat nothing
  if (!hasRepeats(entries, latest)) return undefined
  const from = entries.findLastIndex((entry) => entry.kind === 'prompt' || isEdit(entry))
  const same = withinTurns(entries.slice(from + 1), latest, limits.window_turns).filter(
    (entry) =>
      entry.fingerprint === latest.fingerprint && entry.shape === latest.shape && entry.outcome === 'succeeded',
  )
  const count = turnsOf(same)
  const level = count >= limits.threshold ? 'trip' : count === limits.warn_at ? 'warn' : undefined
  if (level === undefined) return undefined
  // over the last ones only: patience that has ended excuses nothing, and an edit in between cannot make a case
  const spacing = medianSpacing(same.slice(-limits.threshold))
  if (spacing >= limits.max_spacing_seconds) return undefined
  return {
    pattern: 'busy_polling',
    level,
    aim: 'call',
    why: `was asked ${timesInTurns(same.length, count)}, about every ${Math.max(1, Math.round(spacing))} s, and answered the same but for its numbers`,
    count,
    calls: same.map((entry) => entry.id),
  }
}
