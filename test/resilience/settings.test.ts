import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { userConfigSchema } from '../../lib/config/user-schema.ts'
import { serviceSettings } from '../../lib/resilience/service-settings.ts'
import { nodeFiles } from '../../lib/system/node-files.ts'
import { fenced, paper, section, tableRows } from '../papers/paper.ts'
import { tempFolder } from '../store/temp-folder.ts'

const day = 86_400_000

/** Settings from an environment and a user config. */
function settled(env: Record<string, string> = {}, config?: unknown) {
  const homeFolder = tempFolder()
  mkdirSync(join(homeFolder, '.claude'))
  if (config !== undefined) writeFileSync(join(homeFolder, '.claude', 'breakerbox.json'), JSON.stringify(config))
  return { ...serviceSettings({ env, files: nodeFiles, homeFolder }), homeFolder }
}

test('without a word of the user nothing goes anywhere, and the defaults are those of the manual', () => {
  const { settings, problems, homeFolder } = settled()
  expect(problems).toEqual([])
  expect(settings).toEqual({
    folder: join(homeFolder, '.claude/hooks/.cache/patterns'),
    maxAgeMs: 7 * day,
    maxBytes: 50_000_000,
    circuit: { failureThreshold: 3, timeoutMs: 60_000 },
    health: { intervalMs: 30_000, timeoutMs: 1000 },
  })
})

test('every variable is heard', () => {
  const { settings, problems } = settled({
    INTELLIGENCE_SERVICE_URL: ' https://patterns.example/v1 ',
    PATTERN_TRACKING_ENABLED: 'Yes',
    PATTERN_CACHE_DIR: '/var/cache/patterns',
    PATTERN_CACHE_MAX_AGE_DAYS: '0.5',
    PATTERN_CACHE_MAX_SIZE_MB: '2',
    CIRCUIT_BREAKER_FAILURE_THRESHOLD: '5',
    CIRCUIT_BREAKER_TIMEOUT: '0.5',
    HEALTH_CHECK_INTERVAL: '10',
    HEALTH_CHECK_TIMEOUT: '0.25',
  })
  expect(problems).toEqual([])
  expect(settings).toEqual({
    tracking: { url: 'https://patterns.example/v1', content: true },
    folder: '/var/cache/patterns',
    maxAgeMs: day / 2,
    maxBytes: 2_000_000,
    circuit: { failureThreshold: 5, timeoutMs: 500 },
    health: { intervalMs: 10_000, timeoutMs: 250 },
  })
})

test.each([
  ['PATTERN_CACHE_MAX_AGE_DAYS', 'a week', '7'],
  ['PATTERN_CACHE_MAX_AGE_DAYS', '0', '7'],
  ['PATTERN_CACHE_MAX_SIZE_MB', '-1', '50'],
  ['PATTERN_CACHE_MAX_SIZE_MB', 'NaN', '50'],
  ['CIRCUIT_BREAKER_FAILURE_THRESHOLD', '2.5', '3'],
  ['CIRCUIT_BREAKER_FAILURE_THRESHOLD', 'Infinity', '3'],
  // meant as milliseconds
  ['CIRCUIT_BREAKER_TIMEOUT', '60000', '60'],
  ['HEALTH_CHECK_INTERVAL', '30000', '30'],
  ['HEALTH_CHECK_TIMEOUT', '1000', '1'],
  ['PATTERN_CACHE_DIR', 'relative/folder', '.claude/hooks/.cache/patterns'],
  ['PATTERN_TRACKING_ENABLED', 'perhaps', 'true'],
])('%s=%s is named in one line, and the default holds', (name, value, usual) => {
  const url = { INTELLIGENCE_SERVICE_URL: 'http://patterns.example' }
  const { settings, problems, homeFolder } = settled({ ...url, [name]: value })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(`${name} is "${value}"; allowed: `)
  expect(problems[0]).toContain(usual)
  expect(problems[0]).not.toContain('\n')
  const { settings: usually } = serviceSettings({ env: url, files: nodeFiles, homeFolder })
  expect(settings).toEqual(usually)
})

