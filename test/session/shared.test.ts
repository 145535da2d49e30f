import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fleetAddress } from '../../lib/config/fleet-address.ts'
import { sharedKind } from '../../lib/session/documents.ts'
import { openFleet } from '../../lib/session/fleet.ts'
import { markerName } from '../../lib/session/marker.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { Bench } from './bench.ts'
import { configured, fetches, machines, nextCall, running } from './limits-bench.ts'

async function curls(bench: Bench, session: string): Promise<boolean> {
  const number = nextCall()
  const call = {
    tool_name: 'Bash',
    tool_input: { command: `curl https://example.com/${number}` },
    tool_use_id: `c${number}`,
  }
  const { answer } = await bench.send({ hook_event_name: 'PreToolUse', session_id: session, ...call })
  if (answer.deny !== undefined) return false
  await bench.send({
    hook_event_name: 'PostToolBatch',
    session_id: session,
    tool_calls: [{ ...call, tool_response: `page ${number}` }],
  })
  return true
}

async function starts(bench: Bench, session: string): Promise<boolean> {
  const number = nextCall()
  const call = { tool_name: 'Agent', tool_input: { prompt: `task ${number}` }, tool_use_id: `a${number}` }
  const { answer } = await bench.send({ hook_event_name: 'PreToolUse', session_id: session, ...call })
  return answer.deny === undefined
}

describe('limits of a project', () => {
  test.each<[what: string, act: typeof fetches, most: number]>([
    ['calls to the outside', fetches, 10],
    ['curl in Bash, which is counted when it has run', curls, 11],
    ['agents', starts, 5],
  ])('%s: three sessions share the limit', async (_what, act, most) => {
    const bench = new Bench()
    expect(await running(20, ['S', 'T', 'U'], bench, act)).toBe(most)
  })

  test('the refusal says that it counts all sessions, and for how long', async () => {
    const bench = new Bench()
    await running(10, ['S', 'T'], bench)
    const call = { tool_name: 'WebFetch', tool_input: { url: 'https://example.com/x' }, tool_use_id: 'last' }
    const { answer } = await bench.send({ hook_event_name: 'PreToolUse', session_id: 'S', ...call })
    expect(answer.deny).toContain('more than 10 calls to the outside in 60 s, all sessions together')
    expect(answer.deny).toMatch(/in 30 s/)
    expect(bench.system.files.facts(bench.path(markerName))).toBeDefined()
  })

  test('after the cooldown the next call is let through, counted, and one too many opens it again', async () => {
    const bench = new Bench()
    await running(11, ['S', 'T'], bench)
    bench.now += 31_000
    expect(await fetches(bench, 'S')).toBe(true)
    bench.now += 31_000
    expect(await running(12, ['S', 'T'], bench)).toBe(9)
  })

  test('a session that is alone is counted as before, and its log has its name', async () => {
    const bench = new Bench()
    expect(await running(12, ['S'], bench)).toBe(10)
    const log = bench.system.files.readText(bench.path('circuit_breaker_incidents.jsonl'))
    expect(JSON.parse(log.split('\n')[0] ?? '')).toMatchObject({
      kind: 'trip',
      pattern: 'external_api',
      session: 'S',
      agent: 'main',
    })
  })

  test('a bypass lifts it for the session whose person said so', async () => {
    const bench = new Bench()
    await running(11, ['S', 'T'], bench)
    await bench.send({ hook_event_name: 'UserPromptSubmit', session_id: 'S', prompt: 'go on, SUDO BYPASS' })
    expect([await fetches(bench, 'S'), await fetches(bench, 'T')]).toEqual([true, false])
  })

  test.each<[scope: string, ran: number]>([
    ['session', 20],
    ['project', 10],
    ['fleet', 10],
  ])('scope %s: of 24 tries of two sessions %i run; without a server the fleet is the project', async (scope, ran) => {
    const bench = configured(new Bench(), { external_api: { scope } })
    expect(await running(24, ['S', 'T'], bench)).toBe(ran)
  })

  test('calls of a session that were counted are counted once, whoever tells of them again', async () => {
    const bench = new Bench()
    const call = { tool_name: 'Bash', tool_input: { command: 'curl https://example.com/' }, tool_use_id: 'once' }
    const batch = {
      hook_event_name: 'PostToolBatch',
      session_id: 'S',
      tool_calls: [{ ...call, tool_response: 'page' }],
    }
    await bench.send({ ...batch, hook_event_name: 'PostToolUse', ...call, tool_response: 'page' })
    await bench.send(batch)
    await bench.send(batch)
    const { document } = await fileStore(bench.system, bench.memory).read(sharedKind)
    expect(document.memory.entries).toHaveLength(1)
  })
})

