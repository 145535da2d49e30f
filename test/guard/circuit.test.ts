import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type Front, type GuardedHome, guardedHome, type RunOptions } from './guarded-home.ts'

/** The circuit of a hook, shown with the built guard and real hooks; time passes by moving saved times. */

const homes: GuardedHome[] = []
const newHome = (environment: Readonly<Record<string, string>> = {}): GuardedHome => {
  const home = guardedHome(environment)
  homes.push(home)
  return home
}
afterEach(() => {
  for (const home of homes.splice(0)) home.remove()
})

/** A hook that does what the file `mood` says, and counts how often it ran. */
const moody = 'echo x >> ran; echo hello; . ./mood'
const ran = (home: GuardedHome): number => (home.exists('ran') ? home.read('ran').length / 2 : 0)
const mood = (home: GuardedHome, text: string): void => home.write('mood', text)
const fronts: readonly Front[] = ['dash', 'bash', 'node']

describe.each(fronts)('%s', (front) => {
  test('a hook that crashes on every call is skipped after three, and comes back after the cooldown', async () => {
    const home = newHome()
    const codes = async (times: number): Promise<(number | null)[]> => {
      const all: (number | null)[] = []
      for (let n = 0; n < times; n += 1) all.push((await home.run(front, moody)).code)
      return all
    }
    mood(home, 'exit 0')
    expect(await codes(3)).toEqual([0, 0, 0])
    mood(home, 'echo "it is broken" >&2; exit 7')
    expect(await codes(3)).toEqual([7, 7, 7])
    expect(home.record(moody)).toMatchObject({ state: 'open', failure_count: 3, execution_count: 6 })
    expect(home.record(moody).last_error).toMatch(/^exit code 7/)
    expect(home.state().global_stats).toMatchObject({ total_executions: 6, total_failures: 3, hooks_disabled: 1 })
    const skipped = await home.run(front, moody)
    expect([skipped.code, skipped.stdout.length, skipped.stderr.length]).toEqual([0, 0, 0])
    expect(ran(home)).toBe(6)

    home.passTime(300)
    expect(await codes(1)).toEqual([7])
    expect(home.record(moody)).toMatchObject({ state: 'open', failure_count: 4 })
    expect(await codes(2)).toEqual([0, 0])
    expect(ran(home)).toBe(7)

    mood(home, 'exit 0')
    home.passTime(301)
    expect(await codes(1)).toEqual([0])
    expect(home.record(moody)).toMatchObject({
      state: 'half_open',
      consecutive_successes: 1,
      retry_after: expect.any(String),
    })
    expect(home.isReady(moody)).toBe(false)
    expect(await codes(1)).toEqual([0])
    expect(home.record(moody)).toMatchObject({ state: 'closed', disabled_at: null, retry_after: null })
    expect(home.isReady(moody)).toBe(true)
    expect(home.leftovers()).toEqual([])
  })

  test('exit 2 is a decision', async () => {
    const home = newHome()
    const command = 'echo "no" >&2; exit 2'
    for (let n = 0; n < 6; n += 1) {
      const { code, stderr } = await home.run(front, command)
      expect([code, stderr.toString()]).toEqual([2, 'no\n'])
    }
    expect(await home.states.state(command)).toMatchObject({ state: 'closed', failure_count: 0, execution_count: 6 })
  })

  test('a hook that hangs is ended with all that it started, and skipped', async () => {
    const home = newHome()
    // Neither the hook nor what it started listens to a polite request.
    const command = `trap '' TERM; (trap '' TERM; while :; do date +%s%N > alive; sleep 0.05; done) >/dev/null 2>&1 & sleep 60 & wait; sleep 60`
    await home.warm(command)
    const { code, milliseconds } = await home.run(front, command, { seconds: 1 })
    expect(milliseconds).toBeLessThan(5000)
    expect([124, 137]).toContain(code)
    const last = home.read('alive')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(home.read('alive')).toBe(last)
    expect(home.record(command)).toMatchObject({ consecutive_failures: 1, last_error: 'no answer within 1 s' })
    await home.run(front, command, { seconds: 0.3 })
    await home.run(front, command, { seconds: 0.3 })
    expect(home.record(command).state).toBe('open')
    expect((await home.run(front, command, { seconds: 1 })).milliseconds).toBeLessThan(1000)
  }, 20_000)

  test('what a hook that has ended well left in the background goes on', async () => {
    const home = newHome()
    const command = '(sleep 0.5; echo > late) >/dev/null 2>&1 & echo > at-once'
    await home.warm(command)
    expect((await home.run(front, command)).code).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(home.exists('late')).toBe(true)
  })

  test('the client ends it: a failure, at once noted, and the hook ends too', async () => {
    const home = newHome()
    const command = 'trap "echo > told; exit 0" TERM; echo > started; while :; do date +%s%N > alive; sleep 0.05; done'
    await home.warm(command)
    const { code } = await home.run(front, command, {
      onStart(pid) {
        const look = setInterval(() => {
          if (!home.exists('started')) return
          clearInterval(look)
          process.kill(pid, 'SIGTERM')
        }, 20)
      },
    })
    expect(code).not.toBeNull()
    expect(home.exists('told')).toBe(true)
    expect(await home.states.state(command)).toMatchObject({ consecutive_failures: 1, execution_count: 2 })
    const last = home.read('alive')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(home.read('alive')).toBe(last)
  })

  test('the client ends it and does not wait: three times, and the hook is skipped', async () => {
    const home = newHome()
    const command = "trap '' TERM; echo x >> ran; sleep 3"
    await home.warm(command)
    for (let n = 1; n <= 3; n += 1) {
      await home.run(front, command, {
        onStart(pid) {
          const look = setInterval(() => {
            if (ran(home) < n) return
            clearInterval(look)
            process.kill(pid, 'SIGTERM')
            // Before the hook, which does not listen, is ended.
            setTimeout(() => process.kill(pid, 'SIGKILL'), 500)
          }, 20)
        },
      })
    }
    expect(await home.states.state(command)).toMatchObject({ state: 'open', failure_count: 3, execution_count: 4 })
    expect((await home.run(front, command)).milliseconds).toBeLessThan(1000)
    expect(ran(home)).toBe(3)
    expect(home.record(command)).toMatchObject({ state: 'open', failure_count: 3 })
  }, 20_000)

  test('a guard hook that is down is never silent', async () => {
    const home = newHome()
    const command = 'exit 9'
    const guardRun = (input: object, environment = {}, options: RunOptions = {}) =>
      home.run(front, command, { class: 'guard', input: JSON.stringify(input), environment, ...options })
    for (let n = 0; n < 3; n += 1) expect((await guardRun({})).code).toBe(9)
    const asked = { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'x'.repeat(100_000) } }
    const attended = await guardRun(asked)
    const answer = JSON.parse(attended.stdout.toString()).hookSpecificOutput
    expect([attended.code, answer.hookEventName, answer.permissionDecision]).toEqual([0, 'PreToolUse', 'ask'])
    expect(answer.permissionDecisionReason).toContain('"exit 9"')
    expect(answer.permissionDecisionReason).toContain(`down since ${home.record(command).disabled_at}`)
    const alone = await guardRun(asked, { CLAUDE_CODE_SESSION_ATTENDED: '0' })
    expect(JSON.parse(alone.stdout.toString()).hookSpecificOutput.permissionDecision).toBe('deny')
    const told = await guardRun({ hook_event_name: 'Stop' })
    expect(JSON.parse(told.stdout.toString()).systemMessage).toContain('is down since')
    for (const input of ['', 'no json', '[]']) {
      const { code, stdout } = await guardRun({}, {}, { input })
      expect([code, typeof JSON.parse(stdout.toString()).systemMessage]).toEqual([0, 'string'])
    }
  })

  test('of many processes at the time of the trial exactly one runs the hook', async () => {
    const home = newHome()
    const command = 'echo x >> ran; sleep 1; exit 1'
    for (let n = 0; n < 3; n += 1) await home.states.recordFailure(home.hook(command), 'e')
    home.passTime(300)
    await Promise.all(Array.from({ length: 20 }, () => home.run(front, command)))
    expect(ran(home)).toBe(1)
    expect(home.record(command)).toMatchObject({ state: 'open', failure_count: 4 })
  })

  test('the state is moved by BREAKERBOX_HOOK_STATE', async () => {
    const folder = newHome().path('else where')
    const home = newHome({ BREAKERBOX_HOOK_STATE: join(folder, 'my-state.json') })
    expect((await home.run(front, 'exit 3')).code).toBe(3)
    expect((await home.run(front, 'exit 0')).code).toBe(0)
    expect(readdirSync(folder).sort()).toEqual(['hook_runs', 'my-state.json'])
    expect(existsSync(join(home.home, '.claude'))).toBe(false)
  })

  test('a damaged state is set aside and told, and the hook runs', async () => {
    const home = newHome()
    await home.run(front, 'echo ran; exit 1')
    writeFileSync(home.states.path, '{"hooks": {"x": 5}}')
    const { code, stdout, stderr } = await home.run(front, 'echo ran; exit 1')
    expect([code, stdout.toString()]).toEqual([1, 'ran\n'])
    expect(stderr.toString()).toMatch(/^\[hook-guard\] .*set aside as .*hook_state\.damaged\./m)
    expect(home.leftovers()).toHaveLength(1)
    expect(readFileSync(join(home.states.path, '..', home.leftovers()[0] ?? ''), 'utf8')).toBe('{"hooks": {"x": 5}}')
  })

  test('a state folder that is a link works, and stays one', async () => {
    const home = newHome()
    mkdirSync(join(home.home, 'dotfiles'))
    symlinkSync('dotfiles', join(home.home, '.claude'))
    for (let n = 0; n < 4; n += 1) await home.run(front, 'exit 1')
    expect(home.record('exit 1')).toMatchObject({ state: 'open', failure_count: 3 })
    expect(readdirSync(join(home.home, 'dotfiles')).sort()).toEqual(['hook_runs', 'hook_state.json'])
  })

  test('a hook that is excluded runs without any circuit', async () => {
    const home = newHome()
    home.configure({ exclude: ['exit *'] })
    for (let n = 0; n < 5; n += 1) expect((await home.run(front, 'exit 5')).code).toBe(5)
    expect(await home.states.all()).toEqual({})
  })
})