describe('addresses', () => {
  const config = { tracking: { url: 'http://from.config' } }
  test.each<[what: string, env: Record<string, string>, config: unknown, url: string | undefined, problems: number]>([
    ['from the user config', {}, config, 'http://from.config', 0],
    ['the environment goes first', { INTELLIGENCE_SERVICE_URL: 'http://from.env' }, config, 'http://from.env', 0],
    ['an empty variable means none', { INTELLIGENCE_SERVICE_URL: '' }, config, undefined, 0],
    ['a wrong variable is passed over', { INTELLIGENCE_SERVICE_URL: 'from.env' }, config, 'http://from.config', 1],
    ['another scheme', { INTELLIGENCE_SERVICE_URL: 'ftp://from.env' }, {}, undefined, 1],
    ['a file', { INTELLIGENCE_SERVICE_URL: 'file:///etc/passwd' }, {}, undefined, 1],
    ['no host', { INTELLIGENCE_SERVICE_URL: 'http://' }, {}, undefined, 1],
    ['a lone % in the password', { INTELLIGENCE_SERVICE_URL: 'http://u:5%@from.env' }, {}, undefined, 1],
    ['wrong in the config', {}, { tracking: { url: 'nowhere' } }, undefined, 1],
    ['no text in the config', {}, { tracking: { url: ['http://from.config'] } }, undefined, 1],
    ['turned off by the environment', { PATTERN_TRACKING_ENABLED: 'false' }, config, undefined, 0],
    ['turned off by the config', {}, { tracking: { url: 'http://from.config', enabled: false } }, undefined, 0],
    [
      'turned on again by the environment',
      { PATTERN_TRACKING_ENABLED: '1' },
      { tracking: { url: 'http://from.config', enabled: false } },
      'http://from.config',
      0,
    ],
  ])('%s', (_what, env, given, url, count) => {
    const { settings, problems } = settled(env, given)
    expect(settings.tracking?.url).toBe(url)
    expect(problems).toHaveLength(count)
  })

  test.each([
    [{ INTELLIGENCE_SERVICE_URL: 'sk-secret://user:hunter2@host/hunter2' }, {}],
    [{}, { tracking: { url: 'hunter2' }, alerts: { webhook: 'hunter2' } }],
    [{}, { tracking: { url: ['http://host/hunter2'] }, alerts: { webhook: { hunter2: 'hunter2' } } }],
  ])('a wrong address is not repeated: %j %j', (env, config) => {
    const { problems } = settled(env as Record<string, string>, config)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.join()).not.toContain('hunter2')
  })
})

test('contents and alerts are the config’s', () => {
  const { settings, problems } = settled(
    { INTELLIGENCE_SERVICE_URL: 'http://host' },
    { tracking: { content: false }, alerts: { webhook: 'https://hooks.example/T/B/X', format: 'slack' } },
  )
  expect(problems).toEqual([])
  expect(settings.tracking).toEqual({ url: 'http://host', content: false })
  expect(settings.alerts).toEqual({ webhook: 'https://hooks.example/T/B/X', format: 'slack' })
})

test('a wrong field is named; those of other sections are for others to name', () => {
  const { settings, problems } = settled(
    {},
    { alerts: { format: 'pigeon', webhook: 'http://h' }, hook_guard: { x: 1 } },
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain('alerts.format is "pigeon"; allowed: "json", "slack"; the default "json" holds')
  expect(settings.alerts?.format).toBe('json')
})

describe('docs/tracking.md', () => {
  const text = section(paper('docs/tracking.md'), 'Settings of services')

  test('shows the defaults of the user config', () => {
    const { tracking, alerts } = userConfigSchema.parse({})
    expect(JSON.parse(fenced(text, 'json')[0] ?? '')).toEqual({ tracking, alerts })
  })

  test('names the variables with their defaults', () => {
    const rows = tableRows(text).filter(([name = '']) => name.startsWith('`'))
    expect(rows).toHaveLength(9)
    for (const [name = '', usual = ''] of rows) {
      const [variable, value] = [name, usual].map((cell) => cell.replaceAll('`', ''))
      const folder = variable === 'PATTERN_CACHE_DIR'
      const url = { INTELLIGENCE_SERVICE_URL: 'http://host' }
      const env = variable === 'INTELLIGENCE_SERVICE_URL' || folder ? {} : { ...url, [`${variable}`]: `${value}` }
      const { settings, problems, homeFolder } = settled(env)
      expect(problems).toEqual([])
      if (folder) expect(settings.folder).toBe(join(homeFolder, `${value}`.slice(2)))
      expect({ ...settings, folder: '', tracking: undefined }).toEqual({
        ...settled(url).settings,
        folder: '',
        tracking: undefined,
      })
    }
  })
})
