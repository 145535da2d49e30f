import { describe, expect, it, test } from 'vitest'
import type { BreakerDocument } from '../../lib/breaker/breaker-document.ts'
import type { CircuitState } from '../../lib/breaker/state.ts'
import { defaultConfig, validateConfig } from '../../lib/config/load.ts'
import type { Circuit } from '../../lib/engine/circuit.ts'
import { type SegmentFacts, statusSegment } from '../../lib/status/segment.ts'
import { columnsOf, lineColumns } from '../../lib/status/text-columns.ts'

const now = Date.parse('2026-03-04T12:00:00.000Z')
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString()
const openFor = (seconds: number, cooldown = 60): CircuitState => ({
  state: 'open',
  openedAt: at(seconds - cooldown),
  retryAt: at(seconds),
})
const halfOpen: CircuitState = { state: 'half_open', successes: 0, probe: { id: 'toolu_1', claimedAt: at(-1) } }

const circuit = (subject: string, status: CircuitState, more: Partial<Circuit> = {}): Circuit => ({
  pattern: 'tool_failure',
  subject,
  target: { kind: 'operation', key: subject },
  session: 'S',
  agent: 'main',
  status,
  level: 5,
  trips: 5,
  lastTrip: { at: at(-40), turn: 3, reason: 'failed 3 times' },
  denials: { count: 0, ids: [] },
  ...more,
})
const outside = (status: CircuitState): Circuit =>
  circuit('calls to the outside', status, { pattern: 'external_api', target: { kind: 'outside' } })
const api = (circuit: CircuitState, failures = 0): BreakerDocument => ({
  version: 1,
  name: 'llm_api',
  circuit,
  failures,
  generation: 0,
})
const halt = (more: object = {}) => ({
  version: 1 as const,
  at: at(-5),
  session: 'S',
  agent: 'main',
  subject: 'Bash(npm test)',
  ...more,
})
const configured = (config: Record<string, unknown>) => {
  const { config: made, problems } = validateConfig(config, 'config')
  expect(problems).toEqual([])
  return made
}
const segment = (facts: Partial<SegmentFacts> = {}): string =>
  statusSegment({ config: defaultConfig(), circuits: [], shared: [], api: api({ state: 'closed' }), ...facts }, now)

describe('the segment', () => {
  const npm = circuit('Bash(npm test)', openFor(23))
  test.each<[what: string, facts: Partial<SegmentFacts>, shown: string]>([
    ['nothing is held back', {}, ''],
    ['a circuit is open', { circuits: [npm] }, '⚡ npm test 23s'],
    ['a part of a second is left', { circuits: [circuit('Bash(x)', openFor(0.2))] }, '⚡ x 1s'],
    ['minutes are left', { circuits: [circuit('Bash(x)', openFor(290, 300))] }, '⚡ x 5m'],
    ['two minutes less a second are left', { circuits: [circuit('Bash(x)', openFor(119, 300))] }, '⚡ x 119s'],
    ['the cooldown is over', { circuits: [circuit('Bash(npm test)', openFor(-1))] }, '½ npm test'],
    ['the clock has jumped back', { circuits: [circuit('Bash(x)', openFor(9000))] }, '½ x'],
    ['a probe is under way', { circuits: [circuit('Bash(npm test)', halfOpen)] }, '½ npm test'],
    ['it was opened by hand', { circuits: [circuit('Bash(x)', { state: 'forced_open' })] }, '⚡ x'],
    ['it was disabled by hand', { circuits: [circuit('Bash(x)', { state: 'disabled' })] }, ''],
    ['it is closed and remembered', { circuits: [circuit('Bash(x)', { state: 'closed' })] }, ''],
    [
      'a session is nested too deeply',
      { circuits: [circuit('nested session', openFor(9), { pattern: 'hook_recursion', target: { kind: 'session' } })] },
      '⚡ nested session',
    ],
    [
      'several are: the one that refuses for longest first',
      { circuits: [circuit('Bash(a)', halfOpen), circuit('Bash(b)', openFor(3)), npm] },
      '⚡ npm test 23s +2',
    ],
    ['only probes wait', { circuits: [circuit('Bash(a)', halfOpen), circuit('Bash(b)', openFor(-3))] }, '½ a +1'],
    ['sessions share it', { shared: [outside(openFor(23))] }, '⚡ calls to the outside 23s'],
    ['sessions share it and it is over', { shared: [outside(openFor(-1))] }, '½ calls to the outside'],
    [
      'sessions shared it before the config changed',
      {
        shared: [outside(openFor(23))],
        config: configured({ circuit_breakers: { external_api: { scope: 'session' } } }),
      },
      '',
    ],
    ['the model API is down', { api: api(openFor(12, 30)) }, '⚡ model API 12s'],
    ['the model API is tried', { api: api(halfOpen) }, '½ model API'],
    ['the model API has failed twice', { api: api({ state: 'closed' }, 2) }, ''],
    ['the run was halted', { circuits: [npm], halt: halt() }, '⚡ halted: npm test'],
    [
      'and something else is open',
      { circuits: [npm, circuit('Bash(a)', halfOpen)], halt: halt() },
      '⚡ halted: npm test +1',
    ],
    ['a subagent was halted', { halt: halt({ agent: 'a1' }) }, '⚡ agent halted: npm test'],
    ['nobody knows of what', { halt: halt({ subject: undefined }) }, '⚡ halted: a call'],
  ])('%s', (_, facts, shown) => {
    expect(segment(facts)).toBe(shown)
  })

  test.each<[what: string, config: Record<string, unknown>]>([
    ['off', { mode: 'off' }],
    ['observe', { mode: 'observe' }],
    ['warn, of that pattern', { circuit_breakers: { tool_failure: { mode: 'warn' } } }],
  ])('in mode %s nothing is refused, and so nothing shown', (_, config) => {
    expect(segment({ circuits: [circuit('Bash(npm test)', openFor(23))], config: configured(config) })).toBe('')
  })

  it('forgets a call that nobody has tried again for an hour, but not one that is refused', () => {
    const old = { lastTrip: { at: at(-3601), turn: 3, reason: 'x' } }
    expect(segment({ circuits: [circuit('Bash(x)', openFor(-3500), old)] })).toBe('')
    expect(segment({ circuits: [circuit('Bash(x)', { state: 'forced_open' }, old)] })).toBe('⚡ x')
    const config = configured({ circuit_breakers: { tool_failure: { cooldown_base_seconds: 7200 } } })
    expect(segment({ circuits: [circuit('Bash(x)', openFor(3500, 7200), { ...old, level: 1 })], config })).toBe(
      '⚡ x 59m',
    )
  })
})

