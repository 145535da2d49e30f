import type { ChalkInstance } from 'chalk'
import { clean } from '../calls/result.ts'
import type { Counts, HistoryReport, TimeReport } from './history.ts'
import { type Columns, columnsFor, tells } from './history-columns.ts'
import { leastTrips } from './limit-advice.ts'
import { counted, moment, span } from './quantities.ts'
import { sentence } from './sentence.ts'

/** Columns that a line may have. */
const width = 100
/** Lines of a table that are shown; `--json` has them all. */
const mostRows = { days: 31, subjects: 8 }

/** The history for a person: what tripped and when, what it cost, and which limits are worth changing. */
export function historyText(report: HistoryReport, project: string, paint: ChalkInstance): string[] {
  const { days, from, to, patterns, subjects } = report
  const period = `the last ${counted(days, 'day')}, ${from.slice(0, 10)} to ${to.slice(0, 10)} (UTC)`
  const head = [`Breakerbox in ${clean(project, 200)}`, paint.dim(sentence(period, '')), '']
  if (patterns.length === 0)
    return [...head, paint.green(`Nothing tripped and nothing was refused.`), '', ...readLines(report, paint)]
  return [
    ...head,
    ...dayTable(report, paint),
    '',
    ...patternTable(report, paint),
    ...(subjects.length === 0 ? [] : ['', ...subjectTable(report, paint)]),
    ...timeLines(report.time).flatMap((line) => ['', ...wrapped(line)]),
    ...alarmLines(report),
    '',
    ...adviceLines(report, paint),
    '',
    ...readLines(report, paint),
  ]
}

const heads = (shown: Columns): string => shown.map(([head]) => head.toUpperCase()).join('  ')
/** Nothing is easier to read than a zero among numbers. */
const cell = (value: number, room: number): string => `${value === 0 ? '·' : value}`.padStart(room)
const cells = (shown: Columns, counts: Counts): string =>
  shown.map(([head, kind]) => cell(counts[kind] ?? 0, head.length)).join('  ')

function dayTable(report: HistoryReport, paint: ChalkInstance): string[] {
  const { perDay } = report
  const shown = columnsFor(report)
  const telling = perDay.filter(({ counts }) => tells(counts, shown))
  const rows = telling.slice(-mostRows.days).map(({ day, counts, trips }) => {
    const names = Object.entries(trips).map(([name, count]) => (count === 1 ? name : `${name} ${count}`))
    return fitted(`${day}  ${cells(shown, counts)}  ${names.join(', ')}`.trimEnd())
  })
  const left = telling.length - rows.length
  const quiet = perDay.length - telling.length
  return [
    paint.dim(`DAY         ${heads(shown)}  TRIPPED`),
    ...rows,
    ...(left > 0 ? [paint.dim(`… and ${counted(left, 'earlier day')}; --json has them all`)] : []),
    ...(quiet > 0 ? [paint.dim(`Nothing on ${counted(quiet, telling.length === 0 ? 'day' : 'other day')}.`)] : []),
  ]
}

function patternTable(report: HistoryReport, paint: ChalkInstance): string[] {
  const shown = columnsFor(report)
  const room = Math.max(...report.patterns.map(({ pattern }) => pattern.length), 'PATTERN'.length)
  return [
    paint.dim(`${'PATTERN'.padEnd(room)}  ${heads(shown)}`),
    ...report.patterns.map(({ pattern, counts }) => `${pattern.padEnd(room)}  ${cells(shown, counts)}`),
  ]
}

function subjectTable({ subjects }: HistoryReport, paint: ChalkInstance): string[] {
  const shown = subjects.slice(0, mostRows.subjects)
  return [
    paint.dim('TRIPS  REFUSED  HALTS  LAST TRIP (UTC)   MOST LOOPED'),
    ...shown.map(({ trips, refused, halts, lastTrip, subject, pattern }) =>
      fitted(
        `${cell(trips, 5)}  ${cell(refused, 7)}  ${cell(halts, 5)}  ${lastTrip.slice(0, 16).replace('T', ' ')}  ${clean(subject, 200)}`,
        `  ${pattern}`,
      ),
    ),
    ...(subjects.length > shown.length ? [paint.dim('--json has more of them')] : []),
  ]
}

