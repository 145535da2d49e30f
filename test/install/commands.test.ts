import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { type CommandForm, commandText, hookTable } from '../../lib/install/hook-table.ts'
import { lookEndName, lookName } from '../../lib/session/held-look.ts'
import { markerName } from '../../lib/session/marker.ts'
import { troubleMarker } from '../../lib/session/model-api.ts'
import { firstPromptEnding, marksFolder, streakEnding } from '../../lib/session/session-marks.ts'
import { failurePrefix, promptPrefix } from '../../lib/store/spool.ts'
import { holdLookIn } from '../support/held-look.ts'
import { type Bench, exists, install, newBench, put, read } from './folder.ts'

interface Settings {
  readonly hooks: Record<string, { readonly hooks: { readonly command: string }[] }[]>
}

/** Every command of a settings file, as the client would find it. */
function commandsOf(path: string): [string, string][] {
  const { hooks } = JSON.parse(read(path)) as Settings
  return Object.entries(hooks).flatMap(([event, groups]) =>
    groups.flatMap((group) => group.hooks.map(({ command }): [string, string] => [event, command])),
  )
}

/** Runs a command as the client does: by the shell, from whatever folder the model went to. */
function run(command: string, env: Record<string, string>, cwd: string): string {
  const result = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } })
  return result.stdout + result.stderr
}

describe.skipIf(process.platform === 'win32')('the registered commands run', { timeout: 60_000 }, () => {
  test.each(['project', 'local'] as const)('%s scope', (scope) => {
    const bench = newBench()
    install(bench, { scope })
    const elsewhere = join(bench.project, 'sub folder')
    fs.mkdirSync(elsewhere)
    const file = join(bench.project, '.claude', scope === 'local' ? 'settings.local.json' : 'settings.json')
    const commands = commandsOf(file)
    expect(commands.map(([event]) => event)).toEqual(hookTable.map(({ event }) => event))
    for (const marker of [markerName, troubleMarker]) put(join(bench.project, '.claude', 'memory', marker), '')
    const outputs = commands.map(([, command]) => run(command, { CLAUDE_PROJECT_DIR: bench.project }, elsewhere))
    expect(outputs).toEqual(hookTable.map(({ executable }) => `${executable}.cjs\n`))
  })

  test('user scope', () => {
    const bench = newBench()
    install(bench, { scope: 'user' })
    expect(exists(join(bench.project, '.claude'))).toBe(false)
    const [first] = commandsOf(join(bench.home, '.claude', 'settings.json'))
    expect(run(first?.[1] ?? '', { HOME: bench.home }, bench.project)).toBe('memory-janitor.cjs\n')
  })
})

const started = 'circuit-breaker-monitor.cjs\n'

/** An installed project whose memory folder has a spool with so many batches in it. */
function benchWith({ waiting = 0, armed = false }): Bench & { readonly memory: string; readonly spool: string } {
  const bench = newBench()
  install(bench)
  const memory = join(bench.project, '.claude', 'memory')
  const spool = join(memory, 'circuit_breaker_spool')
  fs.mkdirSync(spool, { recursive: true })
  for (let n = 0; n < waiting; n += 1) put(join(spool, `batch-1-${n}.json`), '{}')
  if (armed) put(join(memory, markerName), '')
  return { ...bench, memory, spool }
}

function fire(form: CommandForm, bench: Bench, input = '{"tool_use_id":1}', env?: Record<string, string>) {
  const command = commandText('project', { executable: 'circuit-breaker-monitor', form })
  const variables = env ?? { CLAUDE_PROJECT_DIR: bench.project }
  return spawnSync('sh', ['-c', command], {
    cwd: bench.project,
    encoding: 'utf8',
    input,
    env: { PATH: process.env['PATH'], ...variables },
  })
}

