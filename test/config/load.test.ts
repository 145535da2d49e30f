import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { defaultConfigText } from '../../lib/config/default-config.ts'
import { defaultConfig, loadConfig, parseConfig } from '../../lib/config/load.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'

const parse = (value: unknown) => parseConfig(JSON.stringify(value), '/p/config.json')

it('an empty object is a complete config', () => {
  expect(parse({})).toEqual({ config: defaultConfig(), problems: [] })
})

it('the text of the defaults spells out the defaults', () => {
  expect(parseConfig(defaultConfigText(), '/p/config.json')).toEqual({ config: defaultConfig(), problems: [] })
  expect(JSON.parse(defaultConfigText())).toEqual(defaultConfig())
  expect(defaultConfigText()).toMatch(/\n {2}"mode": "enforce",\n/)
})

it('the defaults are those of the design', () => {
  expect(defaultConfig()).toMatchObject({
    mode: 'enforce',
    halt_after_denials: 3,
    cooldown_ladder_seconds: [5, 10, 30, 60, 300],
    circuit_breakers: {
      tool_failure: { mode: 'block', threshold: 3, window_turns: 5, match: 'operation', cooldown_base_seconds: 5 },
      repeated_call: { mode: 'block', threshold: 4, window_turns: 30, warn_at: 3 },
      busy_polling: { mode: 'block', threshold: 6, window_turns: 30, warn_at: 4, max_spacing_seconds: 15 },
      sequential_tools: { mode: 'warn', threshold: 10, window_turns: 1 },
      agent_spawn: { mode: 'block', threshold: 5, window_turns: 10 },
      external_api: { mode: 'block', threshold: 10, window_seconds: 60 },
    },
  })
})

it('a value that is set holds, and the rest of its section keeps its defaults', () => {
  const { config, problems } = parse({ circuit_breakers: { tool_failure: { threshold: 7 } } })
  expect(problems).toEqual([])
  expect(config.circuit_breakers.tool_failure).toEqual({
    ...defaultConfig().circuit_breakers.tool_failure,
    threshold: 7,
  })
  expect(config.circuit_breakers.repeated_call).toEqual(defaultConfig().circuit_breakers.repeated_call)
})

const tool_failure = (fields: object) => ({ circuit_breakers: { tool_failure: fields } })
const breakers = 'circuit_breakers.tool_failure'

describe('a wrong value is named: path, field, value, what is allowed, what holds', () => {
  it.each<[config: object, field: string, found: string, allowed: RegExp, holds: string]>([
    [{ mode: 'enforced' }, 'mode', '"enforced"', /"enforce", "observe", "off"/, '"enforce"'],
    [{ mode: 7 }, 'mode', '7', /"enforce", "observe", "off"/, '"enforce"'],
    [tool_failure({ threshold: 1 }), `${breakers}.threshold`, '1', /at least 2/, '3'],
    [tool_failure({ threshold: 101 }), `${breakers}.threshold`, '101', /at most 100/, '3'],
    [tool_failure({ threshold: 2.5 }), `${breakers}.threshold`, '2.5', /whole number/, '3'],
    [tool_failure({ threshold: '3' }), `${breakers}.threshold`, '"3"', /number/, '3'],
    [tool_failure({ threshold: null }), `${breakers}.threshold`, 'null', /number/, '3'],
    [tool_failure({ match: 'tools' }), `${breakers}.match`, '"tools"', /"operation", "tool"/, '"operation"'],
    [tool_failure({ cooldown_base_seconds: -1 }), `${breakers}.cooldown_base_seconds`, '-1', /at least 0/, '5'],
    [{ circuit_breakers: [] }, 'circuit_breakers', '[]', /object/, '{"tool_failure"'],
    [{ circuit_breakers: { tool_failure: 3 } }, breakers, '3', /object/, '{"mode"'],
    [{ cooldown_ladder_seconds: [5, 'x'] }, 'cooldown_ladder_seconds', '[5,"x"]', /number/, '[5,10,30,60,300]'],
    [{ cooldown_ladder_seconds: [] }, 'cooldown_ladder_seconds', '[]', /at least 1/, '[5,10,30,60,300]'],
    [{ cooldown_ladder_seconds: [0] }, 'cooldown_ladder_seconds', '[0]', /0/, '[5,10,30,60,300]'],
    [{ version: 2 }, 'version', '2', /1/, '1'],
    [{ halt_after_denials: true }, 'halt_after_denials', 'true', /number/, '3'],
  ])('%j', (value, field, found, allowed, holds) => {
    const { config, problems } = parse(value)
    expect(config).toEqual(defaultConfig())
    expect(problems).toHaveLength(1)
    const [problem] = problems
    expect(problem).toMatchObject({ path: '/p/config.json', field })
    expect(problem?.message).toContain(`/p/config.json: ${field} is ${found}`)
    expect(problem?.message).toMatch(allowed)
    expect(problem?.message).toContain(holds)
    expect(problem?.message).not.toContain('\n')
  })

  it('all of them, and the others are kept', () => {
    const { config, problems } = parse({
      mode: 'observe',
      halt_after_denials: 'x',
      circuit_breakers: { tool_failure: { threshold: 0, window_turns: 9 }, agent_spawn: { threshold: 4, mode: 'no' } },
    })
    expect(problems.map(({ field }) => field).sort()).toEqual([
      'circuit_breakers.agent_spawn.mode',
      'circuit_breakers.tool_failure.threshold',
      'halt_after_denials',
    ])
    expect(config.mode).toBe('observe')
    expect(config.halt_after_denials).toBe(3)
    expect(config.circuit_breakers.tool_failure).toMatchObject({ threshold: 3, window_turns: 9 })
    expect(config.circuit_breakers.agent_spawn).toMatchObject({ threshold: 4, mode: 'block' })
  })
})

