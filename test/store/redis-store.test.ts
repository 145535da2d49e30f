import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRedis, type RedisConnection } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { storeContract } from './contract.ts'
import { enter, ledger } from './ledger.ts'

if (!hasRedis) console.log(noRedis)

describe.skipIf(!hasRedis)('on a real server', () => {
  const system = nodeSystem()
  let server: RedisServer
  let connection: RedisConnection
  let prefixes = 0
  beforeAll(async () => {
    server = await startRedis()
    connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
  })
  afterAll(async () => {
    connection.close()
    await server.stop()
  })

  const ask = (script: string, keys: string[] = [], words: string[] = []) => connection.run(script, keys, words)

  storeContract('Redis', () => {
    prefixes += 1
    const prefix = `test${prefixes}:`
    const nameOf = (name: string) => {
      const [key, rest] = [name.split('.damaged.')[0], name.split('.damaged.')[1]]
      return `${prefix}{${key}}${rest === undefined ? '' : `.damaged.${rest}`}`
    }
    return {
      store: redisStore(system, connection, { prefix }),
      other: redisStore(system, connection, { prefix, waitMilliseconds: 50 }),
      put: async (key, text) => void (await ask(`return redis.call('SET', KEYS[1], ARGV[1])`, [nameOf(key)], [text])),
      text: async (key) => ((await ask(`return redis.call('GET', KEYS[1])`, [nameOf(key)])) as string) ?? undefined,
      setAside: async (name) =>
        ((await ask(`return redis.call('GET', KEYS[1])`, [nameOf(name)])) as string) ?? undefined,
      leftovers: async () => (await ask(`return redis.call('KEYS', ARGV[1])`, [], [`${prefix}*:lock`])) as string[],
    }
  })

  const storeWith = (options: object) => {
    prefixes += 1
    return redisStore(system, connection, { prefix: `test${prefixes}:`, ...options })
  }

  test('a change is told the time of the server, not that of this machine', async () => {
    const [seconds] = (await ask(`return redis.call('TIME')`)) as [string, string]
    let told = 0
    await storeWith({}).update(ledger(), (document, at) => {
      told = at
      return document
    })
    expect(Math.abs(told - Number(seconds) * 1000)).toBeLessThan(2000)
  })

  test('documents expire when nobody changes them', async () => {
    const store = storeWith({ keepMilliseconds: 5000 })
    await store.update(ledger(), enter('a'))
    const left = Number(await ask(`return redis.call('PTTL', KEYS[1])`, [`test${prefixes}:{ledger}`]))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(5000)
  })

  test('a holder whose lock has ended writes nothing over a later one', async () => {
    const store = storeWith({ staleMilliseconds: 100 })
    let times = 0
    const slow = store.update(ledger(), async (document) => {
      times += 1
      if (times === 1) await system.sleep(300)
      return enter('slow')(document)
    })
    await system.sleep(150)
    expect((await store.update(ledger(), enter('quick'))).kind).toBe('written')
    expect((await slow).kind).toBe('written')
    expect((await store.read(ledger())).document.entries).toEqual(['quick', 'slow'])
  })
})
