import type { ChalkInstance } from 'chalk'
import { clean } from '../calls/result.ts'
import type { FileSession } from './replay-files.ts'
import type { ReplayTotals } from './replay-report.ts'
import type { ReplayTrip } from './replayer.ts'

/** Warnings that are shown one by one; the rest is counted. */
const mostWarnings = 20

/** What a replay came to, for a person. */
export function replayText(sessions: readonly FileSession[], totals: ReplayTotals, paint: ChalkInstance): string[] {
  const lines: string[] = []
  for (const session of sessions) {
    for (const trip of session.trips) lines.push(...tripLines(session, trip, paint), '')
  }
  const warnings = sessions.flatMap((session) => session.warnings.map((trip) => ({ session, trip })))
  if (warnings.length > 0) lines.push(paint.bold('Only told:'))
  for (const { session, trip } of warnings.slice(0, mostWarnings)) {
    lines.push(
      `  ${paint.yellow(trip.pattern)} ${clean(trip.subject, 80)} ${clean(trip.reason, 120)} ${paint.dim(placeOf(session, trip))}`,
    )
  }
  if (warnings.length > mostWarnings)
    lines.push(paint.dim(`  and ${warnings.length - mostWarnings} more (--json shows all)`))
  if (warnings.length > 0) lines.push('')
  return [...lines, ...totalLines(totals, paint)]
}

function tripLines(session: FileSession, trip: ReplayTrip, paint: ChalkInstance): string[] {
  const end = trip.action === 'halt' ? 'run ended' : 'blocked'
  const halted = trip.haltedAtCall === undefined ? '' : `, and the run ended at call ${trip.haltedAtCall}`
  const result =
    trip.resultLine === '' || trip.reason.includes(trip.resultLine) ? [] : [`  result: ${clean(trip.resultLine, 160)}`]
  return [
    `${paint.red(end)}  ${paint.bold(clean(trip.subject, 120))}  ${paint.dim(trip.pattern)}`,
    `  ${clean(trip.reason, 240)}`,
    ...result,
    `  ${placeOf(session, trip)}`,
    `  after it: ${trip.callsAfter} calls of the same loop in ${duration(trip.secondsAfter)} would not have run${halted}`,
    ...firstLines(trip.said).map((line) => paint.dim(`  > ${line}`)),
  ]
}

const firstLines = (said: string): string[] =>
  said
    .split('\n')
    .slice(0, 2)
    .map((line) => clean(line, 200))

const placeOf = (session: FileSession, trip: ReplayTrip): string =>
  `session ${clean(session.session, 60)}${trip.agent === 'main' ? '' : `, agent ${clean(trip.agent, 40)}`}, turn ${trip.turn}, call ${trip.callIndex}, ${trip.at.slice(0, 16).replace('T', ' ')} UTC`

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

function totalLines(totals: ReplayTotals, paint: ChalkInstance): string[] {
  const share = totals.sessions === 0 ? 0 : (100 * totals.sessionsWithTrips) / totals.sessions
  return [
    paint.bold(`${totals.sessions} sessions, ${totals.calls} calls in ${totals.turns} turns`),
    `  ${totals.trips} loops or limits would have been stopped (${totals.tripsPer1000Calls} per 1000 calls), in ${totals.sessionsWithTrips} sessions (${share.toFixed(1)} %)`,
    `  ${totals.callsNotRun} calls would not have run; ${totals.warnings} times the model would only have been told`,
    ...(totals.damagedLines > 0 ? [paint.yellow(`  ${totals.damagedLines} damaged lines passed over`)] : []),
    ...totals.problems.map((problem) => paint.yellow(`  passed over: ${clean(problem, 300)}`)),
  ]
}
