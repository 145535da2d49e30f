import type { PatternName } from '../patterns/finding.ts'
import type { ReplayedSession, ReplayTrip } from './replayer.ts'

/** A true loop, read by hand. */
export interface LoopLabel {
  readonly source: string
  readonly session: string
  readonly agent: string
  /** First and last call, counted from 0 over the session's calls. */
  readonly start: number
  readonly end: number
  readonly kind: string
  readonly grade: string
}

/** A session that was replayed, and where it came from. */
export interface EvaluatedSession extends ReplayedSession {
  readonly source: string
}

/** Trips of one pattern in one source, those inside labelled loops left out. */
export interface FalseAlarms {
  readonly source: string
  readonly pattern: PatternName
  readonly trips: number
  readonly sessions: number
  readonly warnings: number
}

/** What became of a labelled loop. */
export interface CaughtLoop {
  readonly label: LoopLabel
  /** The first blocking trip in it; absent: missed. */
  readonly trip?: ReplayTrip
  /** Calls into the loop at which it was blocked, the label's first call being 1. */
  readonly callsIn?: number
  /** Calls into the loop at which the model was first told. */
  readonly warnedIn?: number
}

export interface Evaluation {
  readonly sources: readonly { readonly source: string; readonly sessions: number; readonly calls: number }[]
  readonly falseAlarms: readonly FalseAlarms[]
  readonly outside: readonly { readonly session: EvaluatedSession; readonly trip: ReplayTrip }[]
  readonly outsideWarnings: readonly { readonly session: EvaluatedSession; readonly trip: ReplayTrip }[]
  readonly loops: readonly CaughtLoop[]
}

/** Calls by which a trip may lie behind a label's last call and still be about that loop. */
const slack = 2

/** The confusion table of replayed sessions against labels. */
export function evaluate(sessions: readonly EvaluatedSession[], labels: readonly LoopLabel[]): Evaluation {
  const outside = sessions.flatMap((session) =>
    session.trips
      .filter((trip) => !labels.some((label) => isInside(session, trip, label)))
      .map((trip) => ({ session, trip })),
  )
  const outsideWarnings = sessions.flatMap((session) =>
    session.warnings
      .filter((trip) => !labels.some((label) => isInside(session, trip, label)))
      .map((trip) => ({ session, trip })),
  )
  const sources = [...new Set(sessions.map(({ source }) => source))].sort()
  return {
    sources: sources.map((source) => {
      const own = sessions.filter((session) => session.source === source)
      return { source, sessions: own.length, calls: own.reduce((sum, { calls }) => sum + calls, 0) }
    }),
    falseAlarms: falseAlarms(outside, outsideWarnings),
    outside,
    outsideWarnings,
    loops: labels.map((label) => caught(label, sessions)),
  }
}

const isInside = (session: EvaluatedSession, trip: ReplayTrip, label: LoopLabel): boolean =>
  label.source === session.source &&
  label.session === session.session &&
  label.agent === trip.agent &&
  trip.callIndex >= label.start &&
  trip.callIndex <= label.end + slack

type Alarms = readonly { readonly session: EvaluatedSession; readonly trip: ReplayTrip }[]

function falseAlarms(outside: Alarms, warnings: Alarms): FalseAlarms[] {
  const rows = new Map<
    string,
    { source: string; pattern: PatternName; trips: number; sessions: Set<string>; warnings: number }
  >()
  const row = ({ session, trip }: Alarms[number]) => {
    const key = `${session.source} ${trip.pattern}`
    const known = rows.get(key) ?? {
      source: session.source,
      pattern: trip.pattern,
      trips: 0,
      sessions: new Set(),
      warnings: 0,
    }
    rows.set(key, known)
    return known
  }
  for (const alarm of outside) {
    const known = row(alarm)
    known.trips += 1
    known.sessions.add(alarm.session.session)
  }
  for (const alarm of warnings) row(alarm).warnings += 1
  return [...rows.values()]
    .map((known) => ({ ...known, sessions: known.sessions.size }))
    .sort((a, b) => a.source.localeCompare(b.source) || a.pattern.localeCompare(b.pattern))
}

function caught(label: LoopLabel, sessions: readonly EvaluatedSession[]): CaughtLoop {
  const session = sessions.find((each) => each.session === label.session && each.source === label.source)
  if (session === undefined) return { label }
  const trip = session.trips.find((each) => isInside(session, each, label))
  const told = [...session.trips, ...session.warnings]
    .filter((each) => isInside(session, each, label))
    .map(({ callIndex }) => callIndex - label.start + 1)
  return {
    label,
    ...(trip === undefined ? {} : { trip, callsIn: trip.callIndex - label.start + 1 }),
    ...(told.length === 0 ? {} : { warnedIn: Math.min(...told) }),
  }
}
