import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defaultConfig, parseConfig } from '../../lib/config/load.ts'
import { picture } from '../../scripts/picture.mjs'
import { bareEnvironment } from '../support/bare-environment.ts'
import { built, root } from '../support/built-hook.ts'
import { playLoop } from '../support/looping-session.ts'
import { copyProject } from '../support/project-copy.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'
import { runDetached } from './detached.ts'
import { codeSpans, commandsOf, fenced, paper, relativeLinks, section, tableRows, withoutFences } from './paper.ts'

const readme = paper('README.md')

/** Not run here, because whoever runs this test has run the first and is running the second. */
const leftOut = ['npm ci', 'npm test']

describe.skipIf(process.platform === 'win32')('the commands of the README', () => {
  test('all run in order, as a person would type them', { timeout: 180_000 }, async () => {
    const project = createTempProject('my-project')
    onTestFinished(project.remove)
    const prefix = join(project.home, 'npm')
    const environment = bareEnvironment(project.home, { npm_config_prefix: prefix, npm_config_offline: 'true' })
    const env = { ...environment, PATH: [join(prefix, 'bin'), environment['PATH']].join(delimiter) }
    let cwd = cloneBeside(project)
    const outputs = new Map<string, string>()
    for (const { text, exitCode } of commandsOf(readme)) {
      if (leftOut.includes(text)) continue
      if (text.startsWith('cd ')) {
        cwd = resolve(cwd, text.slice(3))
        continue
      }
      if (text === 'circuit-status') await playLoop(project, { failures: 3, refusals: 1 })
      if (text === 'circuit-status --halted') await playLoop(project, { failures: 0, refusals: 2 })
      const ended = await runDetached(text, { cwd, env })
      expect(ended, `${text}\n${ended.stdout}${ended.stderr}`).toMatchObject({ exitCode })
      outputs.set(text, ended.stdout)
    }

    const said = (command: string) => outputs.get(command) ?? ''
    expect(said('breakerbox install')).toContain('Breakerbox is installed')
    expect(JSON.parse(said('circuit-status --json'))).toMatchObject({ version: 1, circuits: [{ state: 'open' }] })
    expect(said('circuit-status --halted')).toContain('Bash(npm test)')
    expect(said('breakerbox why')).toContain('Bash(npm test) tripped')
    expect(said('reset-circuit --circuit tool_failure')).toContain('OPEN → CLOSED')
    // a throwaway project without settings is given back empty
    expect(project.exists('.claude')).toBe(false)
    expect(readdirSync(join(prefix, 'bin'))).toEqual([])

    const [sample = ''] = fenced(readme, '')
    expect(comparable(sample)).toEqual(comparable(said('circuit-status')))
    const drawn = withoutTimes(picture(said('npm run demo')))
    expect(drawn, 'run: node scripts/picture.mjs').toBe(withoutTimes(paper('docs/refusal.svg')))
  })

  test('only these are left out, and the first two blocks are the two promises', () => {
    const all = commandsOf(readme).map(({ text }) => text)
    expect(all.filter((text) => leftOut.includes(text))).toEqual(['npm ci', 'npm ci', 'npm test'])
    expect(fenced(readme, 'sh').slice(0, 2)).toEqual(['npm ci && npm run demo\n', 'npm ci && npm test\n'])
  })

  test('reset-circuit refuses under Claude Code and exits with 1', () => {
    const project = createTempProject()
    onTestFinished(project.remove)
    const line = '"$@"; exit $?'
    const run = spawnSync('sh', ['-c', line, 'sh', process.execPath, built('reset-circuit'), '--all'], {
      argv0: 'claude',
      cwd: project.folder,
      env: bareEnvironment(project.home),
      encoding: 'utf8',
    })
    expect(run).toMatchObject({ status: 1, stdout: '' })
    expect(run.stderr).toContain('the model must not lift its own limits')
  })

  test('every option that it names exists', () => {
    const words = [
      'install',
      'uninstall',
      'guard-hooks',
      'why',
      'replay',
      'clean',
      'restore',
      'sync',
      'doctor',
      'history',
    ]
    const own = words.map((word) => ['breakerbox', word])
    const statusline = ['install', 'uninstall'].map((word) => ['breakerbox', 'statusline', word])
    const commands = [
      ...own,
      ...statusline,
      ['circuit-status'],
      ['reset-circuit'],
      ['hook-health'],
      ['hook-health', 'reset'],
    ]
    const help = commands.map(
      ([name = '', ...words]) =>
        spawnSync(process.execPath, [built(name), ...words, '--help'], { encoding: 'utf8' }).stdout,
    )
    const options = new Set([...codeSpans(readme), ...fenced(readme, 'sh')].join('\n').match(/--[a-z][a-z-]*/g))
    // the client's own
    options.delete('--max-turns')
    expect([...options].filter((option) => !help.some((text) => text.includes(`${option} `)))).toEqual([])
  })
})

