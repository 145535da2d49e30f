import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Bench, noon } from '../session/bench.ts'
import { count } from './figures.ts'

const second = 1000
const hour = 3600 * second
const day = 24 * hour
const year = 365 * day

/** Jumps of the clock, milliseconds. */
const jumps: Record<string, number> = {
  'a minute ahead': 60 * second,
  'a minute back': -60 * second,
  'an hour ahead': hour,
  'an hour back': -hour,
  'half a day back': -12 * hour,
  'three days ahead': 3 * day,
  'three days back': -3 * day,
  'ten years ahead': 10 * year,
  'ten years back': -10 * year,
  'to 1970': -noon,
  'to 2100': Date.parse('2100-01-01T00:00:00Z') - noon,
}
/** The first rung of the default ladder, seconds. */
const rung = 5

/** Seconds that a refusal names. */
const waitIn = (refusal: string): number => Number(/, in (\d+) s/.exec(refusal)?.[1] ?? Number.NaN)

let serial = 0
const nextId = () => `t${serial++}`

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  for (let n = 0; n < 3; n += 1) await bench.fails('npm test', nextId())
  return bench
}

describe.each(Object.entries(jumps))('the clock jumps %s', (_how, jump) => {
  test('while a circuit is open: no wait beyond the rung, and the probe comes', async () => {
    const bench = await tripped()
    bench.now += jump
    const refusal = await bench.fails('npm test', nextId())
    if (refusal !== undefined) expect(waitIn(refusal)).toBeLessThanOrEqual(rung)
    // Open again after a failed probe, or still: after the second rung at the latest one call passes.
    bench.now += 11 * second
    expect(await bench.fails('npm test', nextId())).toBeUndefined()
    const after = await bench.fails('npm test', nextId())
    expect(waitIn(after ?? '')).toBeLessThanOrEqual(30)
    count('clock jumps', 1)
  })

  test('while a probe is under way: it expires', async () => {
    const bench = await tripped()
    bench.now += 6 * second
    const call = (id: string) => ({
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command: 'npm test' },
      tool_use_id: id,
    })
    expect((await bench.send(call(nextId()))).answer.deny).toBeUndefined()
    bench.now += jump
    const answer = (await bench.send(call(nextId()))).answer.deny
    if (answer !== undefined) {
      bench.now += 121 * second
      expect((await bench.send(call(nextId()))).answer.deny).toBeUndefined()
    }
    count('clock jumps', 1)
  })

  test('while calls to the outside are counted: the window forgets', async () => {
    const bench = new Bench()
    const fetch = async () => {
      const call = {
        tool_name: 'WebFetch',
        tool_input: { url: `https://example.org/${nextId()}` },
        tool_use_id: nextId(),
      }
      return (await bench.send({ hook_event_name: 'PreToolUse', ...call })).answer.deny
    }
    for (let n = 0; n < 10; n += 1) expect(await fetch()).toBeUndefined()
    bench.now += jump
    const [first] = [await fetch()]
    if (Math.abs(jump) > 60 * second) expect(first).toBeUndefined()
    // Whatever was counted, a minute after the last of it there is room, and the limit still holds.
    bench.now += 61 * second + (jump === -60 * second ? 60 * second : 0)
    for (let n = 0; n < 10; n += 1) expect(await fetch()).toBeUndefined()
    const refusal = await fetch()
    expect(waitIn(refusal ?? '')).toBeLessThanOrEqual(30)
    count('clock jumps', 1)
  })

  test('while a failure is counted: the loop is found all the same', async () => {
    const bench = new Bench()
    await bench.fails('npm test', nextId())
    await bench.fails('npm test', nextId())
    bench.now += jump
    await bench.fails('npm test', nextId())
    expect(await bench.fails('npm test', nextId())).toContain('Refused')
    count('clock jumps', 1)
  })

  test('after a trip: the circuit of a session that is over does not stay for ever', async () => {
    const bench = await tripped()
    bench.now += jump
    for (let days = 0; days < 3; days += 1) {
      bench.now += day
      for (let n = 0; n < 3; n += 1) {
        const call = { tool_name: 'Bash', tool_input: { command: `make ${days}` }, tool_use_id: nextId() }
        const event = {
          session_id: `other${days}`,
          hook_event_name: 'PostToolUseFailure',
          error: 'Exit code 2\nno',
          ...call,
        }
        await bench.send(event)
        await bench.send({ ...event, hook_event_name: 'PostToolBatch', tool_calls: [{ ...call, tool_response: 'no' }] })
      }
    }
    const state = JSON.parse(fs.readFileSync(bench.path('circuit_breaker_state.json'), 'utf8'))
    expect(state.circuits.map(({ session }: { session: string }) => session)).not.toContain('S')
    count('clock jumps', 1)
  })
})