test('where nothing can be written, the hook still runs', async () => {
  const home = newHome()
  // In place of the folder, because root may write anywhere.
  writeFileSync(join(home.home, '.claude'), 'a file')
  for (const front of fronts) {
    const { code, stdout, stderr } = await home.run(front, 'echo ran; exit 4')
    expect([code, stdout.toString()]).toEqual([4, 'ran\n'])
    expect(stderr.toString()).toMatch(/^\[hook-guard\] /)
  }
  rmSync(join(home.home, '.claude'))
  mkdirSync(join(home.home, '.claude'))
  chmodSync(join(home.home, '.claude'), 0o500)
  for (const front of fronts) expect((await home.run(front, 'echo ran; exit 4')).stdout.toString()).toBe('ran\n')
})

test('limits come from the entry that fits, then from the command line, then from the config', async () => {
  const home = newHome()
  home.configure({ failure_threshold: 2, hooks: [{ command: 'exit 1*', failure_threshold: 1 }] })
  const failuresUntilOpen = async (command: string, options: string[] = []): Promise<number> => {
    for (let n = 1; ; n += 1) {
      await home.run('node', command, { options })
      if (home.record(command).state === 'open') return n
    }
  }
  expect(await failuresUntilOpen('exit 1 # one')).toBe(1)
  expect(await failuresUntilOpen('exit 3 # two')).toBe(2)
  expect(await failuresUntilOpen('exit 3 # four', ['--failures', '4'])).toBe(4)
  expect(await failuresUntilOpen('exit 1 # still one', ['--failures', '4'])).toBe(1)
})

