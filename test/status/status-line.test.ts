import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { statusLine } from '../../lib/status/status-line.ts'
import { Bench } from '../session/bench.ts'
import { fireEvent, runCommand, runStatusLine } from '../support/built-hook.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'
import { passTime } from '../support/time-travel.ts'

/** What client 2.1.330 writes to a status line, shortened where it repeats itself. */
const statusInput = ({ folder }: TempProject, session = 'S', more: object = {}) => ({
  session_id: session,
  transcript_path: '/home/you/.claude/projects/-p/S.jsonl',
  cwd: folder,
  prompt_id: 'd12cb979-d576-4a5c-9509-e0c0cb2c02ac',
  model: { id: 'claude-sonnet-4-5', display_name: 'Sonnet 4.5' },
  workspace: { current_dir: folder, project_dir: folder, added_dirs: [] },
  version: '2.1.330',
  output_style: { name: 'default' },
  cost: { total_cost_usd: 0.000315, total_duration_ms: 2311 },
  context_window: { total_input_tokens: 10, context_window_size: 200000, current_usage: null, used_percentage: 0 },
  exceeds_200k_tokens: false,
  fast_mode: false,
  thinking: { enabled: true },
  ...more,
})

/** A project with Breakerbox in it, in which a call has failed so often that it is refused. */
async function trippedProject(subject = 'npm test', times = 3): Promise<TempProject> {
  const project = createTempProject()
  onTestFinished(project.remove)
  expect(await runCommand('breakerbox', ['install'], { project })).toMatchObject({ exitCode: 0 })
  await loop(project, subject, times)
  return project
}

let calls = 0

async function loop(project: TempProject, command: string, times: number, environment = {}): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const call = { tool_name: 'Bash', tool_input: { command }, tool_use_id: `toolu_${calls++}` }
    const base = { session_id: 'S', cwd: project.folder, prompt_id: 'p1' }
    const fire = (event: object) => fireEvent(project, { ...base, ...event } as never, environment)
    const [answer] = await fire({ hook_event_name: 'PreToolUse', ...call })
    const reason = answer?.answer?.hookSpecificOutput?.permissionDecisionReason
    const error = 'Exit code 1\nboom'
    if (reason === undefined) await fire({ hook_event_name: 'PostToolUseFailure', ...call, error })
    const tool_response = reason === undefined ? error : `PreToolUse:Bash hook error: ${reason}`
    await fire({ hook_event_name: 'PostToolBatch', tool_calls: [{ ...call, tool_response }] })
  }
}

const stateFile = (project: TempProject) => join(project.memory, 'circuit_breaker_state.json')
const quiet = { exitCode: 0, stdout: '' }

describe.each(['status-line', 'circuit-status'] as const)('%s', { timeout: 60_000 }, (name) => {
  const run = (project: TempProject, input: object | string, environment = {}) =>
    runStatusLine(name, input, { project, environment })

  it('shows a circuit that real hooks have opened, its probe, and a halt; and nothing to another session', async () => {
    const project = await trippedProject()
    const shown = async (session = 'S') => {
      const { exitCode, stdout, stderr } = await run(project, statusInput(project, session))
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      return stdout
    }
    expect(await shown()).toMatch(/^⚡ npm test [1-5]s$/)
    expect(await shown('T')).toBe('')
    passTime(project, 10)
    expect(await shown()).toBe('½ npm test')
    passTime(project, -10)
    await loop(project, 'npm test', 3)
    expect(await shown()).toBe('⚡ halted: npm test')
    expect(await shown('T')).toBe('')
  })

  it('without anything open prints no byte', async () => {
    const project = await trippedProject('npm test', 1)
    expect(await run(project, statusInput(project))).toMatchObject({ ...quiet, stderr: '' })
  })

  test.each<[what: string, input: string, said: RegExp]>([
    ['nothing', '', /no session_id/],
    ['no JSON', '{"session_id":', /no session_id/],
    ['another value', '["S"]', /no session_id/],
    ['a session that is no text', '{"session_id":{}}', /no session_id/],
    ['bytes', '\u0000\u0001\u0002', /no session_id/],
  ])('of %s makes nothing but one line on stderr', async (_, input, said) => {
    const project = await trippedProject()
    const { stderr, ...rest } = await run(project, input)
    expect(rest).toMatchObject(quiet)
    expect(stderr).toMatch(said)
    expect(stderr).toMatch(/^\[status_line\] [^\n]+\n$/)
  })

  it('looks where BREAKERBOX_MEMORY_DIR points', async () => {
    const project = await trippedProject()
    const moved = join(project.home, 'moved')
    renameSync(project.memory, moved)
    expect((await run(project, statusInput(project))).stdout).toBe('')
    const environment = { BREAKERBOX_MEMORY_DIR: moved }
    expect((await run(project, statusInput(project), environment)).stdout).toMatch(/^⚡ npm test/)
  })

  it('finds the project by the input where the environment does not name it', async () => {
    const project = await trippedProject()
    const environment = { CLAUDE_PROJECT_DIR: '' }
    const elsewhere = { cwd: '/', workspace: { current_dir: '/', project_dir: project.folder } }
    expect((await run(project, statusInput(project, 'S', elsewhere), environment)).stdout).toMatch(/^⚡ npm test/)
    const { cwd } = statusInput(project)
    expect((await run(project, { session_id: 'S', cwd }, environment)).stdout).toMatch(/^⚡ npm test/)
  })
})

