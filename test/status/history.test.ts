import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { defaultConfig, parseConfig } from '../../lib/config/load.ts'
import type { Config } from '../../lib/config/schema.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import { episodesOf, signOf } from '../../lib/status/episodes.ts'
import { firstMoment, type HistoryReport, historyReport } from '../../lib/status/history.ts'
import { historyText } from '../../lib/status/history-text.ts'
import { leastTrips } from '../../lib/status/limit-advice.ts'
import { at, incident, noon, past } from './past.ts'

const made = (incidents: readonly Incident[], config: Config = defaultConfig(), days = 14): HistoryReport =>
  historyReport(past(incidents), config, days, noon)
const text = (report: HistoryReport): string => historyText(report, '/p', new Chalk({ level: 0 })).join('\n')

/** A trip that counted `count` calls since so many minutes before. */
const trip = (minutes: number, since: number, more: Partial<Incident> = {}): Incident =>
  incident(minutes, 'trip', { since: at(minutes + since), count: 3, ...more })

describe('days', () => {
  it('are calendar days in UTC, today included', () => {
    expect(new Date(firstMoment(1, noon)).toISOString()).toBe('2026-03-04T00:00:00.000Z')
    expect(new Date(firstMoment(14, noon)).toISOString()).toBe('2026-02-19T00:00:00.000Z')
    const report = made([trip(12 * 60, 1), trip(12 * 60 + 1, 1), incident(5, 'denial')], defaultConfig(), 2)
    expect(report.perDay).toEqual([
      { day: '2026-03-03', counts: { trip: 1 }, trips: { tool_failure: 1 } },
      { day: '2026-03-04', counts: { trip: 1, denial: 1 }, trips: { tool_failure: 1 } },
    ])
    expect(report).toMatchObject({ counts: { trip: 2, denial: 1 }, falseAlarms: { trips: 2 } })
  })

  it('leave out what was before and what a clock that jumped wrote after', () => {
    const report = made([trip(3 * 24 * 60, 1), trip(-2 * 24 * 60, 1)], defaultConfig(), 2)
    expect(report).toMatchObject({ counts: {}, subjects: [], read: { incidents: 0 } })
  })
})

describe('an episode is one circuit from its trip to its end', () => {
  it.each<[string, readonly Incident[], object[]]>([
    [
      'refused, tried in vain, tried again, closed',
      [
        trip(9, 1),
        incident(8, 'denial'),
        incident(7, 'probe'),
        incident(7, 'reopen'),
        incident(6, 'denial'),
        incident(5, 'probe'),
        incident(5, 'recovery'),
        incident(4, 'denial'),
      ],
      [{ refused: 2, probes: 2, reopened: 1, end: { by: 'recovery' } }],
    ],
    [
      'two agents of a session are two, and a reset of the whole session ends the last',
      [trip(9, 1), trip(8, 1, { agent: 'a1' }), incident(7, 'denial'), { ...incident(6, 'reset'), agent: 'a1' }],
      [{ refused: 1 }, { refused: 0, end: { by: 'reset' } }],
    ],
    [
      'a new trip of the same circuit: the last has ended without a word',
      [trip(9, 1), trip(5, 1), incident(4, 'denial')],
      [{ refused: 0 }, { refused: 1 }],
    ],
    [
      'two sessions',
      [trip(9, 1), trip(8, 1, { session: 'T' }), incident(7, 'denial', { session: 'T' })],
      [{ refused: 0 }, { refused: 1 }],
    ],
    [
      'a limit is shared: another session is refused by the same circuit',
      [
        trip(9, 1, { pattern: 'external_api', subject: 'x' }),
        incident(8, 'denial', { pattern: 'external_api', subject: 'x', session: 'T' }),
      ],
      [{ pattern: 'external_api', refused: 1 }],
    ],
    ['what belongs to no trip belongs to none', [incident(8, 'denial'), incident(7, 'recovery')], []],
  ])('%s', (_, incidents, expected) => {
    expect(episodesOf(past(incidents).incidents)).toMatchObject(expected)
    const ends = episodesOf(past(incidents).incidents).map(({ end }) => end !== undefined)
    expect(ends).toEqual(expected.map((each) => 'end' in each))
  })
})

