import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type BreakerOptions,
  type CircuitBreaker,
  CircuitOpenError,
  circuitBreaker,
} from '../../lib/breaker/circuit-breaker.ts'
import { createCircuitBreaker, getCircuitBreaker, resetAllCircuitBreakers } from '../../lib/index.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { memoryStore } from '../../lib/store/memory-store.ts'
import { connectRedis, type RedisConnection } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import type { Store } from '../../lib/store/store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

const system = nodeSystem()
const folder = mkdtempSync(join(tmpdir(), 'breakerbox-breaker-'))
let server: RedisServer | undefined
let connection: RedisConnection | undefined
let names = 0

beforeAll(async () => {
  if (!hasRedis) return
  server = await startRedis()
  connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
})
afterAll(async () => {
  connection?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

if (!hasRedis) console.log(noRedis)

/** A breaker on a clock of the test's own; `twin` is another one of the same name, as another process would have. */
function bench(store: Store, limits: Partial<BreakerOptions> = {}) {
  names += 1
  let now = Date.parse('2026-03-04T12:00:00.000Z')
  const make = (): CircuitBreaker =>
    circuitBreaker({ name: `b${names}`, store, clock: () => now, token: () => system.token(), ...limits })
  const breaker = make()
  const wait = (milliseconds: number): void => {
    now += milliseconds
  }
  const fails = (on = breaker) => on.execute(() => Promise.reject(new Error('no'))).catch((error: Error) => error.name)
  const works = (on = breaker) => on.execute(async () => 'yes').catch((error: Error) => error.name)
  return { breaker, twin: make(), fails, works, wait }
}

describe.each<[name: string, open: () => Store]>([
  ['memory', () => memoryStore(system)],
  ['file', () => fileStore(system, join(folder, String(names)))],
  ...(hasRedis ? [['Redis', () => redisStore(system, connection as RedisConnection)] as [string, () => Store]] : []),
])('a breaker on the %s store', (_name, open) => {
  test('opens after five failures in a row, half-open after 30 s, closed after two successes', async () => {
    const { breaker, fails, works, wait } = bench(open())
    for (let i = 0; i < 4; i += 1) expect(await fails()).toBe('Error')
    expect([breaker.state, breaker.failCount]).toEqual(['closed', 4])
    await fails()
    expect([breaker.state, breaker.failCount]).toEqual(['open', 0])
    expect(await works()).toBe('CircuitOpenError')
    wait(29_999)
    expect(await works()).toBe('CircuitOpenError')
    wait(1)
    expect(await works()).toBe('yes')
    expect(breaker.state).toBe('half_open')
    expect(await works()).toBe('yes')
    expect(breaker.state).toBe('closed')
  })

  test('a success in between clears the count', async () => {
    const { breaker, fails, works } = bench(open())
    for (const call of [fails, fails, fails, fails, works, fails, fails, fails, fails]) await call()
    expect([breaker.state, breaker.failCount]).toEqual(['closed', 4])
  })

  test('a failure while half-open opens it again, for the whole time', async () => {
    const { breaker, fails, works, wait } = bench(open(), { failMax: 1, resetTimeoutMs: 1000 })
    await fails()
    wait(1000)
    expect(await works()).toBe('yes')
    expect(await fails()).toBe('Error')
    expect(breaker.state).toBe('open')
    wait(999)
    expect(await works()).toBe('CircuitOpenError')
  })

  test('while one trial is under way no other call is made; a trial that never ends is given up', async () => {
    const { breaker, twin, fails, works, wait } = bench(open(), { failMax: 1, resetTimeoutMs: 1000 })
    await fails()
    wait(1000)
    let end: () => void = () => {}
    const trial = breaker.execute(
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    while (breaker.state !== 'half_open') await system.sleep(1)
    expect(await works(twin)).toBe('CircuitOpenError')
    wait(1000)
    expect(await works(twin)).toBe('yes')
    end()
    await trial
    // The lost trial's success is not one of those that close the circuit.
    expect((await breaker.refresh()).circuit).toMatchObject({ state: 'half_open', successes: 1 })
  })

  test('results of calls that began before a reset, or before it opened, are ignored', async () => {
    const { breaker, twin, fails } = bench(open(), { failMax: 2 })
    let fail: () => void = () => {}
    const slow = breaker.execute(
      () => new Promise<void>((_resolve, reject) => (fail = () => reject(new Error('late')))),
    )
    await system.sleep(5)
    await fails(twin)
    await twin.reset()
    await fails(twin)
    fail()
    await expect(slow).rejects.toThrow('late')
    expect((await breaker.refresh()).failures).toBe(1)
  })

  test('two breakers of one name are one circuit', async () => {
    const { breaker, twin, fails, works } = bench(open(), { failMax: 2 })
    await fails()
    await fails(twin)
    expect(await works()).toBe('CircuitOpenError')
    await breaker.reset()
    expect(await works(twin)).toBe('yes')
  })

  test('thirty calls at once trip once, and one of thirty tries it out', async () => {
    const { breaker, twin, fails, wait } = bench(open())
    const changes: string[] = []
    breaker.onStateChange(({ to }) => changes.push(to))
    await Promise.all(Array.from({ length: 30 }, (_, i) => fails(i % 2 === 0 ? breaker : twin)))
    await breaker.refresh()
    expect(changes).toEqual(['open'])
    wait(30_000)
    let made = 0
    let answered = 0
    // The trial lasts until all others have their answer: after it, the second one would be let through.
    const call = async () => {
      made += 1
      while (answered < 29) await system.sleep(1)
    }
    const tries = Array.from({ length: 30 }, async (_, i) => {
      const answer = await (i % 2 === 0 ? breaker : twin).execute(call).catch((error: Error) => error.name)
      answered += 1
      return answer
    })
    const answers = await Promise.all(tries)
    expect([made, answers.filter((answer) => answer === 'CircuitOpenError').length]).toEqual([1, 29])
  })
})

describe('the rest of its face', () => {
  test('the error tells name, state and when', async () => {
    const { breaker, fails } = bench(memoryStore(system), { failMax: 1, name: 'model API' })
    await fails()
    const error = await breaker.execute(() => 1).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CircuitOpenError)
    expect(error).toMatchObject({ circuit: 'model API', state: 'open', retryAt: new Date('2026-03-04T12:00:30.000Z') })
    expect((error as Error).message).toBe('circuit model API is open; tried again at 2026-03-04T12:00:30.000Z')
  })

  test('an error that is no failure counts as an answer', async () => {
    const isFailure = (error: unknown) => !(error as Error).message.startsWith('404')
    const { breaker, fails } = bench(memoryStore(system), { failMax: 2, isFailure })
    await fails()
    await expect(breaker.execute(() => Promise.reject(new Error('404 no such page')))).rejects.toThrow('404')
    expect(breaker.failCount).toBe(0)
  })

  test('wrap passes values and results through', async () => {
    const { breaker } = bench(memoryStore(system))
    expect(await breaker.wrap((a: number, b: number) => a + b)(2, 3)).toBe(5)
  })

  test('listeners hear each change once, until they stop or it is closed', async () => {
    const { breaker, fails } = bench(memoryStore(system), { failMax: 1 })
    const heard: string[] = []
    const stop = breaker.onStateChange(({ from, to }) => heard.push(`${from} ${to}`))
    await fails()
    stop()
    await breaker.reset()
    expect(heard).toEqual(['closed open'])
  })

  test.each([{ failMax: 0 }, { successThreshold: -1 }, { resetTimeoutMs: Number.NaN }])(
    'limits that make no sense: %j',
    (limits) => {
      expect(() => createCircuitBreaker({ name: 'x', ...limits })).toThrow(RangeError)
    },
  )

  test('one name, one breaker; reset all', async () => {
    const one = getCircuitBreaker('shop', { failMax: 1 })
    expect(getCircuitBreaker('shop')).toBe(one)
    await one.execute(() => Promise.reject(new Error('no'))).catch(() => {})
    expect(one.state).toBe('open')
    await resetAllCircuitBreakers()
    expect(one.state).toBe('closed')
    one.close()
    expect(getCircuitBreaker('shop')).not.toBe(one)
    getCircuitBreaker('shop').close()
  })
})