/** A line cut to the width; what stands at its end stays. */
function fitted(line: string, end = ''): string {
  const room = width - end.length
  return `${line.length <= room ? line : `${line.slice(0, room - 1)}…`}${end}`
}

/** Text in lines that are not too long. */
export function wrapped(text: string, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}

/** What is known of the time, one sentence or two each, and how it is known. */
export function timeLines({
  loopedSeconds,
  knownTrips,
  trips,
  savedSeconds,
  estimatedRefusals,
  refusals,
}: TimeReport): string[] {
  if (trips + refusals === 0) return []
  const lost =
    loopedSeconds === null
      ? 'Time lost: unknown, because no trip in this time says since when its calls were counted.'
      : `Time lost: ${span(loopedSeconds)} in loops, from the first counted call to the trip${knownTrips === trips ? '' : ` (known of ${knownTrips} of ${trips} trips)`}.`
  if (refusals === 0) return [lost]
  const saved =
    savedSeconds === null
      ? `Time saved: not estimated, because no round of these loops is known; ${counted(refusals, 'call')} of loops ${refusals === 1 ? 'was' : 'were'} refused.`
      : `Time saved: about ${span(savedSeconds)}, an estimate: ${counted(estimatedRefusals, 'refused call')} of loops${estimatedRefusals === refusals ? '' : ` (of ${refusals})`}, each taken for the median round of its pattern's loops.`
  return [lost, saved]
}

/** What speaks against refusals, one phrase for each sign that was seen. */
export function alarmWords({ falseAlarms }: HistoryReport): string[] {
  const { bypassed, reset, passed } = falseAlarms
  return [
    ...(bypassed > 0 ? [`${bypassed} lifted by SUDO BYPASS`] : []),
    ...(reset > 0 ? [`${reset} reset by hand within ten minutes`] : []),
    ...(passed > 0 ? [`${passed} over at the first probe, with nothing edited`] : []),
  ]
}

function alarmLines(report: HistoryReport): string[] {
  const { trips } = report.falseAlarms
  if (trips === 0) return []
  const words = alarmWords(report)
  const of = `of ${counted(trips, 'trip')}`
  return [
    '',
    ...wrapped(
      words.length === 0
        ? `Signs of a false alarm: none; ${of}, none was lifted by a person or over at the first probe.`
        : `Signs of a false alarm: ${of}, ${words.join('; ')}.`,
    ),
  ]
}

function adviceLines({ suggestions }: HistoryReport, paint: ChalkInstance): string[] {
  if (suggestions.length === 0)
    return wrapped(
      `Limits: nothing speaks for a change. (One is proposed from ${leastTrips} trips of a pattern on, in more than one session or on more than one day.)`,
    )
  return suggestions.flatMap(({ field, current, proposed, because, config, tryWith }, index) => [
    ...(index > 0 ? [''] : []),
    `${paint.yellow('Worth changing:')} ${field}, from ${current} to ${proposed}`,
    ...wrapped(sentence(because), '  '),
    '  try it on recorded sessions:',
    `    ${tryWith}`,
    '  then into .claude/memory/circuit_breaker_config.json:',
    `    ${JSON.stringify(config)}`,
  ])
}

function readLines({ read, knownSince }: HistoryReport, paint: ChalkInstance): string[] {
  return wrapped(readWords({ read, knownSince })).map((line) => paint.dim(line))
}

/** What the report is made of, and what it cannot know. */
export function readWords({
  read: { incidents, files, damaged, leftOut, isCut },
  knownSince,
}: Pick<HistoryReport, 'read' | 'knownSince'>): string {
  const cut = isCut ? '; older parts are deleted (memory_limits.telemetry_keep_rotations)' : ''
  return [
    `Read ${counted(incidents, 'incident')} in ${counted(files, 'file')}.`,
    ...(knownSince === null ? [] : [`The log begins at ${moment(knownSince)}${cut}.`]),
    ...(leftOut > 0 ? [`${counted(leftOut, 'older incident')} ${leftOut === 1 ? 'was' : 'were'} left out.`] : []),
    ...(damaged > 0 ? [`${counted(damaged, 'damaged line')} ${damaged === 1 ? 'was' : 'were'} passed over.`] : []),
  ].join(' ')
}