describe('time', () => {
  it('is lost from the first counted call to the trip, and an estimate says what refusals saved', () => {
    // Three calls in two minutes: a round of one; three in six: a round of three. The median is two.
    const report = made([
      trip(60, 2),
      incident(59, 'denial'),
      incident(58, 'denial'),
      trip(40, 6, { session: 'T' }),
      incident(39, 'denial', { session: 'T' }),
    ])
    expect(report.time).toEqual({
      loopedSeconds: 480,
      knownTrips: 2,
      trips: 2,
      savedSeconds: 360,
      estimatedRefusals: 3,
      refusals: 3,
    })
    expect(text(report)).toContain('Time lost: 8 min in loops, from the first counted call to the trip.')
    expect(text(report)).toMatch(
      /Time saved: about 6 min, an estimate: 3 refused calls of loops, each taken for the median/,
    )
  })

  it('is estimated by pattern, each with its own rounds', () => {
    const polling = { pattern: 'busy_polling', subject: 'Bash(cat log)', count: 6 } as const
    const report = made([trip(60, 2), incident(59, 'denial'), trip(30, 0.5, polling), incident(29, 'denial', polling)])
    expect(
      report.patterns.map(({ pattern, loopedSeconds, savedSeconds }) => [pattern, loopedSeconds, savedSeconds]),
    ).toEqual([
      ['tool_failure', 120, 60],
      ['busy_polling', 30, 6],
    ])
    expect(report.time).toMatchObject({ loopedSeconds: 150, savedSeconds: 66 })
  })

  it('is not invented where trips do not say since when they counted', () => {
    const report = made([incident(60, 'trip', { count: 3 }), incident(59, 'denial')])
    expect(report.time).toEqual({
      loopedSeconds: null,
      knownTrips: 0,
      trips: 1,
      savedSeconds: null,
      estimatedRefusals: 0,
      refusals: 1,
    })
    expect(text(report)).toContain('Time lost: unknown')
    expect(text(report)).toContain('Time saved: not estimated')
  })

  it.each<[string, Partial<Incident>, number | null, number | null]>([
    ['of one counted call: no round', { count: 1 }, 120, null],
    ['since a time after the trip', { since: at(1) }, null, null],
    ['since a time that is none', { since: 'x' }, null, null],
    ['without a count', { count: Number.NaN }, 120, null],
  ])('%s', (_, more, lost, saved) => {
    const { time } = made([trip(60, 2, more), incident(59, 'denial')])
    expect([time.loopedSeconds, time.savedSeconds]).toEqual([lost, saved])
  })

  it('of a limit is nobody’s loop', () => {
    expect(made([trip(60, 2, { pattern: 'external_api', count: 11 })]).time).toMatchObject({
      loopedSeconds: null,
      trips: 0,
    })
  })
})

describe('what speaks against a refusal', () => {
  const passed = [incident(8, 'probe'), incident(8, 'recovery')]
  it.each<[string, readonly Incident[], ReturnType<typeof signOf>]>([
    ['nothing: still open', [trip(9, 1)], undefined],
    ['a bypass', [trip(9, 1), incident(8, 'bypass')], 'bypassed'],
    ['a bypass, whatever came then', [trip(9, 1), incident(8.5, 'bypass'), ...passed], 'bypassed'],
    ['a reset within ten minutes', [trip(19, 1), incident(9, 'reset')], 'reset'],
    ['nothing: a later reset', [trip(19.1, 1), incident(9, 'reset')], undefined],
    ['nothing: a reset after a halt', [trip(9, 1), incident(8, 'halt'), incident(7, 'reset')], undefined],
    ['the first probe passed', [trip(9, 1), ...passed], 'passed'],
    ['nothing: something was edited', [trip(9, 1), incident(8.5, 'eased'), ...passed], undefined],
    [
      'nothing: the second probe passed',
      [trip(9, 1), incident(8.5, 'probe'), incident(8.5, 'reopen'), ...passed],
      undefined,
    ],
  ])('%s', (_, incidents, sign) => {
    expect(episodesOf(past(incidents).incidents).map(signOf)).toEqual([sign])
  })

  it('the first probe of a limit always passes, and says nothing', () => {
    const limit = { pattern: 'agent_spawn', subject: 'agents' } as const
    const incidents = [trip(9, 1, limit), incident(8, 'probe', limit), incident(8, 'recovery', limit)]
    expect(episodesOf(past(incidents).incidents).map(signOf)).toEqual([undefined])
  })
})

