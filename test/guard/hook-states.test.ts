import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hookStates } from '../../lib/guard/hook-states.ts'
import { noteLine } from '../../lib/guard/tally.ts'
import { type GuardedHome, guardedHome } from './guarded-home.ts'

/** The library face: everything that can be asked and done, over a real file. */

let home: GuardedHome
beforeEach(() => {
  home = guardedHome()
})
afterEach(() => home.remove())

const runsFolder = (): string => join(home.states.path, '..', 'hook_runs')
const tallies = (): string[] => readdirSync(runsFolder()).filter((name) => name.endsWith('.runs'))
const break3 = async (command: string): Promise<void> => {
  for (let n = 0; n < 3; n += 1) await home.states.recordFailure(home.hook(command), `broken ${n}`, { id: `r${n}` })
}

test('nothing is known at first, and asking makes no file', async () => {
  const { states } = home
  expect(await states.state('x')).toBeUndefined()
  expect(await states.all()).toEqual({})
  expect(await states.disabled()).toEqual({})
  expect(await states.resetAll()).toEqual([])
  expect(await states.reset('x')).toBe(false)
  expect(await states.moveToHalfOpen('x')).toBe(false)
  expect(await states.health()).toMatchObject({ healthy: true, disabled: [], hooks: {} })
  expect(home.exists('../home/.claude/hook_state.json')).toBe(false)
})

test('recorded, asked, reset, half-opened', async () => {
  const { states } = home
  expect(await states.recordSuccess(home.hook('good'), { id: '1', durationMs: 12.4 })).toMatchObject({
    consecutive_successes: 1,
    durations_ms: [12],
  })
  await break3('bad')
  expect(await states.state('bad')).toMatchObject({ state: 'open', last_error: 'broken 2', consecutive_failures: 3 })
  expect(Object.keys(await states.disabled())).toEqual(['bad'])
  expect(await states.health()).toMatchObject({ healthy: false, disabled: ['bad'] })
  expect(await states.statistics()).toMatchObject({ total_executions: 4, total_failures: 3, hooks_disabled: 1 })
  expect(await states.admit(home.hook('bad'), 'a')).toMatchObject({ kind: 'skip' })

  expect(await states.moveToHalfOpen('bad')).toBe(true)
  expect(await states.admit(home.hook('bad'), 'a')).toMatchObject({ kind: 'run', next: { probe: { id: 'a' } } })
  expect(await states.admit(home.hook('bad'), 'b')).toMatchObject({ kind: 'skip' })
  expect(await states.admit(home.hook('bad'), 'a')).toMatchObject({ kind: 'run' })
  await states.recordSuccess(home.hook('bad'), { id: 'a' })
  expect(await states.state('bad')).toMatchObject({ state: 'half_open', consecutive_successes: 1 })
  expect(await states.resetAll()).toEqual(['bad'])
  expect(await states.state('bad')).toMatchObject({ state: 'closed', failure_count: 3, execution_count: 4 })
  expect(await states.health()).toMatchObject({ healthy: true })
  await break3('bad')
  expect(await states.reset('bad')).toBe(true)
  expect((await states.statistics()).hooks_disabled).toBe(0)
})

