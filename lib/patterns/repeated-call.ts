import { type CallEntry, type Entry, isEdit } from '../windows/entry.ts'
import { hasRepeats, turnsOf, withinTurns } from '../windows/window.ts'
import { type Detector, timesInTurns } from './finding.ts'
import { type Patience, patienceOf } from './patience.ts'

export interface RepeatedCallLimits {
  /** Different turns. */
  readonly threshold: number
  readonly window_turns: number
  /** Repeats at which the model is told; 0 for never. */
  readonly warn_at: number
}

/**
 * The same call gives the same result `threshold` times inside `window_turns`, with no progress in between; a warning at
 * `warn_at`. Covers A-B-A-B and longer cycles, because what lies between two repeats does not matter unless it changes
 * something. A person's prompt starts the count anew. Repeats inside one turn count once. Who sleeps between two looks polls
 * with patience: short sleeps double the threshold, long ones are left alone, and a sleep itself is never a loop.
 */
export const repeatedCall: Detector<RepeatedCallLimits> = ({ entries, latest, limits }) => {
  if (latest.result === undefined || latest.outcome === 'cancelled' || latest.onlyWaits === true) return undefined
  // most calls repeat nothing
  if (!hasRepeats(entries, latest)) return undefined
  const from = entries.findLastIndex(
    (entry) => entry.kind === 'prompt' || changesSomething(entry, latest) || isOtherResult(entry, latest),
  )
  const since = withinTurns(entries.slice(from + 1), latest, limits.window_turns)
  const same = since.filter((entry) => isRepeat(entry, latest))
  const count = turnsOf(same)
  const threshold = limits.threshold * fuse(patienceOf(since, same.slice(-limits.threshold)))
  const level =
    count >= threshold ? 'trip' : count === limits.warn_at && threshold === limits.threshold ? 'warn' : undefined
  if (level === undefined) return undefined
  return {
    pattern: 'repeated_call',
    level,
    aim: 'call',
    why: `gave the same result ${timesInTurns(same.length, count)} and nothing was changed in between`,
    count,
    calls: same.map((entry) => entry.id),
  }
}

/** An edit, unless it is a repeat of this very Bash call, which changes nothing the second time. */
const changesSomething = (entry: Entry, latest: CallEntry): boolean =>
  isEdit(entry) && !(entry.kind === 'call' && entry.tool === 'Bash' && isRepeat(entry, latest))

const isRepeat = (entry: CallEntry, latest: CallEntry): boolean =>
  entry.fingerprint === latest.fingerprint && entry.result === latest.result && entry.outcome !== 'cancelled'

/** The same call with another result: something moved. */
const isOtherResult = (entry: CallEntry | { kind: 'prompt' }, latest: CallEntry): boolean =>
  entry.kind === 'call' &&
  entry.agent === latest.agent &&
  entry.fingerprint === latest.fingerprint &&
  entry.result !== undefined &&
  entry.result !== latest.result

/** A short wait doubles the fuse, a long one takes it away. */
const fuse = (patience: Patience): number =>
  patience === 'none' ? 1 : patience === 'short' ? 2 : Number.POSITIVE_INFINITY
