import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { breakerKind } from '../../lib/breaker/breaker-document.ts'
import { CircuitOpenError, circuitBreaker } from '../../lib/breaker/circuit-breaker.ts'
import { fallbackStore, rememberedReachability } from '../../lib/store/fallback-store.ts'
import { memoryStore } from '../../lib/store/memory-store.ts'
import { connectRedis, type RedisConnection } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import { KnownError } from '../../lib/system/known-error.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { bundleWorker, startWorker } from '../faults/processes.ts'
import { enter, ledger } from '../store/ledger.ts'
import { freePort, hasRedis, noRedis, startRedis } from '../support/redis-server.ts'
import { answering, type Stranger, slowWay, stranger, swallowing } from './strangers.ts'

if (!hasRedis) console.log(noRedis)
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.log('skipped: openssl is not installed, so nothing was tested over TLS')

const system = nodeSystem()
const budget = 250
const password = 'hunter2-p@ss/word'
const secret = encodeURIComponent(password)
/** What each address turns out to be, by the end of the test. */
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Processes whose rejections nobody hears end; so does this test. */
const unheard: unknown[] = []
const hearRejection = (error: unknown) => void unheard.push(error)
beforeAll(() => void process.on('unhandledRejection', hearRejection))
afterAll(() => void process.off('unhandledRejection', hearRejection))

const at = async (made: Promise<Stranger>, scheme = 'redis'): Promise<string> => {
  const { port, stop } = await made
  ends.push(stop)
  return `${scheme}://agent:${secret}@127.0.0.1:${port}`
}
const redis = async (lines: readonly string[] = []) => {
  const server = await startRedis(lines)
  ends.push(() => server.stop())
  return server
}
const withUser = (url: string, user: string): string => url.replace('//', `//${user}:${secret}@`)

/** One update with a connection of its own, as a hook makes it; how long it took, in budgets. */
async function oneUpdate(url: string): Promise<{ error: unknown; budgets: number }> {
  const startedAt = performance.now()
  let connection: RedisConnection | undefined
  const error = await (async () => {
    connection = await connectRedis(url)
    await redisStore(system, connection).update(ledger(), enter('x'))
  })().catch((caught: unknown) => caught)
  const budgets = (performance.now() - startedAt) / budget
  connection?.close()
  return { error, budgets }
}

type Address = [name: string, address: () => Promise<string>]

