import type { FileSession } from './replay-files.ts'

/** What `breakerbox replay --json` prints. Names are promised; fields may be added. */
export interface ReplayReport {
  readonly sessions: readonly FileSession[]
  readonly totals: ReplayTotals
}

export interface ReplayTotals {
  readonly sessions: number
  readonly calls: number
  readonly turns: number
  readonly trips: number
  readonly warnings: number
  readonly tripsPer1000Calls: number
  readonly sessionsWithTrips: number
  /** Calls that would have been refused, or belong to a run that would have been ended. */
  readonly callsNotRun: number
  readonly damagedLines: number
  /** Files that are no recording, with the reason. */
  readonly problems: readonly string[]
}

/** Sums of the sessions. */
export function totalsOf(
  sessions: readonly FileSession[],
  files: { readonly damagedLines: number; readonly problems: readonly string[] },
): ReplayTotals {
  const sum = (of: (session: FileSession) => number) => sessions.reduce((total, session) => total + of(session), 0)
  const calls = sum((session) => session.calls)
  const trips = sum((session) => session.trips.length)
  return {
    sessions: sessions.length,
    calls,
    turns: sum((session) => session.turns),
    trips,
    warnings: sum((session) => session.warnings.length),
    tripsPer1000Calls: calls === 0 ? 0 : Math.round((trips / calls) * 1_000_000) / 1000,
    sessionsWithTrips: sessions.filter((session) => session.trips.length > 0).length,
    callsNotRun: sum((session) => session.trips.reduce((total, trip) => total + trip.callsAfter, 0)),
    ...files,
  }
}
