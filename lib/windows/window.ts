import type { CallEntry, Entry } from './entry.ts'
import { sameMoment } from './same-moment.ts'

/** Entries of an agent that are younger than `turns` turns, counted back from `latest`, `latest` included, oldest first. */
export function withinTurns(entries: readonly Entry[], latest: CallEntry, turns: number): CallEntry[] {
  return entries.filter(
    (entry): entry is CallEntry =>
      entry.kind === 'call' &&
      entry.turn > latest.turn - turns &&
      entry.turn <= latest.turn &&
      entry.agent === latest.agent,
  )
}

/** Whether the call was made before, by this agent, whatever came of it. */
export function hasRepeats(entries: readonly Entry[], latest: CallEntry): boolean {
  return entries.some(
    (entry) =>
      entry.kind === 'call' &&
      entry.fingerprint === latest.fingerprint &&
      entry.agent === latest.agent &&
      entry.id !== latest.id,
  )
}

/** Calls of all agents inside the `seconds` before `now`. What lies in the future (a clock that jumped) is left out. */
export function withinSeconds(entries: readonly Entry[], now: number, seconds: number): CallEntry[] {
  return entries.filter((entry): entry is CallEntry => {
    const age = (now - Date.parse(entry.at)) / 1000
    return entry.kind === 'call' && age >= -sameMoment && age < seconds
  })
}

/** Calls of all agents from that moment on, milliseconds since 1970. */
export const callsSince = (entries: readonly Entry[], since: number): CallEntry[] =>
  entries.filter((entry): entry is CallEntry => entry.kind === 'call' && Date.parse(entry.at) >= since)

/** How many different turns the entries come from. */
export const turnsOf = (entries: readonly CallEntry[]): number => new Set(entries.map((entry) => entry.turn)).size

/** Median of the times between neighbours, seconds; Infinity for fewer than two entries. */
export function medianSpacing(entries: readonly CallEntry[]): number {
  const times = entries.map((entry) => Date.parse(entry.at))
  const gaps = times.slice(1).map((time, i) => (time - (times[i] as number)) / 1000)
  gaps.sort((a, b) => a - b)
  return gaps.length === 0 ? Number.POSITIVE_INFINITY : (gaps[Math.floor(gaps.length / 2)] as number)
}