describe.skipIf(process.platform === 'win32')('a shell entry starts Node', { timeout: 60_000 }, () => {
  test.each<[form: CommandForm, facts: Parameters<typeof benchWith>[0], starts: boolean]>([
    ['always', {}, true],
    ['armed', {}, false],
    ['armed', { waiting: 5 }, false],
    ['armed', { armed: true }, true],
    ['waiting', {}, false],
    ['waiting', { waiting: 1 }, false],
    ['waiting', { armed: true }, true],
    ['resting', {}, false],
    ['resting', { waiting: 1 }, false],
    ['resting', { armed: true }, true],
    ['prompted', {}, true],
    ['batch', {}, false],
    ['batch', { waiting: 1 }, false],
    ['batch', { waiting: 2 }, false],
    ['batch', { waiting: 4 }, false],
    ['batch', { waiting: 5 }, true],
    ['batch', { armed: true }, true],
  ])('%s with %j: %s', (form, facts, starts) => {
    const { stdout, stderr, status } = fire(form, benchWith(facts))
    expect([stdout, stderr, status]).toEqual([starts ? started : '', '', 0])
  })

  test('without variables it works in the folder it stands in', () => {
    const bench = benchWith({ armed: true })
    for (const form of ['always', 'armed', 'prompted', 'waiting', 'resting', 'batch'] as const) {
      expect(fire(form, bench, '{}', {}).stdout).toBe(started)
    }
  })

  test('a memory folder that was moved is looked at where it is', () => {
    const bench = benchWith({})
    const moved = join(bench.base, 'elsewhere')
    fs.mkdirSync(join(moved, 'circuit_breaker_spool'), { recursive: true })
    const env = { CLAUDE_PROJECT_DIR: bench.project, BREAKERBOX_MEMORY_DIR: moved }
    expect(fire('batch', bench, '{}', env).stdout).toBe('')
    expect(fs.readdirSync(join(moved, 'circuit_breaker_spool'))).toHaveLength(1)
    put(join(moved, markerName), '')
    expect(fire('armed', bench, '{}', env).stdout).toBe(started)
  })
})

const session = { CLAUDE_CODE_SESSION_ID: '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b', CLAUDE_PID: '4711' }
const firstPrompt = `${session.CLAUDE_CODE_SESSION_ID}-${session.CLAUDE_PID}${firstPromptEnding}`

/** An installed project in which a session has begun that may say something first; its hook repeats what it is given. */
function benchBegun() {
  const bench = benchWith({})
  const mark = join(bench.memory, marksFolder, firstPrompt)
  put(mark, '')
  const intake = join(bench.project, '.claude', 'hooks', 'circuit-breaker-monitor.cjs')
  put(intake, `process.stdin.pipe(process.stdout)`)
  const say = (input: string, env: Record<string, string> = {}) =>
    fire('prompted', bench, input, { CLAUDE_PROJECT_DIR: bench.project, ...session, ...env })
  const waiting = () => fs.readdirSync(bench.spool).filter((name) => name.startsWith(promptPrefix))
  return { ...bench, mark, say, waiting }
}

const prompt = JSON.stringify({ hook_event_name: 'UserPromptSubmit', prompt: 'fix "it" \\ für $HOME `id` %s \n' })

/** An installed project whose last look has found all well, and a session that begins in it; its janitor tells that it was started. */
function benchCalm() {
  const bench = benchWith({})
  const dayAgo = new Date(Date.now() - 86_400_000)
  const claude = join(bench.project, '.claude')
  for (const path of [claude, join(claude, 'hooks'), join(claude, 'settings.json')]) fs.utimesSync(path, dayAgo, dayAgo)
  for (const folder of [join(claude, 'hooks'), bench.memory])
    for (const name of fs.readdirSync(folder)) fs.utimesSync(join(folder, name), dayAgo, dayAgo)
  holdLookIn(bench.project, Date.now() - 60_000)
  const marks = join(bench.memory, marksFolder)
  const environmentFile = join(bench.base, 'environment')
  const begin = (env: Record<string, string> = {}) => {
    const command = commandText('project', { executable: 'memory-janitor', form: 'begun' })
    const variables = {
      CLAUDE_PROJECT_DIR: bench.project,
      HOME: bench.home,
      CLAUDE_ENV_FILE: environmentFile,
      ...session,
    }
    return spawnSync('sh', ['-c', command], {
      cwd: bench.base,
      encoding: 'utf8',
      input: '{}',
      env: { PATH: process.env['PATH'], ...variables, ...env },
    })
  }
  const left = () => fs.readdirSync(marks).filter((name) => name.startsWith(session.CLAUDE_CODE_SESSION_ID))
  return { ...bench, claude, marks, environmentFile, begin, left }
}