const anywhere: Address[] = [
  ['takes connections and never answers', () => at(stranger())],
  ['takes connections and never answers TLS', () => at(stranger(), 'rediss')],
  ['swallows connections', () => at(swallowing())],
  ['refuses connections', async () => `redis://agent:${secret}@127.0.0.1:${await freePort()}`],
  [
    'refuses connections to a name with several addresses',
    async () => `redis://:${secret}@localhost:${await freePort()}`,
  ],
  ['has a name that does not resolve', async () => `redis://agent:${secret}@no-such-host.invalid:6379`],
  ['answers in HTTP', () => at(answering('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))],
  ['answers in zeros', () => at(answering('\0'.repeat(1000)))],
  ['answers half a line', () => at(answering('+O'))],
  ['answers more than was asked', () => at(answering('+OK\r\n'.repeat(100)))],
  ['repeats what it was told', () => at(answering(`-ERR unknown command 'AUTH', with args: '${password}'\r\n`))],
  ['hangs up at once', () => at(stranger((socket) => socket.destroy()))],
  ['hangs up on the first word', () => at(stranger((socket) => socket.once('data', () => socket.destroy())))],
  ['is no address', async () => `redis://agent:${secret}@127.0.0.1:port`],
  ['is of another kind', async () => `https://agent:${secret}@127.0.0.1`],
  ['has its password in the wrong place', async () => `${password}://agent`],
  ['has a broken password', async () => `redis://agent:%E0%A4%A@127.0.0.1:6379`],
]

const onRedis: Address[] = [
  ['wants another password', async () => (await redis(['requirepass other'])).url.replace('//', `//:${secret}@`)],
  ['wants a password', async () => (await redis(['requirepass other'])).url],
  ['does not know the user', async () => withUser((await redis()).url, 'nobody')],
  [
    'does not know AUTH, and repeats its words',
    async () => (await redis(['rename-command AUTH ""'])).url.replace('//', `//:${secret}@`),
  ],
  [
    'forbids scripts',
    async () => withUser((await redis([`user agent on >${password} ~* +@all -@scripting`])).url, 'agent'),
  ],
  [
    'forbids our keys',
    async () => withUser((await redis([`user agent on >${password} ~theirs:* +@all`])).url, 'agent'),
  ],
  ['has no such database', async () => `${(await redis()).url}/4711`],
  ['is full', async () => (await redis(['maxmemory 1', 'maxmemory-policy noeviction'])).url],
  ['is asked for TLS and speaks none', async () => (await redis()).url.replace('redis:', 'rediss:')],
  [
    'is suspended',
    async () => {
      const server = await redis()
      server.suspend()
      return server.url
    },
  ],
  [
    'sleeps',
    async () => {
      const server = await redis(['enable-debug-command local'])
      const socket = connect(server.port, '127.0.0.1')
      ends.push(() => void socket.destroy())
      socket.write('DEBUG SLEEP 2\r\n')
      await system.sleep(50)
      return server.url
    },
  ],
]

describe.each([...anywhere, ...(hasRedis ? onRedis : [])])('a server that %s', (_name, address) => {
  test('is told in one line within the budget, without the password; all goes on in the local store, and says so once', async () => {
    const url = await address()
    const { error, budgets } = await oneUpdate(url)
    expect(error).toBeInstanceOf(KnownError)
    expect((error as KnownError).code).toBe('EREDIS')
    const shown = [(error as Error).message, (error as Error).stack, JSON.stringify(error)].join('\n')
    expect((error as Error).message).toMatch(/^cannot (reach|read) .+: .+$/)
    expect((error as Error).message).not.toMatch(/\n/)
    for (const hidden of [password, secret, 'hunter2']) expect(shown).not.toContain(hidden)
    expect(budgets).toBeLessThan(4)

    let now = 0
    let opened = 0
    const told: (string | undefined)[] = []
    const local = memoryStore(system)
    const store = fallbackStore(
      async () => {
        opened += 1
        const connection = await connectRedis(url)
        return { ...redisStore(system, connection), close: connection.close }
      },
      local,
      rememberedReachability(() => now, { retryMilliseconds: 1000, onChange: (cause) => told.push(cause) }),
    )
    ends.push(() => store.close())
    for (const entry of ['a', 'b', 'c']) expect((await store.update(ledger(), enter(entry))).kind).toBe('written')
    expect((await local.read(ledger())).document.entries).toEqual(['a', 'b', 'c'])
    expect(opened).toBe(1)
    now += 999
    await store.update(ledger(), enter('d'))
    expect(opened).toBe(1)
    now += 1
    await Promise.all(['e', 'f', 'g'].map((entry) => store.update(ledger(), enter(entry))))
    expect(opened).toBe(2)
    expect(told).toHaveLength(1)
    expect((await local.read(ledger())).document.entries).toHaveLength(7)

    const breaker = circuitBreaker({ name: 'api', store, failMax: 2, token: () => system.token() })
    for (let n = 0; n < 2; n += 1) {
      await expect(breaker.execute(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    }
    await expect(breaker.execute(() => 1)).rejects.toBeInstanceOf(CircuitOpenError)
    await system.sleep(5)
    expect(unheard).toEqual([])
  })
})

describe.skipIf(!hasRedis)('on a real server', () => {
  const opening =
    (url: string, made: RedisConnection[] = []) =>
    async () => {
      const connection = await connectRedis(url, { budgetMilliseconds: 0, answerMilliseconds: budget })
      made.push(connection)
      ends.push(() => connection.close())
      return { ...redisStore(system, connection), close: connection.close }
    }

  test.each(['killed and started anew', 'suspended and woken'])(
    '%s: the store rejoins, and says so once',
    async (how) => {
      const server = await redis()
      let now = 0
      const told: (string | undefined)[] = []
      const local = memoryStore(system)
      const reachability = rememberedReachability(() => now, { onChange: (cause) => told.push(cause) })
      const made: RedisConnection[] = []
      const store = fallbackStore(opening(server.url, made), local, reachability)
      await store.update(ledger(), enter('shared'))
      if (how.startsWith('killed')) await server.kill()
      else server.suspend()
      await Promise.all(['a', 'b', 'c', 'd'].map((entry) => store.update(ledger(), enter(entry))))
      expect([...(await local.read(ledger())).document.entries].sort()).toEqual(['a', 'b', 'c', 'd'])
      expect(told).toEqual([expect.any(String)])
      if (how.startsWith('killed')) await server.restart()
      else server.resume()
      now += 5000
      expect((await store.update(ledger(), enter('again'))).kind).toBe('written')
      expect(told).toEqual([expect.any(String), undefined])
      const { entries } = (await store.read(ledger())).document
      expect(entries.at(-1)).toBe('again')
      expect((await local.read(ledger())).document.entries).toHaveLength(4)
      // The connection that failed was let go; the one that works was not.
      await expect(made[0]?.run('return 1', [], [])).rejects.toMatchObject({ code: 'EREDIS' })
      expect(await made[1]?.run('return 1', [], [])).toBe(1)
      await system.sleep(5)
      expect(unheard).toEqual([])
    },
  )

  test('an answer that was lost leaves no lock behind: who asks next has it', async () => {
    const server = await redis()
    const connection = await connectRedis(server.url, { budgetMilliseconds: 0, answerMilliseconds: 100 })
    const other = await connectRedis(server.url, { budgetMilliseconds: 0 })
    ends.push(
      () => connection.close(),
      () => other.close(),
    )
    server.suspend()
    await expect(redisStore(system, connection).update(ledger(), enter('x'))).rejects.toThrow('no answer')
    server.resume()
    const { kind } = await redisStore(system, other, { waitMilliseconds: 50 }).update(ledger(), enter('y'))
    expect(kind).toBe('written')
  })

  test('a lock that is held is busy, not out of reach, also where the budget is shorter than the wait', async () => {
    const server = await redis()
    const holder = await connectRedis(server.url, { budgetMilliseconds: 0 })
    const connection = await connectRedis(server.url)
    ends.push(
      () => holder.close(),
      () => connection.close(),
    )
    let end: () => void = () => undefined
    const held = redisStore(system, holder).update(ledger(), async (document) => {
      await new Promise<void>((resolve) => (end = resolve))
      return document
    })
    await system.sleep(30)
    const startedAt = performance.now()
    const result = await redisStore(system, connection, { waitMilliseconds: 60_000 }).update(ledger(), enter('x'))
    expect(result.kind).toBe('busy')
    expect((performance.now() - startedAt) / budget).toBeLessThan(4)
    end()
    await held
    // Waiting for others is not waiting for the server.
    expect(connection.remaining()).toBeGreaterThan(0)
  })

  test('the wait for a lock is real time, also where each answer takes long', async () => {
    const server = await redis()
    const holder = await connectRedis(server.url, { budgetMilliseconds: 0 })
    const slow = await connectRedis(server.url, { budgetMilliseconds: 0 })
    ends.push(
      () => holder.close(),
      () => slow.close(),
    )
    const late = {
      ...slow,
      run: async (...words: Parameters<RedisConnection['run']>) => {
        await system.sleep(50)
        return slow.run(...words)
      },
    }
    await holder.run(`return redis.call('SET', KEYS[1], 'x')`, ['breakerbox:{ledger}:lock'], [])
    const startedAt = performance.now()
    const result = await redisStore(system, late, { waitMilliseconds: 200 }).update(ledger(), enter('x'))
    expect(result).toMatchObject({ kind: 'busy' })
    expect((performance.now() - startedAt) / 200).toBeLessThan(4)
  })

  test('time in which nothing is asked is not taken from the budget', async () => {
    const server = await redis()
    const connection = await connectRedis(server.url)
    ends.push(() => connection.close())
    await system.sleep(budget + 50)
    expect((await redisStore(system, connection).update(ledger(), enter('x'))).kind).toBe('written')
  })

  test('what is larger than a document may be is not fetched, and set aside', async () => {
    const server = await redis()
    const connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
    ends.push(() => connection.close())
    await connection.run(`return redis.call('SETRANGE', KEYS[1], 5000000, 'x')`, ['breakerbox:{ledger}'], [])
    const store = redisStore(system, connection)
    expect((await store.read(ledger())).damage?.cause).toBe('5000001 bytes are more than 4194304')
    const result = await store.update(ledger(), enter('x'))
    expect(result).toMatchObject({ kind: 'written', damage: { cause: '5000001 bytes are more than 4194304' } })
  })

  test('a key that is no text is told, and left alone', async () => {
    const server = await redis()
    const connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
    ends.push(() => connection.close())
    await connection.run(`return redis.call('LPUSH', KEYS[1], 'x')`, ['breakerbox:{ledger}'], [])
    const store = redisStore(system, connection)
    for (let n = 0; n < 2; n += 1) await expect(store.update(ledger(), enter('x'))).rejects.toThrow('WRONGTYPE')
  })

  test.skipIf(!hasOpenssl)(
    'a process with an open connection ends by itself; so does one whose connection comes too late',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'breakerbox-late-'))
      ends.push(() => rmSync(folder, { recursive: true, force: true }))
      const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string]
      const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost`
      execFileSync(
        'openssl',
        [...words.split(' '), '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
        {
          stdio: 'ignore',
        },
      )
      const tls = await freePort()
      const files = [`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`]
      const server = await redis([`tls-port ${tls}`, 'tls-auth-clients no', ...files])
      const way = await slowWay(tls, 0.8 * budget)
      ends.push(way.stop)
      const bundle = await bundleWorker(folder, new URL('./caller.ts', import.meta.url))
      const env = { NODE_EXTRA_CA_CERTS: cert, PATH: process.env['PATH'] }
      const call = (url: string) => startWorker(bundle, { url }, { env }).report
      expect(await call(server.url)).toBe('written')
      expect(await call(`rediss://127.0.0.1:${tls}`)).toBe('written')
      expect(await call(`rediss://127.0.0.1:${way.port}`)).toBe('EREDIS')
    },
  )
})

describe('a breaker whose store fails', () => {
  const broken = (fails: 'read' | 'update' | 'both') => {
    const inner = memoryStore(system)
    const failure = () => Promise.reject(new KnownError('write', '/p', 'no space left on device', 'ENOSPC'))
    return {
      ...inner,
      ...(fails === 'update' ? {} : { read: failure }),
      ...(fails === 'read' ? {} : { update: failure }),
    }
  }

  test.each(['read', 'update', 'both'] as const)(
    '%s: calls are made, and give back what they came to',
    async (fails) => {
      const errors: unknown[] = []
      const onError = (error: unknown) => errors.push(error)
      const breaker = circuitBreaker({
        name: 'x',
        store: broken(fails),
        token: () => system.token(),
        failMax: 1,
        onError,
      })
      for (let n = 0; n < 3; n += 1) {
        expect(await breaker.execute(() => n)).toBe(n)
        await expect(breaker.execute(() => Promise.reject(new Error('theirs')))).rejects.toThrow('theirs')
      }
      expect(errors.length).toBeGreaterThanOrEqual(3)
      expect(errors[0]).toMatchObject({ code: 'ENOSPC' })
    },
  )

  test('a reset that could not be made is told', async () => {
    const store = memoryStore(system, { waitMilliseconds: 1 })
    store.shelf.locked.add(breakerKind('x').key)
    const breaker = circuitBreaker({ name: 'x', store, token: () => system.token() })
    await expect(breaker.reset()).rejects.toThrow('circuit x: its store was busy all the time; it was not reset')
  })

  test('a listener that throws takes no result away', async () => {
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const breaker = circuitBreaker({
      name: 'x',
      store: memoryStore(system),
      token: () => system.token(),
      failMax: 1,
      onError,
    })
    breaker.onStateChange(() => {
      throw new Error('listener')
    })
    await expect(breaker.execute(() => Promise.reject(new Error('theirs')))).rejects.toThrow('theirs')
    expect(errors.map(String)).toEqual(['Error: listener'])
  })

  test('where isFailure throws, the call counts as failed and its trial ends', async () => {
    const isFailure = () => {
      throw new Error('isFailure')
    }
    const breaker = circuitBreaker({
      name: 'x',
      store: memoryStore(system),
      token: () => system.token(),
      failMax: 1,
      isFailure,
    })
    await expect(breaker.execute(() => Promise.reject(new Error('theirs')))).rejects.toThrow('isFailure')
    expect(breaker.state).toBe('open')
  })

  test('while one finds out whether the server is back, nobody else waits', async () => {
    let now = 0
    let opened = 0
    const open = () => {
      opened += 1
      if (opened === 1) return Promise.reject(new KnownError('reach', 'it', 'gone', 'EREDIS'))
      return new Promise<never>(() => undefined)
    }
    const store = fallbackStore(
      open,
      memoryStore(system),
      rememberedReachability(() => now, { retryMilliseconds: 10 }),
    )
    await store.update(ledger(), enter('a'))
    now = 10
    void store.update(ledger(), enter('trying'))
    for (const entry of ['b', 'c']) expect((await store.update(ledger(), enter(entry))).kind).toBe('written')
    expect(opened).toBe(2)
  })

  test('a store that cannot be made for another reason is told each time, and tried anew', async () => {
    let times = 0
    const open = async () => {
      times += 1
      if (times === 1) throw Object.assign(new Error('no such package'), { code: 'ERR_MODULE_NOT_FOUND' })
      return memoryStore(system)
    }
    const store = fallbackStore(
      open,
      memoryStore(system),
      rememberedReachability(() => 0),
    )
    await expect(store.read(ledger())).rejects.toThrow('no such package')
    expect((await store.update(ledger(), enter('x'))).kind).toBe('written')
  })
})
