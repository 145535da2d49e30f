import type { PatternName } from '../patterns/finding.ts'
import type { Evaluation } from './evaluation.ts'

/** The patterns that are about loops; the others are limits. */
export const loopPatterns: readonly PatternName[] = ['tool_failure', 'repeated_call', 'busy_polling']

/** What the rules are held to on recordings of Claude Code. */
export interface Target {
  readonly what: string
  readonly limit: string
  readonly found: string
  readonly met: boolean
}

/** The targets with what was found. */
export function targetsOf(evaluation: Evaluation): Target[] {
  const alarm = (patterns: readonly PatternName[]) => alarmsOf(evaluation, patterns)
  const loops = alarm(loopPatterns)
  const caughtIn = (grade: string) => evaluation.loops.filter(({ label }) => label.grade === grade)
  const blatant = caughtIn('blatant')
  const polls = caughtIn('poll')
  const soft = [...caughtIn('edit-thrash'), ...caughtIn('mild')]
  const warned = soft.filter(({ warnedIn }) => warnedIn !== undefined).length
  const median = medianOf(blatant.map(({ callsIn }) => callsIn ?? Number.POSITIVE_INFINITY))
  const latestPoll = Math.max(0, ...polls.map(({ callsIn }) => callsIn ?? Number.POSITIVE_INFINITY))
  const share = (percent: number) => `${percent.toFixed(2)} %`
  const target = (what: string, limit: string, found: string, met: boolean): Target => ({ what, limit, found, met })
  const limits = (['agent_spawn', 'external_api'] as const).map((pattern) => {
    const { sessionsPercent } = alarm([pattern])
    return target(`${pattern}: sessions touched`, 'at most 2 %', share(sessionsPercent), sessionsPercent <= 2)
  })
  return [
    target('loop patterns: false trips per 1000 calls', 'at most 0.10', loops.per1000.toFixed(3), loops.per1000 <= 0.1),
    target(
      'loop patterns: sessions touched',
      'at most 0.7 %',
      share(loops.sessionsPercent),
      loops.sessionsPercent <= 0.7,
    ),
    ...limits,
    target(
      'blatant loops caught',
      `all ${blatant.length}`,
      `${blatant.filter(({ trip }) => trip !== undefined).length}`,
      blatant.every(({ trip }) => trip !== undefined),
    ),
    target('blatant loops: median calls until blocked', 'at most 5', `${median}`, median <= 5),
    target('polls: latest call at which one is blocked', 'at most 10', `${latestPoll}`, latestPoll <= 10),
    target('edit-thrash and mild: told', `at least half of ${soft.length}`, `${warned}`, warned * 2 >= soft.length),
  ]
}

interface Alarms {
  readonly trips: number
  readonly per1000: number
  readonly sessionsPercent: number
}

/** Trips outside labelled loops in the recordings of Claude Code. */
function alarmsOf({ sources, outside }: Evaluation, patterns: readonly PatternName[]): Alarms {
  const isClient = (source: string) => source.startsWith('claude-code')
  const own = outside.filter(({ session, trip }) => isClient(session.source) && patterns.includes(trip.pattern))
  const total = sources.filter(({ source }) => isClient(source))
  const calls = total.reduce((sum, each) => sum + each.calls, 0)
  const sessions = total.reduce((sum, each) => sum + each.sessions, 0)
  const touched = new Set(own.map(({ session }) => `${session.source} ${session.session}`)).size
  return {
    trips: own.length,
    per1000: calls === 0 ? 0 : (1000 * own.length) / calls,
    sessionsPercent: sessions === 0 ? 0 : (100 * touched) / sessions,
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

/** The whole evaluation as text, or as Markdown for the docs. */
export function evaluationText(
  evaluation: Evaluation,
  options: { readonly cpuSeconds: number; readonly markdown: boolean },
): string[] {
  const calls = evaluation.sources.reduce((sum, source) => sum + source.calls, 0)
  const heading = (text: string) => ['', options.markdown ? `### ${text}` : text.toUpperCase(), '']
  const rows = (head: readonly string[], body: readonly (readonly string[])[]) => tableOf(head, body, options.markdown)
  return [
    ...heading('Targets'),
    ...rows(
      ['target', 'limit', 'found', ''],
      targetsOf(evaluation).map(({ what, limit, found, met }) => [what, limit, found, met ? 'met' : 'MISSED']),
    ),
    ...heading('Recordings'),
    ...rows(
      ['source', 'sessions', 'calls'],
      evaluation.sources.map(({ source, sessions, calls: own }) => [source, `${sessions}`, `${own}`]),
    ),
    '',
    `${calls} calls in ${options.cpuSeconds.toFixed(1)} s of processor time: ${Math.round(calls / options.cpuSeconds)} calls per second.`,
    ...heading('Outside labelled loops'),
    ...rows(
      ['source', 'pattern', 'trips', 'per 1000 calls', 'sessions', 'only told'],
      evaluation.falseAlarms.map(({ source, pattern, trips, sessions, warnings }) => {
        const own = evaluation.sources.find((each) => each.source === source)
        return [
          source,
          pattern,
          `${trips}`,
          ((1000 * trips) / (own?.calls ?? 1)).toFixed(3),
          `${sessions}`,
          `${warnings}`,
        ]
      }),
    ),
    ...heading('Labelled loops'),
    ...rows(
      ['source', 'session', 'grade', 'kind', 'calls', 'told at', 'blocked at', 'by'],
      evaluation.loops.map(({ label, trip, callsIn, warnedIn }) => [
        label.source,
        label.session,
        label.grade,
        label.kind,
        `${label.end - label.start + 1}`,
        `${warnedIn ?? '–'}`,
        `${callsIn ?? '–'}`,
        trip?.pattern ?? '–',
      ]),
    ),
    ...heading('Trips to be read'),
    ...evaluation.outside.map(
      ({ session, trip }) =>
        `- ${session.source} ${session.session} call ${trip.callIndex} (${trip.agent}, turn ${trip.turn}): ${trip.pattern}, ${trip.subject} ${trip.reason}`,
    ),
  ]
}

function tableOf(head: readonly string[], body: readonly (readonly string[])[], markdown: boolean): string[] {
  if (markdown) {
    const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
    return [row(head), row(head.map(() => '---')), ...body.map(row)]
  }
  const widths = head.map((cell, i) => Math.max(cell.length, ...body.map((row) => row[i]?.length ?? 0)))
  return [head, ...body].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