describe.skipIf(process.platform === 'win32')('the entry of SessionStart', { timeout: 60_000 }, () => {
  test('leaves what a start leaves, and starts no Node, while the last look holds', () => {
    const bench = benchCalm()
    put(bench.environmentFile, 'export OF_ANOTHER_HOOK=1')
    const { stdout, stderr, status } = bench.begin()
    expect([stdout, stderr, status]).toEqual(['', '', 0])
    expect(bench.left()).toEqual([firstPrompt.replace(firstPromptEnding, ''), firstPrompt])
    expect(bench.left().map((name) => fs.statSync(join(bench.marks, name)).mode & 0o777)).toEqual([0o600, 0o600])
    expect(read(bench.environmentFile)).toBe('export OF_ANOTHER_HOOK=1\nexport BREAKERBOX_DEPTH=1\n')
    // another session, whose client does not say where such lines go; the client of the first has ended
    const other = { CLAUDE_CODE_SESSION_ID: '1b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b', CLAUDE_ENV_FILE: '' }
    expect(bench.begin(other).stdout).toBe('')
  })

  test.each<[string, (bench: ReturnType<typeof benchCalm>) => Record<string, string> | undefined]>([
    ['there was no look', ({ marks }) => void fs.rmSync(join(marks, lookName))],
    ['the look is an hour old', ({ project }) => void holdLookIn(project, Date.now() - 3_601_000)],
    [
      'the look is of the future, because the clock was',
      ({ project }) => void holdLookIn(project, Date.now() + 60_000),
    ],
    ['it is not known when the look ends', ({ marks }) => void fs.rmSync(join(marks, lookEndName))],
    ['a hook was changed', ({ claude }) => void put(join(claude, 'hooks', 'circuit-breaker-gate.cjs'), '')],
    ['a hook was removed', ({ claude }) => void fs.rmSync(join(claude, 'hooks', 'circuit-breaker-gate.cjs'))],
    ['the settings were changed', ({ claude }) => void put(join(claude, 'settings.json'), '{}')],
    ['there are settings of another kind', ({ claude }) => void put(join(claude, 'settings.local.json'), '{}')],
    ['the settings are gone', ({ claude }) => void fs.rmSync(join(claude, 'settings.json'))],
    ['the config was changed', ({ memory }) => void put(join(memory, 'circuit_breaker_config.json'), '{}')],
    ['the config is gone', ({ memory }) => void fs.rmSync(join(memory, 'circuit_breaker_config.json'))],
    ['the state was changed', ({ memory }) => void put(join(memory, 'circuit_breaker_state.json'), '{}')],
    ['the state is gone', ({ memory }) => void fs.rmSync(join(memory, 'circuit_breaker_state.json'))],
    ['another tool has written into the memory folder', ({ memory }) => void put(join(memory, 'notes'), 'x')],
    ['the config of the person was changed', ({ home }) => void put(join(home, '.claude', 'breakerbox.json'), '{}')],
    [
      'another session of the project is running',
      ({ marks }) => void put(join(marks, `1${firstPrompt.slice(1, 36)}-${process.pid}`), ''),
    ],
    ['the session is nested, by its environment', () => ({ BREAKERBOX_DEPTH: '1' })],
    ['the config of the person is elsewhere', () => ({ BREAKERBOX_CONFIG: '/elsewhere.json' })],
    [
      'the session has been here',
      ({ memory }) =>
        void put(join(memory, 'circuit_breaker_sessions', `${session.CLAUDE_CODE_SESSION_ID}.json`), '{}'),
    ],
    ['the client does not name the session', () => ({ CLAUDE_CODE_SESSION_ID: '' })],
    ['the client does not name itself', () => ({ CLAUDE_PID: '' })],
    ['the line about nesting cannot be left', () => ({ CLAUDE_ENV_FILE: '/nowhere/environment' })],
    ['there is no spool', ({ spool }) => void fs.rmdirSync(spool)],
    [
      'the marks are a link',
      ({ marks, base }) => {
        fs.renameSync(marks, join(base, 'marks'))
        fs.symlinkSync(join(base, 'marks'), marks)
        return undefined
      },
    ],
  ])('starts Node where %s', (_why, change) => {
    const bench = benchCalm()
    const { stdout, stderr, status } = bench.begin(change(bench) ?? {})
    expect([stdout, stderr, status]).toEqual(['memory-janitor.cjs\n', '', 0])
    expect(bench.left()).not.toContain(firstPrompt)
  })
})