describe.each(['dash', 'bash'] as const)('a change of the user’s config, %s', (front) => {
  const command = '[ ! -e slow ] || sleep 20; [ ! -e chatty ] || yes | head -c 2000000; echo x >> ran'
  const seconds = 15

  test('a time-out for a hook holds over the one in its command from the next run on, also where no Node runs', async () => {
    const home = newHome()
    await home.warm(command)
    home.configure({ hooks: [{ command, timeout_seconds: 1.5 }] })
    expect((await home.run(front, command, { seconds })).code).toBe(0)
    // That run was Node's, which has told the shell.
    expect(home.state().global_stats.total_executions).toBe(2)
    expect(home.isReady(command)).toBe(true)
    home.write('slow', '')
    const { code, milliseconds } = await home.run(front, command, { seconds })
    expect([code, home.record(command).last_error]).toEqual([124, 'no answer within 1.5 s'])
    expect(milliseconds).toBeLessThan(10_000)
    home.configure({})
    rmSync(home.path('slow'))
    for (let n = 0; n < 2; n += 1) await home.run(front, command, { seconds })
    home.write('slow', '')
    expect((await home.run(front, command, { seconds: 0.5 })).code).toBe(124)
    expect(home.record(command).last_error).toBe('no answer within 0.5 s')
  }, 20_000)

  test('a cap on a hook’s output leaves each of its runs to Node', async () => {
    const home = newHome()
    await home.warm(command)
    home.write('chatty', '')
    expect((await home.run(front, command)).stdout.length).toBe(2_000_000)
    home.configure({ hooks: [{ command, max_output_kb: 1000 }] })
    expect((await home.run(front, command)).code).toBe(124)
    expect(home.record(command).last_error).toBe('more than 1000 kB of output')
    rmSync(home.path('chatty'))
    await home.run(front, command)
    expect(home.record(command)).toMatchObject({ consecutive_failures: 0, state: 'closed' })
    expect(home.isReady(command)).toBe(false)
    home.write('chatty', '')
    expect((await home.run(front, command)).code).toBe(124)
  })

  test('an exclusion holds from the next run on', async () => {
    const home = newHome()
    await home.warm(command)
    home.configure({ exclude: [command] })
    for (let n = 0; n < 2; n += 1) expect((await home.run(front, command)).code).toBe(0)
    expect(await home.states.state(command)).toMatchObject({ execution_count: 1 })
  })
})

