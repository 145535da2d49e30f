import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import type { Circuit } from '../../lib/engine/circuit.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import type { HookRecord } from '../../lib/guard/hook-state.ts'
import { newRecord } from '../../lib/guard/hook-state.ts'
import { expositionText } from '../../lib/status/exposition.ts'
import { type MetricFacts, prometheusText } from '../../lib/status/prometheus.ts'
import { statusReport } from '../../lib/status/status-report.ts'
import { parseExposition } from './exposition-parser.ts'
import { at, incident, noon, past } from './past.ts'

const circuit: Circuit = {
  pattern: 'tool_failure',
  subject: 'Bash(secret-operation)',
  target: { kind: 'operation', key: 'k' },
  session: 'secret-session',
  agent: 'main',
  status: { state: 'open', openedAt: at(0), retryAt: at(-0.05) },
  level: 1,
  trips: 1,
  lastTrip: { at: at(1), turn: 3, reason: 'secret-reason' },
  denials: { count: 0, ids: [] },
}
const memory = {
  totalBytes: 4096,
  limitBytes: 5 * 1024 * 1024,
  telemetry: [
    { file: 'secret-file.jsonl', bytes: 100, lines: 1, limitLines: 1000, limitBytes: 51_200, ageDays: 1, limitDays: 7 },
  ],
  sessions: { active: 2, limit: 10 },
  archives: { count: 1, limit: 20, bytes: 50 },
  sessionArchives: { count: 0, bytes: 0 },
  own: {
    state: { bytes: 7, limitBytes: 20_000 },
    windows: { count: 1, bytes: 8, mostEntries: 3, limitEntries: 200 },
    spool: { count: 4, limit: 1000, bytes: 9 },
  },
  next: [],
}
const hook = (more: Partial<HookRecord>): HookRecord => ({ ...newRecord, ...more })

function facts(incidents: readonly Incident[] = [], more: Partial<MetricFacts> = {}): MetricFacts {
  const config = defaultConfig()
  const shared = { circuits: [], damage: [] }
  return {
    project: '/home/you/my-project',
    version: '1.2.3',
    status: statusReport({ config, configProblems: [], circuits: [circuit], shared, memory, incidents }, noon),
    halted: false,
    past: past(incidents),
    hooks: {
      healthy: false,
      disabled: ['secret-hook'],
      hooks: {
        'secret-hook': hook({ state: 'open', durations_ms: [100, 300] }),
        fine: hook({ durations_ms: [200, 900] }),
      },
      global_stats: { total_executions: 41, total_failures: 3, hooks_disabled: 1, last_updated: at(5) },
    },
    ...more,
  }
}
const read = (made: MetricFacts) => parseExposition(prometheusText(made, noon))
const valuesOf = (made: MetricFacts, name: string, labels: Record<string, string> = {}) =>
  read(made)
    .get(name)
    ?.samples.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .map(({ value }) => value)

describe('the format', () => {
  it('is what a strict reader takes, and every series names the project', () => {
    const families = read(facts([incident(5, 'trip'), incident(3, 'cleanup')]))
    expect(families.size).toBeGreaterThan(15)
    for (const { samples } of families.values()) {
      for (const { labels } of samples) expect(labels['project']).toBe('/home/you/my-project')
    }
  })

  it('names have the prefix, and the unit that their help speaks of', () => {
    for (const [name, { type, help }] of read(facts([incident(5, 'trip')]))) {
      expect(name).toMatch(/^breakerbox_[a-z0-9_]+$/)
      expect(help).toMatch(/\.$/)
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      if (/size of|ceiling/i.test(help)) expect(name).toMatch(/_bytes$/)
      if (/unix time/i.test(help)) expect(name).toMatch(/_timestamp_seconds$/)
    }
  })

  it.each([['a "quoted" folder'], ['C:\\projects\\new'], ['two\nlines'], ['{a="b"}'], ['Müller ✓']])(
    'a project called %j is read back as it is',
    (project) => {
      const families = read(facts([], { project }))
      expect(families.get('breakerbox_build_info')?.samples).toEqual([
        { labels: { project, version: '1.2.3' }, value: 1 },
      ])
    },
  )

  it('help and odd numbers too', () => {
    const family = { name: 'x', type: 'gauge', help: 'a\\b\nc' } as const
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, -0.5, 1e21].map((value, index) => ({
      labels: { i: `${index}` },
      value,
    }))
    const made = parseExposition(expositionText([{ ...family, samples }], {}))
    expect(made.get('x')).toMatchObject({ help: 'a\\b\nc' })
    expect(made.get('x')?.samples.map(({ value }) => value)).toEqual([Number.NaN, Number.POSITIVE_INFINITY, -0.5, 1e21])
    expect(expositionText([{ ...family, samples: [] }], {})).toBe('')
  })
})