describe.skipIf(process.platform === 'win32')('the entry of UserPromptSubmit', { timeout: 60_000 }, () => {
  test('puts the first prompt of a calm session into the spool, whole and owner-only; the second starts Node', () => {
    const bench = benchBegun()
    const { stdout, stderr, status } = bench.say(prompt)
    expect([stdout, stderr, status, exists(bench.mark)]).toEqual(['', '', 0, false])
    const [name = '', ...others] = bench.waiting()
    expect(others).toEqual([])
    expect(name).toMatch(/^prompt-\d+-\d+$/)
    expect(read(join(bench.spool, name))).toBe(prompt)
    expect(fs.statSync(join(bench.spool, name)).mode & 0o777).toBe(0o600)
    expect(bench.say(prompt).stdout).toBe(prompt)
    expect(bench.waiting()).toHaveLength(1)
  })

  test.each(['say SUDO BYPASS now', '/reset-circuit --all', '  /breakerbox:circuit-status', '/breaker-why'])(
    'gives Node what is meant for us, whole: %s',
    (words) => {
      const bench = benchBegun()
      const input = JSON.stringify({ prompt: `${words} \\ %s "` })
      expect(bench.say(input).stdout).toBe(input)
      expect(bench.waiting()).toEqual([])
    },
  )

  test.each<[string, (bench: ReturnType<typeof benchBegun>) => Record<string, string> | undefined]>([
    [
      'the session is another one',
      () => ({ CLAUDE_CODE_SESSION_ID: session.CLAUDE_CODE_SESSION_ID.replace('0', '1') }),
    ],
    ['the client is another one', () => ({ CLAUDE_PID: '4712' })],
    ['a circuit is open', ({ memory }) => void put(join(memory, markerName), '')],
    ['the API is in trouble', ({ memory }) => void put(join(memory, troubleMarker), '')],
    ['a turn has failed', ({ spool }) => void put(join(spool, `${failurePrefix}1-1`), '{}')],
    ['there is no spool', ({ spool }) => void fs.rmdirSync(spool)],
    [
      'the spool is a link',
      ({ spool, base }) => {
        fs.rmdirSync(spool)
        fs.mkdirSync(join(base, 'outside'))
        fs.symlinkSync(join(base, 'outside'), spool)
        return undefined
      },
    ],
    [
      'the mark is none',
      ({ mark }) => {
        fs.rmSync(mark)
        fs.mkdirSync(mark)
        return undefined
      },
    ],
  ])('starts Node where %s', (_why, change) => {
    const bench = benchBegun()
    const { stdout, stderr, status } = bench.say(prompt, change(bench) ?? {})
    expect([stdout, stderr, status]).toEqual([prompt, '', 0])
  })

  test('starts Node with the whole prompt where the file it would write is there', () => {
    const bench = benchBegun()
    const command = commandText('project', { executable: 'circuit-breaker-monitor', form: 'prompted' })
    const taken = `f="$CLAUDE_PROJECT_DIR/.claude/memory/circuit_breaker_spool/prompt-$PPID-$$"; echo old >"$f"; ${command}`
    const { stdout, stderr, status } = spawnSync('sh', ['-c', taken], {
      cwd: bench.project,
      encoding: 'utf8',
      input: prompt,
      env: { PATH: process.env['PATH'], CLAUDE_PROJECT_DIR: bench.project, ...session },
    })
    expect([stdout, stderr, status]).toEqual([prompt, '', 0])
    expect(bench.waiting().map((name) => read(join(bench.spool, name)))).toEqual(['old\n'])
  })

  test('takes a prompt of a megabyte', () => {
    const bench = benchBegun()
    const long = JSON.stringify({ prompt: 'x\n'.repeat(500_000) })
    expect(bench.say(long).stdout).toBe('')
    expect(bench.waiting().map((name) => read(join(bench.spool, name)))).toEqual([long])
  })
})