describe('suggestions', () => {
  type Ending = 'reset' | 'bypass' | 'passed' | 'mended' | 'open'
  /** Trips that end so, each in a session of its own unless `sessions` says otherwise. */
  const trips = (
    endings: readonly Ending[],
    { sessions = endings.length, ...more }: Partial<Incident> & { sessions?: number } = {},
  ) =>
    endings.flatMap((ending, index): Incident[] => {
      const minutes = 10 + index * 30
      const own = { ...more, session: `S${index % sessions}` }
      const later = (kind: Incident['kind'], after = 2) => incident(minutes - after, kind, own)
      return [
        trip(minutes, 1, own),
        ...(ending === 'reset' ? [later('reset')] : []),
        ...(ending === 'bypass' ? [later('bypass'), later('reset', 1)] : []),
        ...(ending === 'mended' ? [later('eased', 1)] : []),
        ...(ending === 'passed' || ending === 'mended' ? [later('probe'), later('recovery')] : []),
      ]
    })
  const repeat = (count: number, ending: Ending): Ending[] => Array.from({ length: count }, () => ending)
  const fields = (incidents: readonly Incident[], config?: Config) =>
    made(incidents, config).suggestions.map(({ field, current, proposed }) => `${field} ${current} ${proposed}`)

  const raised = ['circuit_breakers.tool_failure.threshold 3 4']
  it.each<[string, readonly Incident[], string[]]>([
    ['nothing happened', [], []],
    ['too few trips', trips(repeat(leastTrips - 1, 'reset')), []],
    ['enough, all reset by a person', trips(repeat(leastTrips, 'reset')), raised],
    ['all bypassed', trips(repeat(leastTrips, 'bypass')), raised],
    ['half of them lifted', trips([...repeat(3, 'bypass'), ...repeat(3, 'mended')]), raised],
    ['less than half lifted', trips([...repeat(2, 'reset'), ...repeat(3, 'mended')]), []],
    ['four fifths over at the first probe', trips([...repeat(4, 'passed'), 'mended']), raised],
    ['fewer over at the first probe', trips([...repeat(3, 'passed'), ...repeat(2, 'mended')]), []],
    ['all mended by an edit: the breaker was right', trips(repeat(30, 'mended')), []],
    ['one session on one day', trips(repeat(9, 'reset'), { sessions: 1 }), []],
    ['those still open count for neither side', trips([...repeat(4, 'reset'), ...repeat(9, 'open')]), []],
    [
      'an agent limit gets half as much again',
      trips(repeat(5, 'reset'), { pattern: 'agent_spawn', subject: 'agents' }),
      ['circuit_breakers.agent_spawn.threshold 5 8'],
    ],
    ['what no replay can try', trips(repeat(9, 'reset'), { pattern: 'llm_api', subject: 'the model API' }), []],
  ])('%s', (_, incidents, expected) => expect(fields(incidents)).toEqual(expected))

  it('never beyond what the config allows, and never for what does not block', () => {
    const set = (tool_failure: object) =>
      parseConfig(JSON.stringify({ circuit_breakers: { tool_failure } }), 'c').config
    const incidents = trips(repeat(9, 'reset'))
    expect(fields(incidents, set({ threshold: 99 }))).toEqual(['circuit_breakers.tool_failure.threshold 99 100'])
    expect(fields(incidents, set({ threshold: 100 }))).toEqual([])
    expect(fields(incidents, set({ mode: 'warn' }))).toEqual([])
    expect(fields(incidents, parseConfig('{"mode":"observe"}', 'c').config)).toEqual([])
  })

  it('say with numbers why, what to write and how to try it first', () => {
    const report = made(trips([...repeat(4, 'reset'), 'mended']))
    expect(report.suggestions).toEqual([
      {
        field: 'circuit_breakers.tool_failure.threshold',
        current: 3,
        proposed: 4,
        because: 'a person lifted 4 of 5 trips in 5 sessions, by a bypass or by a reset within ten minutes',
        config: { circuit_breakers: { tool_failure: { threshold: 4 } } },
        tryWith:
          'breakerbox replay ~/.claude/projects --only tool_failure --set circuit_breakers.tool_failure.threshold=4',
      },
    ])
    for (const each of report.suggestions) expect(parseConfig(JSON.stringify(each.config), 'c').problems).toEqual([])
    expect(text(report)).toContain('    {"circuit_breakers":{"tool_failure":{"threshold":4}}}')
  })
})