describe('the address of a fleet', () => {
  const named = 'redis://127.0.0.1:6379'
  test.each<[where: string, settings: object | undefined, url: string | undefined]>([
    ['the person alone', undefined, named],
    ['a project whose settings set other variables', { env: { NODE_ENV: 'test' } }, named],
    ['the project’s settings', { env: { BREAKERBOX_REDIS_URL: named } }, undefined],
  ])('is taken from the environment, and not where it comes from a project: %s', (_where, settings, url) => {
    const bench = new Bench()
    bench.env = { BREAKERBOX_REDIS_URL: named, CLAUDE_PROJECT_DIR: bench.project }
    bench.system.files.makeFolders(`${bench.project}/.claude`)
    if (settings !== undefined)
      bench.system.files.create(`${bench.project}/.claude/settings.json`, JSON.stringify(settings))
    expect(fleetAddress(bench.system)?.url).toBe(url)
  })
})

if (!hasRedis) console.log(noRedis)

describe.skipIf(!hasRedis)('limits of a fleet, on a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  test('two machines share ten calls a minute, whatever their clocks say; the one that tripped it is named', async () => {
    const [one, two] = machines(2, server.url) as [Bench, Bench]
    two.now += 3_600_000
    let ran = 0
    for (let i = 0; i < 10; i += 1) {
      if (await fetches(one, 'S')) ran += 1
      if (await fetches(two, 'S')) ran += 1
    }
    expect(ran).toBe(10)
    const shared = await openFleet({ system: one.system, store: fileStore(one.system, one.memory) } as never)
    const { document } = (await shared?.store.read(sharedKind)) ?? {}
    await shared?.close()
    expect(document?.circuits).toMatchObject([{ pattern: 'external_api', machine: 'machine1' }])
  })

  test('what the project refuses stays watched when the fleet has nothing to refuse', async () => {
    const [bench] = machines(1, server.url, { agent_spawn: { scope: 'fleet' } }) as [Bench]
    await running(11, ['S', 'T'], bench)
    expect(await starts(bench, 'S')).toBe(true)
    expect(bench.system.files.facts(bench.path(markerName))).toBeDefined()
    expect(await curls(bench, 'S')).toBe(false)
  })

  test('what the fleet refuses is watched for as long, whatever the clock says', async () => {
    const [bench] = machines(1, server.url) as [Bench]
    bench.now = Date.now() + 7_200_000
    await running(11, ['S'], bench)
    expect(bench.system.files.facts(bench.path(markerName))).toBeDefined()
    expect(await curls(bench, 'S')).toBe(false)
  })

  test('a server that is gone: the limit holds for the project, it is said once, and once that it is back', async () => {
    const own = await startRedis()
    try {
      const [bench] = machines(1, own.url) as [Bench]
      await running(3, ['S'], bench)
      await own.kill()
      const said: string[] = []
      const ask = async (): Promise<boolean> => {
        const number = nextCall()
        const call = {
          tool_name: 'WebFetch',
          tool_input: { url: `https://example.com/${number}` },
          tool_use_id: `f${number}`,
        }
        const { answer } = await bench.send({ hook_event_name: 'PreToolUse', session_id: 'S', ...call })
        if (answer.person !== undefined) said.push(answer.person)
        return answer.deny === undefined
      }
      let ran = 0
      for (let i = 0; i < 10; i += 1) if (await ask()) ran += 1
      expect(ran).toBe(10)
      expect(said).toHaveLength(1)
      expect(said[0]).toMatch(/cannot reach redis:\/\/127\.0\.0\.1:\d+.*hold for this project alone/)
      await own.restart()
      bench.now += 31_000
      await ask()
      expect(said).toHaveLength(2)
      expect(said[1]).toContain('answers again')
    } finally {
      await own.stop()
    }
  })
})