describe.skipIf(process.platform === 'win32')('the entry of PostToolBatch', { timeout: 60_000 }, () => {
  test('puts the batch into the spool, whole and owner-only', () => {
    const bench = benchWith({})
    const input = JSON.stringify({ tool_calls: [{ tool_use_id: 'a', tool_response: 'ü "x" \\n $HOME `id` \'' }] })
    fire('batch', bench, input)
    const [name = ''] = fs.readdirSync(bench.spool)
    expect(name).toMatch(/^batch-\d+-\d+\.json$/)
    expect(read(join(bench.spool, name))).toBe(input)
    expect(fs.statSync(join(bench.spool, name)).mode & 0o777).toBe(0o600)
  })

  /** A project whose monitor takes its time and leaves word. */
  function benchTold(waiting: number) {
    const bench = benchWith({ waiting })
    const told = join(bench.base, 'told')
    put(
      join(bench.project, '.claude', 'hooks', 'circuit-breaker-monitor.cjs'),
      `setTimeout(() => require('node:fs').writeFileSync(${JSON.stringify(told)}, process.argv[2] ?? ''), 300)`,
    )
    return { ...bench, told }
  }

  test.each<[form: CommandForm, waiting: number, left: number]>([
    ['batch', 2, 3],
    ['waiting', 1, 1],
    ['resting', 1, 1],
  ])('%s with %i that wait starts Node in the background, and waits for nothing', async (form, waiting, left) => {
    const bench = benchTold(waiting)
    const { stdout, stderr, status } = fire(form, bench)
    expect([stdout, stderr, status, fs.existsSync(bench.told)]).toEqual(['', '', 0, false])
    expect(fs.readdirSync(bench.spool)).toHaveLength(left)
    await vi.waitFor(() => expect(read(bench.told)).toBe('drain'), 10_000)
  })

  test('also where `sleep` knows whole seconds only and fails', async () => {
    const bench = benchTold(2)
    const programs = join(bench.base, 'programs')
    const asked = join(bench.base, 'asked')
    fs.mkdirSync(programs)
    fs.writeFileSync(join(programs, 'sleep'), `#!/bin/sh\necho "$1" >'${asked}'\nexit 1\n`, { mode: 0o755 })
    const env = { CLAUDE_PROJECT_DIR: bench.project, PATH: `${programs}:${process.env['PATH']}` }
    const { stdout, stderr, status } = fire('batch', bench, '{"tool_use_id":1}', env)
    expect([stdout, stderr, status]).toEqual(['', '', 0])
    await vi.waitFor(() => expect(read(bench.told)).toBe('drain'), 10_000)
    expect(read(asked)).toBe('0.05\n')
  })

  test('does so for each batch where a streak has begun in this session, and in no other', async () => {
    const bench = benchTold(0)
    const env = { CLAUDE_PROJECT_DIR: bench.project, ...session }
    put(join(bench.memory, marksFolder, `1b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b${streakEnding}`), '')
    fire('batch', bench, '{"tool_use_id":1}', env)
    put(join(bench.memory, marksFolder, `${session.CLAUDE_CODE_SESSION_ID}${streakEnding}`), '')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(fs.existsSync(bench.told)).toBe(false)
    const { stdout, stderr, status } = fire('batch', bench, '{"tool_use_id":2}', env)
    expect([stdout, stderr, status]).toEqual(['', '', 0])
    await vi.waitFor(() => expect(read(bench.told)).toBe('drain'), 10_000)
    expect(fs.readdirSync(bench.spool)).toHaveLength(2)
  })

  test('writes over nothing', () => {
    const bench = benchWith({})
    fs.chmodSync(bench.spool, 0o700)
    const command = commandText('project', { executable: 'circuit-breaker-monitor', form: 'batch' })
    // a shell whose process id was used before: the file it would write is there
    const taken = `f="$CLAUDE_PROJECT_DIR/.claude/memory/circuit_breaker_spool/batch-$PPID-$$.json"; echo old >"$f"; ${command}`
    const { stdout } = spawnSync('sh', ['-c', taken], {
      cwd: bench.project,
      encoding: 'utf8',
      input: '{"tool_use_id":1}',
      env: { PATH: process.env['PATH'], CLAUDE_PROJECT_DIR: bench.project },
    })
    expect(stdout).toBe(started)
    expect(fs.readdirSync(bench.spool).map((name) => read(join(bench.spool, name)))).toEqual(['old\n'])
  })

  test('never writes through a link', () => {
    const bench = benchWith({})
    const outside = join(bench.base, 'outside')
    fs.mkdirSync(outside)
    fs.rmdirSync(bench.spool)
    fs.symlinkSync(outside, bench.spool)
    expect(fire('batch', bench).stdout).toBe(started)
    expect(fs.readdirSync(outside)).toEqual([])
  })

  test('never ends with a code that blocks, also where it cannot write', () => {
    const bench = benchWith({})
    const command = commandText('project', { executable: 'circuit-breaker-monitor', form: 'batch' })
    // no file may grow: that stops the superuser too
    const { status, signal, stdout } = spawnSync('sh', ['-c', `ulimit -f 0; ${command}`], {
      cwd: bench.project,
      encoding: 'utf8',
      input: '{"tool_use_id":1}',
      env: { PATH: process.env['PATH'], CLAUDE_PROJECT_DIR: bench.project },
    })
    expect([status, signal, stdout]).toEqual([null, 'SIGXFSZ', ''])
    expect(fs.readdirSync(bench.spool).map((name) => read(join(bench.spool, name)))).toEqual([''])
  })
})