test('the file has the shape that others read', async () => {
  await break3('echo hi')
  const { hooks, global_stats, ...rest } = home.state()
  expect(Object.keys(hooks)).toEqual(['echo hi'])
  const { class: hookClass, execution_count, durations_ms, ...told } = home.record('echo hi')
  expect(told).toEqual({
    state: 'open',
    failure_count: 3,
    consecutive_failures: 3,
    consecutive_successes: 0,
    first_failure: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    last_failure: expect.any(String),
    last_success: null,
    last_error: 'broken 2',
    disabled_at: expect.any(String),
    retry_after: expect.any(String),
  })
  expect([hookClass, execution_count, durations_ms]).toEqual(['convenience', 3, []])
  expect(Object.keys(global_stats)).toEqual(['total_executions', 'total_failures', 'hooks_disabled', 'last_updated'])
  expect(Object.keys(rest)).toEqual(['tallied'])
  const text = readFileSync(home.states.path, 'utf8')
  expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`)
  for (const name of readdirSync(runsFolder())) expect(statSync(join(runsFolder(), name)).mode & 0o777).toBe(0o600)
})

test('a state that somebody wrote by hand, with the bare shape, is taken', async () => {
  await home.states.recordSuccess(home.hook('x'))
  const bare = { state: 'open', failure_count: 5, consecutive_failures: 3, consecutive_successes: 0 }
  writeFileSync(home.states.path, JSON.stringify({ hooks: { y: { ...bare, last_error: null, retry_after: null } } }))
  expect(await home.states.state('y')).toMatchObject({ state: 'open', class: 'convenience', failure_count: 5 })
  // Without its times it is tried at once.
  expect(await home.states.admit(home.hook('y'), 'a')).toMatchObject({ kind: 'run' })
})

test.each([
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  'ü "\\ \n\t🙂',
  ' ',
  'x'.repeat(3000),
  'a  b',
  'a b',
])('a command of any kind: %j', async (command) => {
  await home.states.recordFailure(home.hook(command), 'e')
  await home.states.recordSuccess(home.hook(command))
  expect(await home.states.state(command)).toMatchObject({ execution_count: 2, failure_count: 1, state: 'closed' })
  const [key = '', ...others] = Object.keys(await home.states.all())
  expect(others).toEqual([])
  expect(await home.states.reset(key)).toBe(true)
})

test('commands that look alike once secrets are taken out keep apart', async () => {
  await home.states.recordFailure(home.hook('curl --token abcdef1234 x'), 'e')
  await home.states.recordFailure(home.hook('curl --token zyxwvu9876 x'), 'e')
  const keys = Object.keys(await home.states.all())
  expect(keys).toHaveLength(2)
  expect(keys.join()).not.toMatch(/abcdef|zyxwvu/)
})

test.each([
  { code: 0 },
  { code: 2, durationMs: 12 },
  { code: 1, durationMs: 0, id: '12-ab', error: 'it  has blanks' },
  { code: 124, id: 'x' },
  { code: 0, durationMs: 5, id: '-', error: 'of several\nlines' },
])('a noted run is read back: %j', async (note) => {
  home.states.note('x', note)
  const line = readFileSync(join(runsFolder(), tallies()[0] ?? ''), 'utf8')
  expect(line).toBe(`${noteLine(note)}\n`.replace('it  has', 'it has'))
  const record = await home.states.countIn(home.hook('x'))
  const isFailure = 'error' in note || note.code === 124
  expect(record).toMatchObject({ execution_count: 1, failure_count: isFailure ? 1 : 0 })
})

test('a line that is still being written waits; one that means nothing is no run', async () => {
  home.states.note('x', { code: 0 })
  const path = join(runsFolder(), tallies()[0] ?? '')
  writeFileSync(path, '0 5\nwhat\n\n9999 1\n1 5')
  expect(await home.states.countIn(home.hook('x'))).toMatchObject({ execution_count: 1 })
  writeFileSync(path, '0 5\nwhat\n\n9999 1\n1 57\n')
  expect(await home.states.countIn(home.hook('x'))).toMatchObject({ execution_count: 2, durations_ms: [5, 57] })
})

test('a tally does not grow for ever, and every run in it is counted', async () => {
  const path = () => join(runsFolder(), tallies()[0] ?? '')
  home.states.note('x', { code: 0 })
  writeFileSync(path(), '0 5\n'.repeat(5000))
  expect(await home.states.countIn(home.hook('x'))).toMatchObject({ execution_count: 5000 })
  await home.states.recordSuccess(home.hook('x'))
  expect(tallies()).toHaveLength(2)
  // Not before every hook that may still write to it has ended.
  const later = hookStates({ ...home.system, clock: () => Date.now() + 3 * 3600 * 1000 })
  await later.recordSuccess(home.hook('x'))
  expect(tallies()).toHaveLength(1)
  await later.recordSuccess(home.hook('x'))
  expect(Object.keys(home.state().tallied ?? {})).toHaveLength(1)
  expect(await home.states.state('x')).toMatchObject({ execution_count: 5003 })
})

test('a tally that is gone, or begun anew under its name, makes no count wrong', async () => {
  await break3('x')
  for (const name of tallies()) rmSync(join(runsFolder(), name))
  expect(await home.states.recordSuccess(home.hook('x'))).toMatchObject({ execution_count: 4 })
  writeFileSync(join(runsFolder(), tallies()[0] ?? ''), '0 5\n')
  expect(await home.states.countIn(home.hook('x'))).toMatchObject({ execution_count: 5 })
})

test('1,000 hooks are kept, more are not, and those that are down stay', async () => {
  const record = { state: 'closed', failure_count: 0, consecutive_failures: 0, consecutive_successes: 1 }
  const at = (n: number) => new Date(Date.UTC(2020, 0, 1) + n * 1000).toISOString()
  const hooks = Object.fromEntries(
    Array.from({ length: 1000 }, (_, n) => [
      `hook ${n}`,
      { ...record, last_success: at(n), ...(n === 0 ? { state: 'open' } : {}) },
    ]),
  )
  await home.states.recordSuccess(home.hook('x'))
  writeFileSync(home.states.path, JSON.stringify({ hooks, global_stats: { total_executions: 1000 } }))
  await home.states.recordSuccess(home.hook('one more'))
  const kept = Object.keys(home.state().hooks)
  expect(kept).toHaveLength(1000)
  expect([kept.includes('hook 0'), kept.includes('hook 1'), kept.includes('one more')]).toEqual([true, false, true])
  expect(home.state().global_stats.total_executions).toBe(1001)
})
