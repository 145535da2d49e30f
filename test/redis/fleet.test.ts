import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { breakerKind } from '../../lib/breaker/breaker-document.ts'
import { connectRedis, type RedisConnection } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { bundleWorker, pause, untilStopped } from '../faults/processes.ts'
import { enter, ledger } from '../store/ledger.ts'
import { hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { type MachineTask, startMachine } from './machines.ts'

if (!hasRedis) console.log(noRedis)

/** A task without the address, which `start` knows. */
type Task = MachineTask extends infer Each ? (Each extends MachineTask ? Omit<Each, 'url'> : never) : never

const hour = 3_600_000
const machines = 20

describe.skipIf(!hasRedis)('many machines on one server', { timeout: 120_000 }, () => {
  const system = nodeSystem()
  let folder: string
  let bundle: string
  let server: RedisServer
  let connection: RedisConnection
  let signs = 0
  beforeAll(async () => {
    folder = fs.mkdtempSync(join(tmpdir(), 'breakerbox-fleet-'))
    bundle = await bundleWorker(folder, new URL('./machine.ts', import.meta.url))
  })
  beforeEach(async () => {
    connection?.close()
    await server?.stop()
    server = await startRedis()
    connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
  })
  afterAll(async () => {
    connection?.close()
    await server?.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  const start = (task: Task) => startMachine(bundle, folder, { ...task, url: server.url } as MachineTask)
  const sign = (): string => {
    signs += 1
    return join(folder, `sign-${signs}`)
  }
  const give = (path: string): void => fs.writeFileSync(path, '')
  const circuit = async () => (await redisStore(system, connection).read(breakerKind('api'))).document
  const entries = async () => (await redisStore(system, connection).read(ledger())).document.entries
  const locks = () => connection.run(`return redis.call('KEYS', '*:lock')`, [], [])
  const together = async <Report>(tasks: readonly Task[], go: string): Promise<Report[]> => {
    const fleet = tasks.map(start)
    await Promise.all(fleet.map((machine) => machine.heard('ready')))
    give(go)
    return (await Promise.all(fleet.map((machine) => machine.report))) as Report[]
  }
  /** Clocks from ten hours behind to ten hours ahead. */
  const offset = (n: number): number => (n - machines / 2) * hour

  test('20 that fail together trip it once, and after the cooldown one of them tries it out', async () => {
    const limits = { failMax: 5, resetTimeoutMs: 3000, probeTimeoutMs: 60_000 }
    const go = sign()
    const failing = Array.from({ length: machines }, (_, n) => ({
      ...({ kind: 'fail', calls: 5, limits, go } as const),
      clockOffset: offset(n),
    }))
    const failed = await together<{ made: number; refused: number }>(failing, go)
    const tripped = await circuit()
    // Each change of state is a generation: one trip is the first.
    expect([tripped.circuit.state, tripped.generation]).toEqual(['open', 1])
    const sum = (key: 'made' | 'refused') => failed.reduce((all, each) => all + each[key], 0)
    expect(sum('made') + sum('refused')).toBe(machines * 5)

    const openedAt = tripped.circuit.state === 'open' ? Date.parse(tripped.circuit.openedAt) : Number.NaN
    const [next, end] = [sign(), sign()]
    const fleet = Array.from({ length: machines }, (_, n) =>
      start({ kind: 'try', limits, go: next, end, clockOffset: offset(n) }),
    )
    await Promise.all(fleet.map((machine) => machine.heard('ready')))
    await pause(Math.max(0, openedAt + limits.resetTimeoutMs + 50 - Date.now()))
    give(next)
    let answered = 0
    const reports = fleet.map(async (machine) => {
      const report = (await machine.report) as { made: number; refused: number }
      answered += 1
      return report
    })
    // The trial lasts until all others have their answer.
    while (answered < machines - 1) await pause(5)
    give(end)
    const tried = await Promise.all(reports)
    const trials = tried.reduce((all, each) => all + each.made, 0)
    expect([trials, tried.reduce((all, each) => all + each.refused, 0)]).toEqual([1, machines - 1])
    expect((await circuit()).circuit).toEqual({ state: 'half_open', successes: 1 })
    console.log(
      `${machines} machines, clocks up to ten hours off: ${machines * 5} failing calls tried, ${sum('made')} made, ` +
        `${sum('refused')} refused, trips: 1; then ${machines} tried, ${trials} trial, ${machines - 1} refused`,
    )
  })

  test.each([
    ['ahead', hour],
    ['behind', -hour],
  ])('a machine whose clock is an hour %s keeps to the same cooldown', async (_name, clockOffset) => {
    const limits = { failMax: 2, resetTimeoutMs: 600, successThreshold: 1 }
    for (const [tripper, trier] of [
      [clockOffset, 0],
      [0, clockOffset],
    ]) {
      await start({ kind: 'fail', calls: 2, limits, clockOffset: tripper ?? 0 }).report
      const { circuit: open } = await circuit()
      const openedAt = open.state === 'open' ? Date.parse(open.openedAt) : Number.NaN
      expect(Math.abs(openedAt - Date.now())).toBeLessThan(hour / 2)
      const trial = start({ kind: 'try', until: 'made', limits, clockOffset: trier ?? 0 })
      const { at } = (await trial.report) as { at: number }
      // By the server's clock, written in whole milliseconds. A process takes a while to start on a busy machine.
      expect((at - openedAt) / limits.resetTimeoutMs).toBeGreaterThanOrEqual(0.998)
      expect(at - openedAt).toBeLessThan(hour / 2)
      expect((await circuit()).circuit.state).toBe('closed')
    }
  })

  test('20 machines with 50 updates each: every one is there, in the order of its writer', async () => {
    const go = sign()
    const writers = Array.from({ length: machines }, (_, n) => ({
      ...({ kind: 'update', writer: `w${n}`, updates: 50, go, store: { waitMilliseconds: 60_000 } } as const),
      clockOffset: offset(n),
    }))
    const startedAt = performance.now()
    const reports = await together<{ busy: number }>(writers, go)
    const seconds = (performance.now() - startedAt) / 1000
    const all = await entries()
    expect(reports.every(({ busy }) => busy === 0)).toBe(true)
    for (let n = 0; n < machines; n += 1) {
      const own = all.filter((entry) => entry.startsWith(`w${n}:`)).map((entry) => Number(entry.split(':')[1]))
      expect(own).toEqual(Array.from({ length: 50 }, (_, at) => at))
    }
    expect(all).toHaveLength(machines * 50)
    expect(await locks()).toEqual([])
    console.log(
      `Redis: ${machines} machines x 50 updates in ${seconds.toFixed(1)} s, tried 1000, there ${all.length}, lost 0`,
    )
  })

  test('machines killed at random moments: what was reported as written is there', async () => {
    const journal = sign()
    let killed = 0
    const lane = async (name: string): Promise<void> => {
      for (let n = 0; n < 10; n += 1) {
        const machine = start({
          ...({ kind: 'update', writer: `${name}${n}`, updates: 1_000_000, journal } as const),
          // Shorter than real, so that dead locks come often.
          store: { waitMilliseconds: 10_000, staleMilliseconds: 60 },
        })
        await machine.heard('ready')
        await pause(Math.random() * 60)
        if (machine.process.kill('SIGKILL')) killed += 1
        await machine.report
      }
    }
    await Promise.all(['a', 'b', 'c', 'd'].map(lane))
    const told = fs.readFileSync(journal, 'utf8').trim().split('\n')
    const found = new Set(await entries())
    const lost = told.filter((entry) => !found.has(entry))
    // At most the one update of each that was written and not yet journalled.
    expect(found.size - told.length).toBeLessThanOrEqual(killed)
    expect((await redisStore(system, connection).update(ledger(), enter('last'))).kind).toBe('written')
    expect(await locks()).toEqual([])
    expect(lost).toEqual([])
    console.log(`Redis, SIGKILL: ${killed} kills, ${told.length} updates reported, survived ${told.length}, lost 0`)
  })

  test('one killed with the lock in its hand keeps the others out until its end, no longer', async () => {
    await redisStore(system, connection).update(ledger(), enter('first'))
    const machine = start({ kind: 'suspend', writer: 'dead', store: { staleMilliseconds: 1000 } })
    await untilStopped(machine.process.pid ?? 0)
    machine.process.kill('SIGKILL')
    await machine.report
    expect((await redisStore(system, connection, { waitMilliseconds: 20 }).update(ledger(), enter('x'))).kind).toBe(
      'busy',
    )
    const later = redisStore(system, connection, { waitMilliseconds: 20_000 })
    expect((await later.update(ledger(), enter('y'))).kind).toBe('written')
    expect(await entries()).toEqual(['first', 'y'])
  })

  test('one killed during its trial: refused until the trial has ended, then one other', async () => {
    const limits = { failMax: 1, resetTimeoutMs: 100, probeTimeoutMs: 1500 }
    await start({ kind: 'fail', calls: 1, limits }).report
    const dead = start({ kind: 'try', until: 'made', limits, end: join(folder, 'never') })
    await dead.heard('made')
    dead.process.kill('SIGKILL')
    await dead.report
    const { circuit: half } = await circuit()
    const claimedAt = half.state === 'half_open' ? Date.parse(half.probe?.claimedAt ?? '') : Number.NaN
    const end = sign()
    const others = [0, 1, 2].map(() => start({ kind: 'try', until: 'made', limits, end }))
    await Promise.race(others.map((machine) => machine.heard('made')))
    give(end)
    const reports = (await Promise.all(others.map((machine) => machine.report))) as { at: number }[]
    const first = Math.min(...reports.map(({ at }) => at))
    expect((first - claimedAt) / limits.probeTimeoutMs).toBeGreaterThanOrEqual(0.998)
    expect((await circuit()).circuit.state).toBe('closed')
  })

  test('one suspended with the lock that wakes up later writes nothing over newer', async () => {
    await redisStore(system, connection).update(ledger(), enter('first'))
    const machine = start({
      kind: 'suspend',
      writer: 'suspended',
      store: { staleMilliseconds: 300, waitMilliseconds: 20_000 },
    })
    await untilStopped(machine.process.pid ?? 0)
    const store = redisStore(system, connection, { waitMilliseconds: 20_000 })
    for (const entry of ['x', 'y']) expect((await store.update(ledger(), enter(entry))).kind).toBe('written')
    await store.update(ledger(), async (document) => {
      machine.process.kill('SIGCONT')
      await pause(100)
      return enter('z')(document)
    })
    expect(await machine.report).toEqual({ kind: 'written', times: 2 })
    expect(await entries()).toEqual(['first', 'x', 'y', 'z', 'suspended'])
    console.log('Redis, SIGSTOP with the lock: 5 updates, survived 5, lost 0')
  })

  test('the server killed and started anew, empty, in mid-run: no call is kept back, none of its results is lost', async () => {
    const until = sign()
    const fleet = Array.from({ length: 6 }, (_, n) => start({ kind: 'live', writer: `w${n}`, until }))
    await Promise.all(fleet.map((machine) => machine.heard('ready')))
    for (let n = 0; n < 3; n += 1) {
      await pause(400)
      await server.kill()
      await pause(400)
      await server.restart()
    }
    await pause(600)
    give(until)
    const reports = (await Promise.all(fleet.map((machine) => machine.report))) as {
      tried: number
      made: number
      answered: number
      failed: number
      refused: number
      updates: number
      busy: number
      longest: number
      errors: string[]
      told: string[]
      locally: number
      lostLocally: number
    }[]
    const sum = (key: 'tried' | 'made' | 'answered' | 'failed' | 'refused' | 'updates' | 'locally' | 'lostLocally') =>
      reports.reduce((all, each) => all + each[key], 0)
    for (const { errors, told } of reports) {
      expect(errors).toEqual([])
      // Said once each time, and all are back in the end.
      expect(told).toEqual(told.map((_, n) => (n % 2 === 0 ? 'down' : 'up')))
      expect(told.at(-1)).toBe('up')
    }
    const lost = sum('tried') - sum('answered') - sum('failed') - sum('refused')
    expect(lost).toBe(0)
    expect(sum('made')).toBe(sum('answered') + sum('failed'))
    expect(sum('locally')).toBeGreaterThan(0)
    expect(sum('lostLocally')).toBe(0)
    // The longest wait is for one answer (250 ms) on the way in, and one on the way out.
    const longest = Math.max(...reports.map((each) => each.longest)) / 250
    expect(longest).toBeLessThan(8)
    console.log(
      `Redis killed and empty again, 3 times under 6 machines: ${sum('tried')} calls tried, ${sum('made')} made, ` +
        `${sum('refused')} refused, lost ${lost}; ${sum('updates')} updates, ${sum('locally')} of them local, ` +
        `lost ${sum('lostLocally')}; longest call ${longest.toFixed(1)} times the wait for an answer`,
    )
  })
})
