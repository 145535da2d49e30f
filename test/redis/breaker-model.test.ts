import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CircuitBreaker, CircuitOpenError, circuitBreaker } from '../../lib/breaker/circuit-breaker.ts'
import { memoryStore } from '../../lib/store/memory-store.ts'
import { connectRedis, type RedisConnection } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import type { Store } from '../../lib/store/store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { noon } from '../breaker/circuit.ts'
import { hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

if (!hasRedis) console.log(noRedis)

const limits = { failMax: 3, resetTimeoutMs: 1000, successThreshold: 2, probeTimeoutMs: 700 }

/** A call that is under way: in which life of the circuit it began, and whether it is the trial. */
interface Ticket {
  readonly life: number
  readonly trial: boolean
}

/** The breaker as one would explain it. Each change of state is a new life, in which calls of older ones say nothing. */
class Model {
  life = 0
  state: 'closed' | 'open' | 'half_open' = 'closed'
  failures = 0
  successes = 0
  openedAt = 0
  trial: { ticket: Ticket; at: number } | undefined

  #become(state: Model['state']) {
    Object.assign(this, { state, failures: 0, successes: 0, trial: undefined })
    this.life += 1
  }
  enter(now: number): Ticket | undefined {
    if (this.state === 'closed') return { life: this.life, trial: false }
    if (this.state === 'open') {
      if (now < this.openedAt + limits.resetTimeoutMs) return undefined
      this.#become('half_open')
    } else if (this.trial !== undefined && now < this.trial.at + limits.probeTimeoutMs) return undefined
    this.trial = { ticket: { life: this.life, trial: true }, at: now }
    return this.trial.ticket
  }
  leave(ticket: Ticket, failed: boolean, now: number) {
    if (ticket.life !== this.life) return
    if (ticket.trial && this.trial?.ticket !== ticket) return
    if (!failed) {
      this.failures = 0
      if (!ticket.trial) return
      this.trial = undefined
      this.successes += 1
      if (this.successes === limits.successThreshold) this.#become('closed')
      return
    }
    this.failures += 1
    if (!ticket.trial && this.failures < limits.failMax) return
    this.#become('open')
    this.openedAt = now
  }
  reset() {
    this.#become('closed')
  }
}

type Step =
  | { readonly kind: 'call'; readonly by: number; readonly fails: boolean }
  /** A call that ends later, by `end`. */
  | { readonly kind: 'begin'; readonly by: number }
  | { readonly kind: 'end'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'reset'; readonly by: number }

const by = fc.nat(1)
const fails = fc.boolean()
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('call' as const), by, fails }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('begin' as const), by }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(5), fails }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1, 300, 699, 700, 999, 1000, 5000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), by }) },
)

interface UnderWay {
  readonly ticket: Ticket
  end(fails: boolean): Promise<unknown>
}

/** Plays the steps on two breakers of one name, as two processes have them, and on the model. */
async function play(store: Store, name: string, steps: readonly Step[]): Promise<void> {
  const model = new Model()
  let now = noon
  let tokens = 0
  const token = (): string => {
    tokens += 1
    return `t${tokens}`
  }
  const make = (): CircuitBreaker => circuitBreaker({ name, store, clock: () => now, token, ...limits })
  const breakers = [make(), make()] as const
  const underWay: UnderWay[] = []

  /** Undefined where the call was refused. */
  const begin = async (breaker: CircuitBreaker): Promise<UnderWay['end'] | undefined> => {
    let settle: (fails: boolean) => void = () => undefined
    let tell: (word: 'ran') => void = () => undefined
    const ran = new Promise<'ran'>((resolve) => (tell = resolve))
    const call = () => {
      tell('ran')
      return new Promise<void>((done, fail) => {
        settle = (fails) => (fails ? fail(new Error('no')) : done())
      })
    }
    const ended = breaker.execute(call).catch((error: unknown) => error)
    const first = await Promise.race([ran, ended])
    if (first instanceof CircuitOpenError) return undefined
    expect(first).toBe('ran')
    return (fails) => {
      settle(fails)
      return ended
    }
  }
  const both = async (by: number): Promise<UnderWay | undefined> => {
    const ticket = model.enter(now)
    const end = await begin(breakers[by as 0 | 1])
    expect(end !== undefined).toBe(ticket !== undefined)
    return ticket === undefined || end === undefined ? undefined : { ticket, end }
  }
  const finish = async ({ ticket, end }: UnderWay, fails: boolean): Promise<void> => {
    model.leave(ticket, fails, now)
    await end(fails)
  }

  for (const each of steps) {
    switch (each.kind) {
      case 'call': {
        const call = await both(each.by)
        if (call !== undefined) await finish(call, each.fails)
        break
      }
      case 'begin': {
        const call = await both(each.by)
        if (call !== undefined) underWay.push(call)
        break
      }
      case 'end': {
        const [call] = underWay.splice(each.which % Math.max(1, underWay.length), 1)
        if (call !== undefined) await finish(call, each.fails)
        break
      }
      case 'wait':
        now += each.milliseconds
        break
      case 'reset':
        model.reset()
        await breakers[each.by as 0 | 1].reset()
        break
      default:
        each satisfies never
    }
    const { circuit, failures } = await breakers[0].refresh()
    expect([circuit.state, failures]).toEqual([model.state, model.state === 'closed' ? model.failures : 0])
    if (circuit.state === 'half_open') expect(circuit.successes).toBe(model.successes)
  }
  for (const { end } of underWay) await end(false)
}

let runs = 0
const sequences = (store: () => Store, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => {
      runs += 1
      return play(store(), `b${runs}`, steps)
    }),
    { numRuns },
  )

test('whatever is done to two breakers of one circuit, they do what the model does', async () => {
  const store = memoryStore(nodeSystem())
  await sequences(() => store, 400)
})

describe.skipIf(!hasRedis)('on a real server', () => {
  let server: RedisServer
  let connection: RedisConnection
  beforeAll(async () => {
    server = await startRedis()
    connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
  })
  afterAll(async () => {
    connection.close()
    await server.stop()
  })
  test('the same', async () => {
    await sequences(() => redisStore(nodeSystem(), connection), 60)
  })
})
