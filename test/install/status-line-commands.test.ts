import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { runCommand, runShell } from '../support/built-hook.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

/** The registered command runs as the client runs it: by a shell, with the built file that was installed. */

const input =
  '{"session_id":"S","cwd":"/","model":{"display_name":"Opus \u00fc\u6e2c"},"prompt":"it\'s \\"$HOME\\" \\\\n"}\n'
const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()
const openCircuit = () => ({
  pattern: 'tool_failure',
  subject: 'Bash(npm test)',
  target: { kind: 'operation', key: 'k' },
  session: 'S',
  agent: 'main',
  status: { state: 'half_open', successes: 0 },
  level: 1,
  trips: 1,
  lastTrip: { at: at(-1), turn: 3, reason: 'x' },
  denials: { count: 0, ids: [] },
})
const shown = '½ npm test'

interface Scene extends TempProject {
  /** What the settings register. */
  readonly command: string
}

/** @param own the person's own command; undefined where there is none. */
async function scene(own: string | undefined, { armed = true, isOpen = true } = {}): Promise<Scene> {
  const project = createTempProject()
  onTestFinished(project.remove)
  const settings = '.claude/settings.json'
  if (own !== undefined) project.write(settings, { statusLine: { type: 'command', command: own } })
  const before = project.exists(settings) ? project.read(settings) : undefined
  onTestFinished(async () => {
    await runCommand('breakerbox', ['statusline', 'uninstall'], { project })
    expect(project.exists(settings) ? project.read(settings) : undefined).toBe(before)
  })
  const installed = await runCommand('breakerbox', ['statusline', 'install'], { project })
  expect(installed, installed.stderr).toMatchObject({ exitCode: 0 })
  project.write('.claude/memory/circuit_breaker_state.json', { version: 1, circuits: isOpen ? [openCircuit()] : [] })
  if (armed) project.write('.claude/memory/circuit_breaker_armed', '')
  const { statusLine } = project.readJson<{ statusLine: { command: string } }>(settings) ?? {
    statusLine: { command: '' },
  }
  return { ...project, command: statusLine.command }
}

const run = (project: Scene, environment: Readonly<Record<string, string>> = {}) =>
  runShell(project.command, input, { project, environment, workingFolder: project.home })