describe('what is wrong with the memory folder', { timeout: 60_000 }, () => {
  const damages: [what: string, damage: (project: TempProject) => void, said: RegExp][] = [
    [
      'damaged state',
      (project) => writeFileSync(stateFile(project), '{"version":1,"circ'),
      /state\.json cannot be read/,
    ],
    ['a state of another shape', (project) => writeFileSync(stateFile(project), '{"version":1}'), /state\.json cannot/],
    ['a state of a newer version', (project) => writeFileSync(stateFile(project), '{"version":9}'), /newer/],
    [
      'a folder in its place',
      (project) => {
        rmSync(stateFile(project))
        mkdirSync(stateFile(project))
      },
      /it is a folder/,
    ],
    [
      'a link in the place of the memory folder',
      (project) => {
        renameSync(project.memory, join(project.home, 'real'))
        symlinkSync(join(project.home, 'real'), project.memory)
      },
      /it is a link/,
    ],
    ['no memory folder', (project) => rmSync(project.memory, { recursive: true }), /no hook has run here/],
    ['no project', (project) => rmSync(project.folder, { recursive: true }), /no hook has run here/],
  ]
  test.each(damages)('%s', async (_, damage, said) => {
    const project = await trippedProject()
    damage(project)
    const { stderr, ...rest } = await runStatusLine('status-line', statusInput(project), {
      project,
      workingFolder: project.home,
    })
    expect(rest).toMatchObject(quiet)
    expect(stderr).toMatch(said)
    expect(stderr).toMatch(/^\[status_line\] [^\n]+\n$/)
  })

  test('a wrong config is no reason to be silent', async () => {
    const project = await trippedProject()
    writeFileSync(join(project.memory, 'circuit_breaker_config.json'), '{"mode": 7')
    const { stdout } = await runStatusLine('status-line', statusInput(project), { project })
    expect(stdout).toMatch(/^⚡ npm test/)
  })
})

test('nothing on disk is changed, also where somebody holds a lock', { timeout: 60_000 }, async () => {
  const project = await trippedProject()
  mkdirSync(join(`${stateFile(project)}.lock`, '1.00000000'), { recursive: true })
  const facts = () =>
    readdirSync(project.memory, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => {
        const stats = statSync(join(project.memory, name))
        return [
          name,
          stats.mtimeMs,
          stats.ctimeMs,
          stats.isFile() ? readFileSync(join(project.memory, name), 'utf8') : '',
        ]
      })
  const before = facts()
  for (const name of ['status-line', 'circuit-status'] as const) {
    const { stdout } = await runStatusLine(name, statusInput(project), { project })
    expect(stdout).toMatch(/^⚡ npm test/)
  }
  expect(facts()).toEqual(before)
})

test('a state that may not be read is one line on stderr', async () => {
  const bench = new Bench()
  for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
  const said: unknown[] = []
  const stdio = {
    readAll: async () => ({ text: JSON.stringify({ session_id: 'S', cwd: bench.project }), bytes: 1 }),
    write: (text: string | Uint8Array) => void said.push(['out', text]),
    writeError: (line: string) => void said.push(['err', line]),
  }
  await statusLine(bench.system, stdio)
  expect(said.splice(0)).toEqual([['out', '⚡ npm test 5s']])
  const refused = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' })
  const files = {
    ...bench.files,
    readText() {
      throw refused
    },
  }
  await statusLine({ ...bench.system, files }, stdio)
  expect(said).toEqual([
    ['err', expect.stringMatching(/^\[status_line\] cannot read .*circuit_breaker_state\.json: EACCES/)],
    ['out', ''],
  ])
})

test('beside another option --statusline is an error, and --help names it', { timeout: 60_000 }, async () => {
  const project = createTempProject()
  onTestFinished(project.remove)
  const run = (...words: string[]) => runCommand('circuit-status', words, { project })
  expect(await run('--statusline', '--json')).toMatchObject({ exitCode: 2, stdout: '' })
  expect((await run('--help')).stdout).toContain('--statusline')
})