describe('what machines share', () => {
  const config = configured({ circuit_breakers: { external_api: { scope: 'fleet' } } })
  test.each<[what: string, facts: Partial<SegmentFacts>, shown: string]>([
    ['refuses, as seen last', { config, fleetUntil: at(23) }, '⚡ fleet limit 23s'],
    ['is over', { config, fleetUntil: at(-1) }, ''],
    ['is never longer than the longest cooldown', { config, fleetUntil: at(9000) }, '⚡ fleet limit 5m'],
    [
      'is told once, and by its name where it is in the files',
      { config, fleetUntil: at(23), shared: [outside(openFor(23))] },
      '⚡ calls to the outside 23s',
    ],
    ['is over, and old news in the files', { config, fleetUntil: at(-9), shared: [outside(openFor(-9))] }, ''],
    ['is no longer asked for', { fleetUntil: at(23) }, ''],
  ])('%s', (_, facts, shown) => {
    expect(segment(facts)).toBe(shown)
  })
})

describe('a subject', () => {
  const shown = (subject: string) => segment({ circuits: [circuit(subject, halfOpen)] }).slice(2)
  test.each<[what: string, subject: string, shown: string]>([
    ['of another tool', 'Edit(src/a.ts)', 'Edit(src/a.ts)'],
    ['of many lines', 'Bash(a\nb\r\nc\td)', 'a b c d'],
    ['too long', `Bash(${'npm run '.repeat(20)})`, 'npm run npm run npm run…'],
    ['in wide letters', 'Bash(測試測試測試測試測試測試測試)', '測試測試測試測試測試測…'],
    ['with a colour and a bell', 'Bash(\u001b[31mred\u001b[0m\u0007 x)', 'red x'],
    ['that links somewhere', 'Bash(\u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007)', 'x'],
    ['written backwards', 'Bash(a\u202egnp.exe\u2066b\u2069)', 'a gnp.exe b'],
    ['with a secret', 'Bash(curl --token s3cret-value x)', 'curl --token [redacted]…'],
    [
      'with a secret where it would be cut',
      `Bash(x ${'y'.repeat(12)} sk-ant-${'a1B2'.repeat(8)})`,
      'x yyyyyyyyyyyy [redacte…',
    ],
    ['of nothing', 'Bash( \u0000)', 'a call'],
  ])('%s', (_, subject, expected) => {
    expect(shown(subject)).toBe(expected)
  })

  it('of whatever letters gives one line of at most 50 columns', () => {
    const letters = ['a', '測', '😀', 'e\u0301', '\n', '\u202e', '\ud800', '\u001b[2J', ' ', '\u{1f468}\u200d\u{1f469}']
    for (const letter of letters) {
      const circuits = Array.from({ length: 30 }, (_, i) =>
        circuit(`Bash(${letter.repeat(200)}${i})`, openFor(290, 300)),
      )
      const line = segment({ circuits, halt: halt({ subject: `Bash(${letter.repeat(300)})`, agent: 'a' }) })
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
      expect(lineColumns(line)).toBeLessThanOrEqual(50)
    }
  })
})

test.each([
  ['a', 1],
  ['ü', 1],
  ['½', 1],
  ['…', 1],
  ['⚡', 2],
  ['測', 2],
  ['ｶ', 1],
  ['Ａ', 2],
  ['😀', 2],
  ['𠀀', 2],
  ['\u0301', 0],
  ['\u200d', 0],
])('%j takes %i columns', (character, columns) => {
  expect(columnsOf(character)).toBe(columns)
})