describe.skipIf(process.platform === 'win32')('joined to a status line', { timeout: 60_000 }, () => {
  const cases: [what: string, own: string, joined: string, alone: string][] = [
    ['of one line', 'echo main', `main | ${shown}`, 'main\n'],
    ['that ends without a line end', 'printf main', `main | ${shown}`, 'main'],
    ['of several lines', 'printf "one\\ntwo\\n"', `one | ${shown}\ntwo`, 'one\ntwo\n'],
    ['with quotes of both kinds', `echo "it's" 'so "so"'`, `it's so "so" | ${shown}`, `it's so "so"\n`],
    ['of several lines of shell', 'a=1\nif [ $a = 1 ]\nthen echo yes\nfi', `yes | ${shown}`, 'yes\n'],
    ['with a here document', "cat <<'E'\n$HOME `x`\nE", `$HOME \`x\` | ${shown}`, '$HOME `x`\n'],
    ['with letters of all sorts', 'echo "grüße 測試 😀"', `grüße 測試 😀 | ${shown}`, 'grüße 測試 😀\n'],
    ['that ends in a comment', 'echo x # y', `x | ${shown}`, 'x\n'],
    ['that looks at its own words', 'echo "[$#] [$1] [$0]"', `[0] [] [/bin/sh] | ${shown}`, '[0] [] [/bin/sh]\n'],
    ['that ignores its input', 'exec <&-; echo x', `x | ${shown}`, 'x\n'],
    ['that prints nothing', 'cat >/dev/null', shown, ''],
    ['that writes an error', 'echo x; echo wrong >&2', `x | ${shown}`, 'x\n'],
    ['that leaves something running', 'sleep 30 2>/dev/null & echo x', `x | ${shown}`, 'x\n'],
  ]
  test.each(cases)('%s', async (_, own, joined, alone) => {
    const open = await scene(own)
    expect(await run(open)).toMatchObject({ exitCode: 0, stdout: joined })
    // Nothing is held back, as far as the marker tells, or as Node finds out: theirs comes byte for byte.
    rmSync(join(open.memory, 'circuit_breaker_armed'))
    if (!own.startsWith('sleep')) expect(await run(open)).toMatchObject({ exitCode: 0, stdout: alone })
    const near = await scene(own, { isOpen: false })
    expect(await run(near)).toMatchObject({ exitCode: 0, stdout: alone })
  })

  test('it reads the same input to the last byte', async () => {
    const own = 'cat >"$HOME/read"; echo x'
    for (const armed of [true, false]) {
      const project = await scene(own, { armed })
      expect(await run(project)).toMatchObject({ stdout: armed ? `x | ${shown}` : 'x\n' })
      expect(readFileSync(join(project.home, 'read'), 'utf8')).toBe(input)
    }
  })

  test('the environment and the folder are as they were', async () => {
    const project = await scene('echo "$X $PWD"')
    expect((await run(project, { X: 'y' })).stdout).toBe(`y ${project.home} | ${shown}`)
  })

  test.each([
    ['fails', 'echo half; exit 3', 3],
    ['is not there', '/no/such/program --now', 127],
    ['is no shell', "echo 'open", 2],
    ['kills itself', 'kill -9 $$', null],
  ])('one that %s hurts nobody', async (_, own, code) => {
    const open = await scene(own)
    expect(await run(open)).toMatchObject({ exitCode: 0, stdout: shown })
    // Without anything of ours to show it is as if we were not there.
    rmSync(join(open.memory, 'circuit_breaker_armed'))
    expect((await run(open)).exitCode).toBe(code)
  })

  test('one that never ends is ended, with what it has started', async () => {
    const project = await scene(
      'trap "" TERM; sleep 1000 & echo $! >"$HOME/pid"; cat /dev/zero >/dev/null & wait; sleep 1000',
    )
    expect(await run(project)).toMatchObject({ exitCode: 0, stdout: shown })
    const pid = Number(readFileSync(join(project.home, 'pid'), 'utf8'))
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), 5000)
  })

  test('one that never ends its output is ended', async () => {
    const project = await scene('yes')
    expect(await run(project)).toMatchObject({ exitCode: 0, stdout: shown })
  })

  test('where the terminal is narrow ours has a line of its own', async () => {
    const project = await scene('echo 0123456789012345678901234567890123456789')
    expect((await run(project, { COLUMNS: '50' })).stdout).toBe(`0123456789012345678901234567890123456789\n${shown}`)
  })

  test.each<[what: string, harm: (project: Scene) => Record<string, string>]>([
    [
      'without our file, as in a clone',
      (project) => {
        rmSync(project.path('.claude', 'hooks'), { recursive: true })
        return {}
      },
    ],
    ['without Node', (project) => ({ PATH: programs(project, {}) })],
    ['with a Node that does not start', (project) => ({ PATH: programs(project, { node: 'exit 1' }) })],
    [
      'with a file of ours that is broken',
      (project) => {
        writeFileSync(project.path('.claude', 'hooks', 'status-line.cjs'), 'syntax error')
        return {}
      },
    ],
  ])('%s theirs goes on', async (_, harm) => {
    const project = await scene('cat >"$HOME/read"; echo main')
    const { exitCode, stdout } = await run(project, harm(project))
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'main\n' })
    expect(readFileSync(join(project.home, 'read'), 'utf8')).toBe(input)
  })
})

/** A search path with nothing but `sh`, `cat` and these shell programs. */
function programs(project: Scene, texts: Readonly<Record<string, string>>): string {
  const folder = join(project.home, 'bin')
  mkdirSync(folder)
  for (const [name, text] of Object.entries({ sh: 'exec /bin/sh "$@"', cat: 'exec /bin/cat "$@"', ...texts })) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

describe.skipIf(process.platform === 'win32')('alone', { timeout: 60_000 }, () => {
  test('shows what is held back', async () => {
    expect(await run(await scene(undefined))).toMatchObject({ exitCode: 0, stdout: shown, stderr: '' })
  })

  test('starts no Node while nothing can be open', async () => {
    const project = await scene(undefined, { armed: false })
    const environment = { PATH: programs(project, { node: 'echo Node was started' }) }
    expect(await run(project, environment)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    for (const name of ['circuit_breaker_armed', 'circuit_breaker_halt.json', 'circuit_breaker_llm_api']) {
      project.write(`.claude/memory/${name}`, '')
      expect((await run(project, environment)).stdout, name).toBe('Node was started\n')
      rmSync(join(project.memory, name))
    }
  })

  test('looks where BREAKERBOX_MEMORY_DIR points, and says nothing without our file', async () => {
    const project = await scene(undefined)
    const moved = { BREAKERBOX_MEMORY_DIR: join(project.home, 'elsewhere') }
    expect(await run(project, moved)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    rmSync(project.path('.claude', 'hooks'), { recursive: true })
    expect(await run(project)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  test('in the user’s settings it serves every project', async () => {
    const project = createTempProject()
    onTestFinished(project.remove)
    await runCommand('breakerbox', ['statusline', 'install', '--scope', 'user'], { project })
    const { statusLine } = JSON.parse(readFileSync(join(project.home, '.claude', 'settings.json'), 'utf8'))
    project.write('.claude/memory/circuit_breaker_state.json', { version: 1, circuits: [openCircuit()] })
    project.write('.claude/memory/circuit_breaker_armed', '')
    const { stdout } = await runShell(statusLine.command, input, { project, workingFolder: project.home })
    expect(stdout).toBe(shown)
  })
})