describe('the text', () => {
  const long = `Bash(${'very long command '.repeat(20)})`
  const full = made([
    ...Array.from({ length: 13 }, (_, index) =>
      trip(index * 24 * 60 + 20, 3, { subject: `${index} ${long}`, session: `S${index}` }),
    ),
    ...Array.from({ length: 13 }, (_, index) =>
      incident(index * 24 * 60 + 15, 'reset', { subject: `${index} ${long}`, session: `S${index}` }),
    ),
    ...(['denial', 'bypass', 'warning', 'observed', 'reopen', 'recovery', 'halt'] as const).map((kind) =>
      incident(5, kind),
    ),
    trip(4, 1, { pattern: 'repeated_call' }),
    trip(3, 1, { pattern: 'external_api' }),
    trip(2, 1, { pattern: 'agent_spawn' }),
    trip(1, 1, { pattern: 'busy_polling' }),
  ])

  it('fits 100 columns, but for what has to be copied whole', () => {
    const copied = /^ {4}(?:breakerbox replay|\{)/
    const lines = text(full).split('\n')
    expect(lines.filter((line) => line.length > 100 && !copied.test(line))).toEqual([])
    expect(lines.some((line) => copied.test(line))).toBe(true)
  })

  it('leaves out days on which nothing was, and columns that have nothing to say', () => {
    expect(text(made([trip(20, 1)]))).toMatch(
      /^DAY {9}TRIPS {2}REFUSED {2}TRIPPED\n2026-03-04 {6}1 {8}· {2}tool_failure\nNothing on 13 other days\.$/m,
    )
  })

  it('of nothing says so in a line', () => {
    expect(text(made([]))).toBe(
      'Breakerbox in /p\nThe last 14 days, 2026-02-19 to 2026-03-04 (UTC)\n\nNothing tripped and nothing was refused.\n\nRead 0 incidents in 1 file.',
    )
  })

  it('says what it cannot know', () => {
    const of = (more: Parameters<typeof past>[1]) =>
      text(historyReport(past([trip(20, 1)], more), defaultConfig(), 14, noon))
    expect(of({ begins: at(600) })).toContain('The log begins at 2026-03-04 02:00:00 UTC.')
    expect(of({ begins: at(600), archives: 5 })).toMatch(
      /older parts are deleted\n? ?\(memory_limits\.telemetry_keep_rotations\)/,
    )
    expect(of({ damaged: 2, leftOut: 1 })).toContain('1 older incident was left out. 2 damaged lines were passed over.')
  })

  it('lets no control sequence through', () => {
    const evil = 'a\u001b[2Jb\u0007\u009b31mc\rd\ne\u202ef'
    const shown = text(made([trip(20, 1, { subject: evil }), incident(5, 'denial', { subject: evil })]))
    expect(shown.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
  })
})

it('is pure, and the same after it went through JSON', () => {
  const report = made([trip(60, 2), incident(59, 'denial')])
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  expect(made([trip(60, 2), incident(59, 'denial')])).toEqual(report)
})
