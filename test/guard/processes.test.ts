import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hookStates } from '../../lib/guard/hook-states.ts'
import { type Front, type GuardedHome, guardedHome } from './guarded-home.ts'

/** Many processes of the built guard at once, and processes that are killed: no run is lost, none is counted twice. */

let home: GuardedHome
beforeAll(() => {
  home = guardedHome()
})
afterAll(() => home.remove())

const fronts: readonly Front[] = ['dash', 'bash', 'node']

/** Does all works, at most `atOnce` at a time. */
async function inLanes(atOnce: number, works: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...works]
  const lane = async (): Promise<void> => {
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) await work()
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

/** Every line of every tally: each is one run. */
function notedRuns(): number {
  const folder = join(home.states.path, '..', 'hook_runs')
  const tallies = readdirSync(folder).filter((name) => name.endsWith('.runs'))
  return tallies.reduce((sum, name) => sum + readFileSync(join(folder, name), 'utf8').split('\n').length - 1, 0)
}

test('100 hooks with 10 runs each, from many processes and all fronts', async () => {
  const commands = Array.from({ length: 100 }, (_, n) => `cat >/dev/null; exit ${n % 5 === 0 ? 2 : 0} # hook ${n}`)
  const works = Array.from({ length: 1000 }, (_, n) => async () => {
    const command = commands[n % 100] ?? ''
    const { code } = await home.run(fronts[(n + Math.floor(n / 100)) % 3] ?? 'node', command, { input: '{}' })
    expect(code).toBe((n % 100) % 5 === 0 ? 2 : 0)
  })
  const startedAt = performance.now()
  await inLanes(16, works)
  const seconds = (performance.now() - startedAt) / 1000
  const all = await home.states.all()
  expect(Object.keys(all).sort()).toEqual([...commands].sort())
  for (const command of commands) expect([command, all[command]?.execution_count]).toEqual([command, 10])
  expect(await home.states.statistics()).toMatchObject({ total_executions: 1000, total_failures: 0 })
  expect(home.leftovers()).toEqual([])
  const inFile = home.state().global_stats.total_executions
  console.log(`100 hooks, 1000 runs in ${seconds.toFixed(1)} s: lost 0; in the file already: ${inFile}`)
}, 120_000)

test.each(fronts)(
  '100 runs of one failing hook at the same moment, %s',
  async (front) => {
    const command = `echo x >> ${front}; while [ ! -e ${front}.go ]; do sleep 0.2; done; exit 1`
    await home.states.recordSuccess(home.hook(command))
    for (const command of Object.keys(await home.states.all())) await home.states.countIn(home.hook(command))
    const before = home.state().global_stats
    const runs = Promise.all(Array.from({ length: 100 }, () => home.run(front, command, { seconds: 60 })))
    while (!home.exists(front) || home.read(front).length < 200) await new Promise((resolve) => setTimeout(resolve, 50))
    const startedAt = performance.now()
    home.write(`${front}.go`, '')
    const codes = (await runs).map(({ code }) => code)
    const seconds = (performance.now() - startedAt) / 1000
    expect(codes).toEqual(Array.from({ length: 100 }, () => 1))
    // In the file itself, not only in what the library adds from the tallies.
    expect(home.record(command)).toMatchObject({ state: 'open', failure_count: 100, execution_count: 101 })
    const { total_executions, total_failures } = home.state().global_stats
    expect([total_executions - before.total_executions, total_failures - before.total_failures]).toEqual([100, 100])
    expect(home.leftovers()).toEqual([])
    console.log(`${front}: 100 failures at once, settled in ${seconds.toFixed(1)} s, lost 0`)
  },
  120_000,
)

test('a lock that nobody gives back: the run is noted, and counted by the next', async () => {
  const impatient = hookStates(home.system, { waitMilliseconds: 50 })
  const hook = home.hook('exit 6')
  await impatient.recordFailure(hook, 'first')
  const lock = `${home.states.path}.lock`
  mkdirSync(join(lock, '1.00000000'), { recursive: true })
  const record = await impatient.recordFailure(hook, 'second')
  expect(record).toMatchObject({ failure_count: 2, consecutive_failures: 2, last_error: 'second' })
  expect(home.record('exit 6').failure_count).toBe(1)
  rmSync(lock, { recursive: true })
  await impatient.recordFailure(hook, 'third')
  expect(home.record('exit 6')).toMatchObject({ failure_count: 3, state: 'open' })
})

test('SIGKILL at any moment of a run: never torn, never counted twice, and what is noted is counted', async () => {
  const commands = ['exit 0 # k', 'exit 1 # k', 'echo x; exit 2 # k']
  for (const command of Object.keys(await home.states.all())) await home.states.countIn(home.hook(command))
  const before = home.state().global_stats.total_executions
  const notedBefore = notedRuns()
  let killed = 0
  const works = Array.from({ length: 240 }, (_, n) => async () => {
    const command = commands[n % 3] ?? ''
    const front = fronts[n % 2 === 0 ? 0 : 2] ?? 'node'
    // Failing hooks are brought back, so that there is something to record.
    if (n % 30 === 0) await home.states.resetAll()
    await home.run(front, command, {
      onStart(pid) {
        setTimeout(() => {
          try {
            process.kill(pid, 'SIGKILL')
            killed += 1
          } catch {
            // It was faster.
          }
        }, Math.random() * 120)
      },
    })
    // Throws where it is torn.
    home.state()
  })
  await inLanes(4, works)
  const noted = notedRuns() - notedBefore
  // What a killed holder of the lock has left is in nobody's way for longer than two seconds.
  await new Promise((resolve) => setTimeout(resolve, 2100))
  for (const command of commands) await home.states.countIn(home.hook(command))
  expect(home.state().global_stats.total_executions - before).toBe(noted)
  // And the folders of locks that were never taken are gone a minute later.
  const later = { ...home.system, clock: () => Date.now() + 120_000 }
  await hookStates(later).recordSuccess(home.hook(commands[0] ?? ''))
  expect(home.leftovers()).toEqual([])
  console.log(`SIGKILL: ${killed} of 240 runs killed, ${noted} noted, all counted once`)
}, 120_000)