it('the schema that a file names for editors is no field of it, and no problem', () => {
  const named = parse({ $schema: '../schema.json', halt_after_denials: 5 })
  expect(named).toEqual({ config: { ...defaultConfig(), halt_after_denials: 5 }, problems: [] })
})

describe('an unknown field', () => {
  it.each([
    [{ mood: 'x' }, 'mood'],
    [{ circuit_breakers: { tool_failures: {} } }, 'circuit_breakers.tool_failures'],
    [tool_failure({ treshold: 3 }), 'circuit_breakers.tool_failure.treshold'],
    [{ webhook_url: 'https://evil.example' }, 'webhook_url'],
  ])('%j is named and ignored', (value, field) => {
    const { config, problems } = parse(value)
    expect(config).toEqual(defaultConfig())
    expect(problems.map((problem) => problem.field)).toEqual([field])
    expect(problems[0]?.message).toContain(field)
  })

  it.each([
    '{"__proto__": {"mode": "off"}}',
    '{"constructor": {"prototype": {"mode": "off"}}}',
    '{"circuit_breakers": {"__proto__": {"tool_failure": {"mode": "off"}}}}',
  ])('that is a prototype changes nothing: %s', (text) => {
    expect(parseConfig(text, 'p').config).toEqual(defaultConfig())
    expect(({} as Record<string, unknown>)['mode']).toBeUndefined()
  })
})

describe('a text that is no config: the defaults hold, in one line', () => {
  it.each(['', ' ', '{', '{"mode": "off"', '[]', 'null', '7', '"x"', 'mode: off', '\u0000\u0001', '['.repeat(100_000)])(
    '%j',
    (text) => {
      const { config, problems } = parseConfig(text, '/p/config.json')
      expect(config).toEqual(defaultConfig())
      expect(problems).toHaveLength(1)
      expect(problems[0]?.message).toMatch(/^\/p\/config\.json .*the defaults hold$/)
    },
  )
})

it('a byte order mark is no mistake', () => {
  expect(parseConfig('\ufeff{"mode":"off"}', 'p')).toMatchObject({ config: { mode: 'off' }, problems: [] })
})

describe('very much of it', () => {
  it('a list of a million entries is one problem', () => {
    const list = Array(1_000_000).fill(1)
    for (const value of [{ cooldown_ladder_seconds: list }, { memory_limits: { telemetry_files: list } }]) {
      const { config, problems } = parse(value)
      expect(config).toEqual(defaultConfig())
      expect(problems).toHaveLength(1)
      expect(problems[0]?.message.length).toBeLessThan(500)
    }
  })

  it('more than fifty wrong values are no config', () => {
    const { config, problems } = parse(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, i])))
    expect(config).toEqual(defaultConfig())
    expect(problems).toHaveLength(1)
  })

  it('a value of a megabyte is shown in part', () => {
    expect(parse({ mode: 'x'.repeat(1_000_000) }).problems[0]?.message.length).toBeLessThan(300)
  })
})

describe('the file', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'breakerbox-config-'))
    onTestFinished(() => rmSync(path, { recursive: true, force: true }))
    return path
  }
  const load = (path: string) => loadConfig(nodeSystem().files, path)

  it('missing: the defaults, and no problem', () => {
    expect(load(join(folder(), 'none.json'))).toEqual({ config: defaultConfig(), problems: [] })
  })

  it('there: its values', () => {
    const path = join(folder(), 'c.json')
    writeFileSync(path, '{"mode":"observe"}')
    expect(load(path)).toMatchObject({ config: { mode: 'observe' }, problems: [] })
  })

  it.each<[what: string, make: (path: string) => void]>([
    ['a folder', (path) => mkdirSync(path)],
    ['a link', (path) => symlinkSync('/etc/hostname', path)],
    ['larger than a page', (path) => writeFileSync(path, `{"mode":"off"${' '.repeat(300_000)}}`)],
  ])('%s: the defaults, in one line', (_what, make) => {
    const path = join(folder(), 'c.json')
    make(path)
    const { config, problems } = load(path)
    expect(config).toEqual(defaultConfig())
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(path)])
  })
})
