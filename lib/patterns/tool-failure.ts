import { isFailure } from '../calls/outcome.ts'
import { type CallEntry, type Entry, isEdit } from '../windows/entry.ts'
import { turnsOf, withinTurns } from '../windows/window.ts'
import { type Detector, type Finding, type Sight, timesInTurns } from './finding.ts'
import { patienceOf } from './patience.ts'

export interface ToolFailureLimits {
  /** Different turns. */
  readonly threshold: number
  readonly window_turns: number
  readonly match: 'operation' | 'tool'
  /** Rounds of edit and re-run; 0 for never. */
  readonly warn_after_edit_rounds: number
}

/**
 * The same operation fails with the same error, in `threshold` different turns inside `window_turns`, with no progress in
 * between. Several failures inside one turn count once: parallel calls fail together for one reason. `match: "tool"` counts
 * any failure of the tool instead.
 *
 * Two milder forms are only told: the same error with edits in between (`warn_after_edit_rounds`), and the same error of
 * the same tool with other arguments each time, in as many turns (a quota used up, a file too large).
 */
export const toolFailure: Detector<ToolFailureLimits> = (sight) => {
  const { latest, limits } = sight
  if (!isFailure(latest.outcome)) return undefined
  const window = withinTurns(sight.entries, latest, limits.window_turns)
  if (limits.match === 'tool') return anyFailure(window, latest, limits.threshold)
  const same = sinceProgress(sight, window)
  const turns = turnsOf(same)
  // somebody who sleeps between two tries waits for something; `repeated_call` has the longer fuse for that
  if (turns >= limits.threshold && patienceOf(window, same.slice(-limits.threshold)) === 'none') {
    return {
      pattern: 'tool_failure',
      level: 'trip',
      aim: 'operation',
      why: `failed ${timesInTurns(same.length, turns)} with the same error and nothing was changed in between`,
      count: turns,
      calls: same.map((entry) => entry.id),
    }
  }
  return editRounds(sight) ?? varyingArguments(sight)
}

/** Failures of this operation with this error after the last progress. */
function sinceProgress(sight: Sight<ToolFailureLimits>, window: readonly CallEntry[]): CallEntry[] {
  const { latest } = sight
  const from = sight.entries.findLastIndex((entry, i) => isEdit(entry) || isNewResult(sight.entries, i, entry, latest))
  const young = new Set(window.map((entry) => entry.id))
  return sight.entries
    .slice(from + 1)
    .filter((entry): entry is CallEntry => isSame(entry, latest) && young.has(entry.id))
}

const isSame = (entry: Entry, latest: CallEntry): entry is CallEntry =>
  entry.kind === 'call' &&
  entry.agent === latest.agent &&
  entry.operationKey === latest.operationKey &&
  isFailure(entry.outcome) &&
  entry.result === latest.result

/** A result of the same operation that differs from the latest and had not been seen before it. */
function isNewResult(entries: readonly Entry[], at: number, entry: Entry, latest: CallEntry): boolean {
  if (entry.kind !== 'call' || entry.agent !== latest.agent || entry.operationKey !== latest.operationKey) return false
  if (entry.result === undefined || entry.result === latest.result) return false
  if (entry.outcome !== 'succeeded' && !isFailure(entry.outcome)) return false
  return !entries
    .slice(0, at)
    .some((e) => e.kind === 'call' && e.operationKey === entry.operationKey && e.result === entry.result)
}

function anyFailure(window: readonly CallEntry[], latest: CallEntry, threshold: number): Finding | undefined {
  const failures = window.filter((entry) => entry.tool === latest.tool && isFailure(entry.outcome))
  const turns = turnsOf(failures)
  if (turns < threshold) return undefined
  return {
    pattern: 'tool_failure',
    level: 'trip',
    aim: 'tool',
    why: `failed ${timesInTurns(failures.length, turns)}, whatever it was asked`,
    count: turns,
    calls: failures.map((entry) => entry.id),
  }
}

/** Rounds of edit and re-run are work, but the same error after many of them is a loop too. */
function editRounds({ entries, latest, limits }: Sight<ToolFailureLimits>): Finding | undefined {
  const rounds = limits.warn_after_edit_rounds
  if (rounds === 0) return undefined
  const same = entries.filter((entry): entry is CallEntry => isSame(entry, latest))
  const turns = turnsOf(same)
  if (turns < rounds || turns % rounds !== 0) return undefined
  return {
    pattern: 'tool_failure',
    level: 'warn',
    aim: 'operation',
    why: `still fails with the same error after ${turns} rounds of changing something and running it again`,
    count: turns,
    calls: same.map((entry) => entry.id),
  }
}

/** A milder form, so it is looked for in this many windows. */
const windowsOfComplaints = 2

/** How many turns back a failure's window reaches; rounds of edit and re-run are counted over all that is remembered. */
export const failureTurns = ({ window_turns }: Pick<ToolFailureLimits, 'window_turns'>): number =>
  window_turns * windowsOfComplaints

/** A shell's first line is whatever the program prints first, so there the whole result has to be the same. */
const complainsAlike = (entry: CallEntry, latest: CallEntry): boolean =>
  entry.error === latest.error && (latest.tool !== 'Bash' || entry.result === latest.result)

/** The same complaint about other input each time: a quota used up, a file too large, a text that is not there. */
function varyingArguments({ entries, latest, limits }: Sight<ToolFailureLimits>): Finding | undefined {
  if (latest.error === undefined) return undefined
  const alike = withinTurns(entries, latest, failureTurns(limits)).filter(
    (entry) => entry.tool === latest.tool && isFailure(entry.outcome) && complainsAlike(entry, latest),
  )
  const turns = turnsOf(alike)
  const different = new Set(alike.map((entry) => entry.fingerprint)).size
  if (different < 2 || turns !== limits.threshold) return undefined
  return {
    pattern: 'tool_failure',
    level: 'warn',
    aim: 'tool',
    why: `gave the same error ${timesInTurns(alike.length, turns)}, each time with other arguments`,
    count: turns,
    calls: alike.map((entry) => entry.id),
  }
}
