/**
 * One machine of the fleet tests: a process with a folder and a clock of its own. Bundled by `machines.ts`; its one argument is
 * a `MachineTask` as JSON. Its report is what it prints.
 */
import { appendFileSync, existsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type CircuitBreaker, CircuitOpenError, circuitBreaker } from '../../lib/breaker/circuit-breaker.ts'
import { fallbackStore, rememberedReachability } from '../../lib/store/fallback-store.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { connectRedis } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import type { Store } from '../../lib/store/store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { enter, ledger } from '../store/ledger.ts'
import type { MachineTask, TaskOf } from './machines.ts'

const task = JSON.parse(process.argv[2] ?? '') as MachineTask
const system = nodeSystem()
const trueTime = Date.now
Date.now = () => trueTime() + (task.clockOffset ?? 0)

const connection = await connectRedis(task.url, { budgetMilliseconds: 0 })
const store = redisStore(system, connection, task.store)
const report = await perform()
process.stdout.write(JSON.stringify(report))

async function perform(): Promise<unknown> {
  switch (task.kind) {
    case 'fail':
      return fail(task)
    case 'try':
      return tryOut(task)
    case 'update':
      return update(task)
    case 'suspend':
      return suspend(task)
    case 'live':
      return live(task)
    default:
      return task satisfies never
  }
}

function breakerOn(on: Store, limits: TaskOf<'fail'>['limits'] = {}): CircuitBreaker {
  return circuitBreaker({ name: 'api', store: on, token: () => `${process.pid}-${system.token()}`, ...limits })
}

/** Tells the test that this machine is there, and waits for its sign. */
async function start(go: string | undefined): Promise<void> {
  writeSync(2, 'ready')
  while (go !== undefined && !existsSync(go)) await system.sleep(2)
}

async function fail({ calls, limits, go }: TaskOf<'fail'>): Promise<{ made: number; refused: number }> {
  const breaker = breakerOn(store, limits)
  await start(go)
  let made = 0
  let refused = 0
  for (let n = 0; n < calls; n += 1) {
    const call = async () => {
      made += 1
      throw new Error('overloaded')
    }
    await breaker.execute(call).catch((error: unknown) => {
      if (error instanceof CircuitOpenError) refused += 1
    })
  }
  return { made, refused }
}

/** One call, or one after another until one is made; a call that is made lasts until `end` is there. */
async function tryOut({
  limits,
  go,
  until,
  end,
}: TaskOf<'try'>): Promise<{ made: number; refused: number; at: number }> {
  const breaker = breakerOn(store, limits)
  await start(go)
  let made = 0
  let refused = 0
  let at = 0
  do {
    const call = async () => {
      made += 1
      const [seconds, microseconds] = (await connection.run(`return redis.call('TIME')`, [], [])) as [string, string]
      at = Number(seconds) * 1000 + Number(microseconds) / 1000
      writeSync(2, ' made')
      while (end !== undefined && !existsSync(end)) await system.sleep(2)
    }
    await breaker.execute(call).catch((error: unknown) => {
      if (!(error instanceof CircuitOpenError)) throw error
      refused += 1
    })
    if (made === 0 && until === 'made') await system.sleep(5)
  } while (made === 0 && until === 'made')
  return { made, refused, at }
}

async function update({ writer, updates, journal, go }: TaskOf<'update'>): Promise<{ busy: number }> {
  await start(go)
  let busy = 0
  for (let n = 0; n < updates; n += 1) {
    const result = await store.update(ledger(), enter(`${writer}:${n}`))
    if (result.kind === 'busy') busy += 1
    // What the process was told must be there afterwards, killed or not.
    else if (journal !== undefined) appendFileSync(journal, `${writer}:${n}\n`)
  }
  return { busy }
}

/** Suspends itself with the lock in its hand, once. */
async function suspend({ writer }: TaskOf<'suspend'>): Promise<unknown> {
  let times = 0
  const result = await store.update(ledger(), (document) => {
    times += 1
    if (times === 1) process.kill(process.pid, 'SIGSTOP')
    return enter(writer)(document)
  })
  return { kind: result.kind, times }
}

/** Calls and updates one after another until the file `until` is there, with the server or without it. */
async function live({ writer, until }: TaskOf<'live'>): Promise<unknown> {
  const files = fileStore(system, join(process.cwd(), 'memory'))
  const locally: string[] = []
  const local: Store = {
    ...files,
    async update(kind, change) {
      const result = await files.update(kind, change)
      const { entries } = (result.kind === 'written' ? result.document : {}) as { entries?: string[] }
      if (entries !== undefined) locally.push(entries.at(-1) ?? '')
      return result
    },
  }
  const told: string[] = []
  const reachability = rememberedReachability(() => performance.now(), {
    retryMilliseconds: 100,
    onChange: (cause) => told.push(cause === undefined ? 'up' : 'down'),
  })
  const open = async () => {
    const opened = await connectRedis(task.url, { budgetMilliseconds: 0, answerMilliseconds: 250 })
    return { ...redisStore(system, opened), close: opened.close }
  }
  const either = fallbackStore(open, local, reachability)
  const errors: string[] = []
  const breaker = circuitBreaker({
    name: 'api',
    store: either,
    token: () => `${process.pid}-${system.token()}`,
    resetTimeoutMs: 50,
    onError: (error) => errors.push(String(error)),
  })
  await start(undefined)
  const counts = { tried: 0, made: 0, answered: 0, failed: 0, refused: 0, updates: 0, busy: 0 }
  let longest = 0
  while (!existsSync(until)) {
    const begun = performance.now()
    counts.tried += 1
    const n = counts.tried
    const call = async () => {
      counts.made += 1
      if (n % 7 === 0) throw new Error('overloaded')
      return n
    }
    await breaker.execute(call).then(
      (result) => {
        if (result === n) counts.answered += 1
      },
      (error: Error) => {
        if (error instanceof CircuitOpenError) counts.refused += 1
        else if (error.message === 'overloaded') counts.failed += 1
      },
    )
    longest = Math.max(longest, performance.now() - begun)
    const result = await either.update(ledger(), enter(`${writer}:${n}`))
    if (result.kind === 'busy') counts.busy += 1
    else counts.updates += 1
    await system.sleep(5)
  }
  const kept = (await files.read(ledger())).document.entries
  return {
    ...counts,
    longest,
    errors,
    told,
    locally: locally.length,
    lostLocally: locally.filter((e) => !kept.includes(e)).length,
  }
}
