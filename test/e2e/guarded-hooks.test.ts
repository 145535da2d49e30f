import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { runCommand } from '../support/built-hook.ts'
import { type Block, bash, type Step, say } from '../support/fake-model.ts'
import { addHook, describeWithClient, type GuardedProject, guardedProject, play } from './scenario.ts'

interface HookState {
  readonly hooks: Record<
    string,
    { readonly state: string; readonly failure_count: number; readonly last_error: string }
  >
}

const stateFile = (project: GuardedProject): string => join(project.home, '.claude', 'hook_state.json')
/** The one guarded hook. */
const hookOf = (project: GuardedProject) =>
  Object.values((JSON.parse(readFileSync(stateFile(project), 'utf8')) as HookState).hooks)[0]

/** Lets time pass for all that is known of guarded hooks. */
function passTime(project: GuardedProject, seconds: number): void {
  const file = stateFile(project)
  const earlier = readFileSync(file, 'utf8').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) =>
    new Date(Date.parse(at) - seconds * 1000).toISOString(),
  )
  writeFileSync(`${file}.moved`, earlier, { mode: 0o600 })
  renameSync(`${file}.moved`, file)
}

/** A project with a hook of somebody else on each Bash call, guarded by the real command. */
async function withGuarded(script: string, hookClass = 'convenience', seconds = 10): Promise<GuardedProject> {
  const project = await guardedProject()
  project.write('lint hook.sh', `cat >/dev/null\necho run >>"$CLAUDE_PROJECT_DIR"/hook.log\n${script}\n`)
  addHook(project, 'PreToolUse', `sh "$CLAUDE_PROJECT_DIR"/'lint hook.sh'`, { matcher: 'Bash' })
  mkdirSync(dirname(stateFile(project)), { recursive: true })
  const config = { hook_guard: { timeout_seconds: seconds } }
  writeFileSync(join(dirname(stateFile(project)), 'breakerbox.json'), JSON.stringify(config))
  const words = ['guard-hooks', '--project', project.folder, '--class', hookClass]
  const guarded = await runCommand('breakerbox', words, { project })
  expect(guarded, guarded.stderr).toMatchObject({ exitCode: 0 })
  return project
}

const lines = (project: GuardedProject, file: string): number =>
  project.exists(file) ? project.read(file).trim().split('\n').length : 0
const hookRuns = (project: GuardedProject): number => lines(project, 'hook.log')

/** So many calls, each another one, that leave a line in `calls.log` when they run. */
const calls = (count: number): Step[] =>
  Array.from({ length: count }, (_, n): readonly Block[] => [bash(`echo call ${n} | tee -a calls.log`)])

describeWithClient('a guarded hook that crashes on every call', () => {
  it('is skipped after three, tried once after the cooldown, and comes back when it works', async () => {
    const project = await withGuarded('[ -e "$CLAUDE_PROJECT_DIR"/mended ] || { echo no such module >&2; exit 1; }')
    const run = await play(project, [...calls(6), [say('end')]])
    expect(run.result).toMatchObject({ result: 'end' })
    expect(hookRuns(project)).toBe(3)
    expect(lines(project, 'calls.log')).toBe(6)
    expect(hookOf(project)).toMatchObject({
      state: 'open',
      failure_count: 3,
      last_error: expect.stringMatching(/exit code 1/),
    })

    passTime(project, 301)
    await play(project, [...calls(3), [say('end')]])
    expect(hookRuns(project)).toBe(3 + 1)
    expect(hookOf(project)).toMatchObject({ state: 'open', failure_count: 4 })

    passTime(project, 301)
    project.write('mended', '')
    await play(project, [...calls(5), [say('end')]])
    expect(hookRuns(project)).toBe(4 + 5)
    expect(hookOf(project)).toMatchObject({ state: 'closed', failure_count: 4 })
  })
})

describeWithClient('a guarded hook that hangs', () => {
  it('is ended with all that it started, and skipped after three', async () => {
    const project = await withGuarded(
      'sleep 300 & echo $! >>"$CLAUDE_PROJECT_DIR"/pids.log; echo $$ >>"$CLAUDE_PROJECT_DIR"/pids.log; wait',
      'convenience',
      1,
    )
    const run = await play(project, [...calls(5), [say('end')]])
    expect(run.result).toMatchObject({ result: 'end' })
    expect(lines(project, 'calls.log')).toBe(5)
    expect(hookRuns(project)).toBe(3)
    expect(hookOf(project)).toMatchObject({ state: 'open', last_error: expect.stringMatching(/1 s/) })
    const pids = project.read('pids.log').trim().split('\n').map(Number)
    expect(pids).toHaveLength(6)
    expect(pids.filter(isAlive)).toEqual([])
  })
})

/** One that has ended and that nobody has asked after yet is not alive. */
const isAlive = (pid: number): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim())

describeWithClient('a hook of class guard that is down', () => {
  it('refuses the calls that it can no longer check, and says which hook is down', async () => {
    const project = await withGuarded('exit 1', 'guard')
    const run = await play(project, [...calls(5), [say('end')]])
    expect(hookRuns(project)).toBe(3)
    expect(lines(project, 'calls.log')).toBe(3)
    expect(run.results.map(({ isError }) => isError)).toEqual([false, false, false, true, true])
    expect(run.results[3]?.text).toMatch(/lint hook\.sh.*is down since .*3 failures in a row/)
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
  })
})

describeWithClient('a guarded hook that refuses with exit code 2', () => {
  it('refuses every time: that is a decision, no failure', async () => {
    const project = await withGuarded('echo "not on a Friday" >&2; exit 2')
    const run = await play(project, [...calls(5), [say('end')]])
    expect(hookRuns(project)).toBe(5)
    expect(lines(project, 'calls.log')).toBe(0)
    expect(run.results.map(({ isError, text }) => isError && text.includes('not on a Friday'))).toEqual(
      Array(5).fill(true),
    )
    expect(hookOf(project)).toMatchObject({ state: 'closed', failure_count: 0 })
  })
})