describe('what it tells', () => {
  it('no operation, session, command, file or reason', () => {
    const text = prometheusText(
      facts([incident(5, 'trip', { subject: 'secret', session: 'secret', reason: 'secret' })]),
      noon,
    )
    expect(text).not.toContain('secret')
  })

  it('the same series whatever happened, so that a rule has something to look at', () => {
    const names = (made: MetricFacts) =>
      new Set(prometheusText(made, noon).match(/^breakerbox_(?:circuits|incidents_24h|mode|memory)[^ ]*/gm))
    expect(names(facts([incident(5, 'trip')]))).toEqual(names(facts()))
  })

  it('circuits by state and pattern, the model’s API among them', () => {
    expect(valuesOf(facts(), 'breakerbox_circuits', { pattern: 'tool_failure', state: 'open' })).toEqual([1])
    expect(valuesOf(facts(), 'breakerbox_circuits')?.reduce((sum, value) => sum + value, 0)).toBe(1)
    const { status } = facts()
    const api = {
      scope: 'project',
      state: 'half_open',
      failures: 5,
      cooldownRemainingSeconds: 0,
      retryAt: null,
      reason: 'x',
    } as const
    const troubled = facts([], { status: { ...status, llmApi: api } })
    expect(valuesOf(troubled, 'breakerbox_circuits', { pattern: 'llm_api', state: 'half_open' })).toEqual([1])
  })

  it('incidents of the last 24 hours as gauges, with the moment from which they are counted', () => {
    const made = facts([
      incident(24 * 60 + 1, 'trip'),
      incident(24 * 60 - 1, 'trip'),
      incident(5, 'denial'),
      { at: at(2), kind: 'cleanup' },
    ])
    expect(valuesOf(made, 'breakerbox_incidents_24h', { pattern: 'tool_failure', kind: 'trip' })).toEqual([1])
    expect(valuesOf(made, 'breakerbox_incidents_24h', { pattern: 'tool_failure', kind: 'denial' })).toEqual([1])
    expect(valuesOf(made, 'breakerbox_other_incidents_24h', { kind: 'cleanup' })).toEqual([1])
    expect(valuesOf(made, 'breakerbox_incidents_counted_from_timestamp_seconds')).toEqual([noon / 1000 - 86_400])
    expect(valuesOf(facts([incident(60, 'trip')]), 'breakerbox_incidents_counted_from_timestamp_seconds')).toEqual([
      noon / 1000 - 3600,
    ])
    expect(read(made).get('breakerbox_incidents_24h')?.type).toBe('gauge')
  })

  it('the last incident of each kind that is still on disk', () => {
    const made = facts([incident(3000, 'trip'), incident(60, 'denial'), incident(2, 'denial')])
    expect(valuesOf(made, 'breakerbox_last_incident_timestamp_seconds', { kind: 'denial' })).toEqual([
      noon / 1000 - 120,
    ])
    expect(valuesOf(made, 'breakerbox_last_incident_timestamp_seconds', { kind: 'trip' })).toEqual([
      noon / 1000 - 180_000,
    ])
    expect(valuesOf(made, 'breakerbox_last_incident_timestamp_seconds', { kind: 'halt' })).toEqual([])
  })

  it('only what is never forgotten as a counter', () => {
    const counters = [...read(facts())].filter(([, { type }]) => type === 'counter').map(([name]) => name)
    expect(counters).toEqual(['breakerbox_hook_runs_total', 'breakerbox_hook_failures_total'])
    expect(valuesOf(facts(), 'breakerbox_hook_runs_total')).toEqual([41])
    expect(valuesOf(facts(), 'breakerbox_hook_recent_run_seconds', { stat: 'median' })).toEqual([0.2])
    expect(valuesOf(facts(), 'breakerbox_hook_recent_run_seconds', { stat: 'max' })).toEqual([0.9])
  })

  it('memory against its limits', () => {
    expect(valuesOf(facts(), 'breakerbox_memory_bytes')).toEqual([4096])
    expect(valuesOf(facts(), 'breakerbox_memory_limit_bytes')).toEqual([5 * 1024 * 1024])
    expect(valuesOf(facts(), 'breakerbox_memory_files', { part: 'spool' })).toEqual([4])
    expect(valuesOf(facts(), 'breakerbox_memory_part_bytes', { part: 'logs' })).toEqual([100])
  })

  it('the mode, a halt, and wrong values', () => {
    expect(valuesOf(facts(), 'breakerbox_mode', { mode: 'enforce' })).toEqual([1])
    expect(valuesOf(facts(), 'breakerbox_mode', { mode: 'off' })).toEqual([0])
    expect(valuesOf(facts([], { halted: true }), 'breakerbox_halted')).toEqual([1])
    expect(valuesOf(facts(), 'breakerbox_config_problems')).toEqual([0])
    expect(valuesOf(facts(), 'breakerbox_fleet_reachable')).toBeUndefined()
  })
})

describe('the reader of this test finds', () => {
  const head = '# HELP a x.\n# TYPE a gauge\n'
  it.each([
    ['a last line without an end', `${head}a 1`],
    ['a sample without a type', 'a 1\n'],
    ['a sample of another family', `${head}b 1\n`],
    ['a family without samples', head],
    ['the same series twice', `${head}a{x="1",y="2"} 1\na{y="2",x="1"} 2\n`],
    ['a time stamp', `${head}a 1 1700000000\n`],
    ['no number', `${head}a one\n`],
    ['an unknown escape', `${head}a{x="\\t"} 1\n`],
    ['an open quote', `${head}a{x="1} 1\n`],
    ['an empty line', `${head}\na 1\n`],
    ['a family in two pieces', `${head}a 1\n# HELP b x.\n# TYPE b gauge\nb 1\na{x="2"} 1\n`],
  ])('%s', (_, text) => expect(() => parseExposition(text)).toThrow())
})