describe('daylight saving', () => {
  const before = process.env['TZ']
  afterEach(() => {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  })
  test.each([
    ['begins in Berlin', 'Europe/Berlin', '2026-03-29T00:59:58.000Z'],
    ['ends in Berlin', 'Europe/Berlin', '2026-10-25T00:59:58.000Z'],
    ['ends in New York', 'America/New_York', '2026-11-01T05:59:58.000Z'],
    ['begins on Lord Howe Island, by half an hour', 'Australia/Lord_Howe', '2026-10-03T15:29:58.000Z'],
  ])('%s: the wait is the same five seconds, told in UTC', async (_where, zone, at) => {
    process.env['TZ'] = zone
    const bench = new Bench()
    bench.now = Date.parse(at)
    for (let n = 0; n < 3; n += 1) await bench.fails('npm test', nextId())
    bench.now += 3 * second
    const refusal = (await bench.fails('npm test', nextId())) ?? ''
    expect(waitIn(refusal)).toBe(2)
    expect(refusal).toContain(`${new Date(Date.parse(at) + 5 * second).toISOString().slice(11, 19)} UTC`)
    bench.now += 2 * second
    expect(await bench.fails('npm test', nextId())).toBeUndefined()
    count('clock jumps', 1)
  })
})

describe.each([
  ['an hour ahead', hour],
  ['an hour behind', -hour],
  ['twelve hours ahead', 12 * hour],
])('two machines with a session each on one folder, the second clock %s', (_how, apart) => {
  /** One turn of each session, by its machine's clock. */
  async function turn(bench: Bench, command: string): Promise<(string | undefined)[]> {
    const answers: (string | undefined)[] = []
    for (const [session, shift] of [
      ['A', 0],
      ['B', apart],
    ] as const) {
      bench.now += shift
      const call = { session_id: session, tool_name: 'Bash', tool_input: { command }, tool_use_id: nextId() }
      const { answer } = await bench.send({ hook_event_name: 'PreToolUse', ...call })
      const said = answer.deny === undefined ? 'Exit code 1\nboom' : `PreToolUse:Bash hook error: ${answer.deny}`
      if (answer.deny === undefined) await bench.send({ hook_event_name: 'PostToolUseFailure', ...call, error: said })
      const batch = { session_id: session, hook_event_name: 'PostToolBatch' }
      await bench.send({ ...batch, tool_calls: [{ ...call, tool_response: said }] })
      bench.now -= shift
      answers.push(answer.deny)
    }
    bench.now += second
    return answers
  }

  test('each loop is found, and no wait is longer than its rung', async () => {
    const bench = new Bench()
    for (let n = 0; n < 3; n += 1) expect(await turn(bench, 'npm test')).toEqual([undefined, undefined])
    const waits: number[] = []
    for (let n = 0; n < 60; n += 1) {
      for (const answer of await turn(bench, 'npm test')) if (answer !== undefined) waits.push(waitIn(answer))
    }
    // Of 120 calls a handful are probes; the fourth refusal in a row ends the run and says so.
    expect(waits.length).toBeGreaterThan(100)
    expect(Math.max(...waits)).toBeLessThanOrEqual(60)
    expect(waits.every((wait) => wait > 0)).toBe(true)
    count('clock jumps', 60)
  })

  test('the loop mended, both circuits close and nothing stays behind', async () => {
    const bench = new Bench()
    for (let n = 0; n < 4; n += 1) await turn(bench, 'npm test')
    bench.now += 20 * second
    for (const [session, shift] of [
      ['A', 0],
      ['B', apart],
    ] as const) {
      bench.now += shift
      const call = {
        session_id: session,
        tool_name: 'Bash',
        tool_input: { command: 'npm test' },
        tool_use_id: nextId(),
      }
      expect((await bench.send({ hook_event_name: 'PreToolUse', ...call })).answer.deny).toBeUndefined()
      await bench.send({ hook_event_name: 'PostToolUse', ...call, tool_response: { stdout: 'ok', stderr: '' } })
      bench.now -= shift
    }
    const state = JSON.parse(fs.readFileSync(bench.path('circuit_breaker_state.json'), 'utf8'))
    expect(state.circuits).toEqual([])
    count('clock jumps', 2)
  })

  test('their documents are not taken for damage, nor their locks for ever for living ones', async () => {
    const bench = new Bench()
    for (let n = 0; n < 3; n += 1) await turn(bench, 'npm test')
    const lock = bench.path('circuit_breaker_state.json.lock')
    fs.mkdirSync(join(lock, '4711.00c0ffee'), { recursive: true })
    // The lock of a process that died on the other machine, by that machine's clock.
    const there = (Date.now() + apart) / 1000
    fs.utimesSync(lock, there, there)
    const call = { tool_name: 'Bash', tool_input: { command: 'make' }, tool_use_id: nextId() }
    bench.now = Date.now()
    const { notes } = await bench.send({ hook_event_name: 'PostToolUseFailure', ...call, error: 'Exit code 2\nno' })
    expect(notes).toEqual([])
    expect(fs.readdirSync(bench.memory).filter((name) => /damaged|\.lock/.test(name))).toEqual([])
    count('clock jumps', 1)
  })
})