test.skipIf(process.platform !== 'linux')(
  'a time-out does not wait for what has ended and is not asked after',
  async () => {
    const home = newHome()
    // A process of the hook's group ends with it, and its parent, which has left the group, does not ask.
    const command = '(sleep 60 & exec setsid sleep 3) >/dev/null 2>&1 & sleep 60'
    const { code, milliseconds } = await home.run('node', command, { seconds: 0.3 })
    expect(code).toBe(124)
    expect(milliseconds).toBeLessThan(1300)
  },
)

test('more output than allowed is a failure', async () => {
  const home = newHome()
  const { code, stdout } = await home.run('node', 'yes; sleep 5', { options: ['--max-output', '100'] })
  expect(code).toBe(124)
  expect(stdout.length).toBeLessThanOrEqual(100_000)
  expect(home.record('yes; sleep 5').last_error).toBe('more than 100 kB of output')
})

test.each([
  ['no-such-program', 127, 'command not found'],
  ['/', 126, 'EACCES'],
])('a program that cannot be started: %s', async (program, code, why) => {
  const home = newHome()
  const [file, script] = home.words('node', 'x')
  const env = { PATH: process.env['PATH'], HOME: home.home }
  const { status, stderr } = spawnSync(file, [script ?? '', '--', program], { env, encoding: 'utf8' })
  expect(status).toBe(code)
  expect(stderr).toContain(`[hook-guard] ${JSON.stringify(program)}: `)
  expect(home.record(program).last_error).toContain(why)
})

test('without Node, or without its other half, the front runs the hook bare', async () => {
  const home = newHome()
  const [, script = '', ...others] = home.words('dash', 'cat; exit 7')
  const run = (file: string, path: string) => {
    const env = { PATH: path, HOME: home.home }
    return spawnSync('/bin/sh', [file, ...others], { env, encoding: 'utf8', input: 'text' })
  }
  const nowhere = home.path('bin')
  mkdirSync(nowhere)
  symlinkSync('/bin/cat', join(nowhere, 'cat'))
  expect(run(script, nowhere)).toMatchObject({ status: 7, stdout: 'text', stderr: '' })
  home.write('alone.sh', readFileSync(script, 'utf8'))
  expect(run(home.path('alone.sh'), process.env['PATH'] ?? '')).toMatchObject({ status: 7, stdout: 'text', stderr: '' })
})

test('secrets in a command or in what a hook says are not kept', async () => {
  const home = newHome()
  const command = 'echo "the --token abcdef123456 is wrong" >&2; PASSWORD=hunter22 false'
  await home.run('node', command)
  expect(readFileSync(home.states.path, 'utf8')).not.toMatch(/hunter22|abcdef123456/)
  expect(home.record(command).last_error).toContain('[redacted]')
  await home.run('dash', command)
  expect(home.record(command).failure_count).toBe(2)
})