describe('what the README says of the config', () => {
  const defaults = defaultConfig()
  const patterns = Object.keys(defaults.circuit_breakers)
  const about = [section(readme, 'Configure'), section(readme, 'What each pattern means')]

  test('each field of the table exists and has that default', () => {
    const rows = tableRows(about[0] ?? '').flatMap(([field = '', value = '']) => {
      const [name] = codeSpans(field)
      return name === undefined ? [] : [{ name, value: codeSpans(value)[0] }]
    })
    expect(rows.length).toBeGreaterThan(5)
    for (const { name, value } of rows) {
      for (const path of name.includes('PATTERN') ? patterns.map((each) => name.replace('PATTERN', each)) : [name]) {
        const real = valueAt(defaults, path.split('.'))
        expect(real, path).toBeDefined()
        if (value !== undefined) expect(JSON.parse(value), path).toEqual(real)
      }
    }
  })

  test('each pattern has a row, and each limit in it is the default', () => {
    const rows = tableRows(about[1] ?? '').filter(([name = '']) => name.startsWith('`'))
    expect(rows.map(([name]) => name)).toEqual(patterns.map((name) => `\`${name}\``))
    for (const [name = '', , limits = '', action = ''] of rows) {
      const own = valueAt(defaults, ['circuit_breakers', name.slice(1, -1)])
      const spans = codeSpans(`${limits} ${action}`).map((span) => span.split(': '))
      expect(spans.length, name).toBeGreaterThan(1)
      for (const [field = '', value = ''] of spans) {
        expect(JSON.parse(value), `${name} ${field}`).toEqual(valueAt(own, [field]))
      }
    }
  })

  test('each name that looks like a field is one', () => {
    const known = namesIn(defaults)
    const named = about.flatMap(codeSpans).flatMap((span) => /^[a-z]+(?:_[a-z]+)+(?=$|: )/.exec(span)?.[0] ?? [])
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  test('its example is valid', () => {
    const examples = fenced(readme, 'json')
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) expect(parseConfig(example, 'README.md').problems).toEqual([])
  })
})

describe('the papers', () => {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  const papers = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)]

  test.each(papers)('every link of %s leads to a file', (name) => {
    const links = relativeLinks(paper(name))
    expect(links.filter((link) => !existsSync(resolve(root, dirname(name), link)))).toEqual([])
  })

  test('every folder and file that CONTRIBUTING.md names exists', () => {
    const named = codeSpans(withoutFences(paper('CONTRIBUTING.md'))).filter((span) =>
      /^(?:lib|hooks|ops|test|scripts|docs)\/[\w./-]*$/.test(span),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

/** A built clone in the folder beside the project, its dependencies linked one by one: npm may take a link out, no more. */
function cloneBeside(project: TempProject): string {
  const clone = join(dirname(project.folder), 'breakerbox')
  copyProject(clone)
  mkdirSync(join(clone, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(clone, 'node_modules', name))
  }
  return clone
}

const withoutTimes = (text: string): string => text.replace(/\d\d:\d\d:\d\d UTC, in \d+ s/, 'TIME')

/** A status without what differs from run to run. */
const comparable = (status: string): string =>
  status
    .replace(/^Breakerbox in .*$/m, 'Breakerbox in FOLDER')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'TIME')
    .replace(/for \d+ s more \(until \d\d:\d\d:\d\d UTC\)/g, 'for SECONDS')
    .replace(/session \S+/g, 'session ID')
    .replace(/\([\d.]+ kB of/g, '(SIZE of')

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value)

function namesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return found
  for (const [name, inner] of Object.entries(value)) namesIn(inner, found.add(name))
  return found
}
