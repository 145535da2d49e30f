import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { circuitStatus } from '../../lib/cli/circuit-status.ts'
import { resetCircuit } from '../../lib/cli/reset-circuit.ts'
import { sharedKind } from '../../lib/session/documents.ts'
import { openFleet } from '../../lib/session/fleet.ts'
import { markerName } from '../../lib/session/marker.ts'
import { apiFailed, modelApiKind } from '../../lib/session/model-api.ts'
import { openProject } from '../../lib/session/project.ts'
import { fleetPart } from '../../lib/session/shared-store.ts'
import type { StatusReport } from '../../lib/status/status-report.ts'
import * as fleet from '../../parts/fleet-store.ts'
import { codeSpans, paper } from '../papers/paper.ts'
import { Bench } from '../session/bench.ts'
import { configured, fetches, machines, nextCall, running } from '../session/limits-bench.ts'
import { freePort, hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

type Command = typeof circuitStatus
const run = (command: Command, bench: Bench, ...words: string[]) =>
  command(bench.system, { words, colour: false, folder: '/nowhere' } as unknown as Parameters<Command>[1])

const report = async (bench: Bench): Promise<StatusReport> =>
  JSON.parse((await run(circuitStatus, bench, '--json')).out) as StatusReport

const typed = async (bench: Bench, prompt: string): Promise<string | undefined> =>
  (await bench.send({ hook_event_name: 'UserPromptSubmit', prompt, prompt_id: 'p2' })).answer.block

/** Five turns in a row that ended in an error of the API. */
async function apiFails(bench: Bench): Promise<void> {
  for (let i = 0; i < 5; i += 1) await apiFailed(openProject(bench.system), `A${i}`, 'overloaded')
}

async function tripped(bench = new Bench()): Promise<Bench> {
  expect(await running(12, ['S', 'T'], bench)).toBe(10)
  return bench
}

describe('limits of a project', () => {
  test('circuit-status says what is refused, until when, why, for whom, and which machine tripped it', async () => {
    const bench = await tripped()
    expect(await report(bench)).toMatchObject({
      circuits: [
        {
          pattern: 'external_api',
          subject: 'calls to the outside',
          scope: 'project',
          session: 'shared',
          agent: '*',
          machine: 'host',
          state: 'open',
          cooldownRemainingSeconds: 30,
          retryAt: '2026-03-04T12:00:30.000Z',
        },
      ],
    })
    const { out } = await run(circuitStatus, bench)
    expect(out).toMatch(
      /^OPEN {2}calls to the outside {2}external_api {2}refused for 30 s more \(until 12:00:30 UTC\)/m,
    )
    expect(out).toMatch(
      /last trip on machine host at 2026-03-04 12:00:00 UTC: more than 10 calls to the outside in 60 s/,
    )
    expect(out).toContain('shared by all sessions of this project')
    expect(out).toContain('close it: reset-circuit --circuit external_api')
    expect(out).not.toContain('Fleet')
    bench.now += 31_000
    expect((await run(circuitStatus, bench)).out).toContain('the next call is let through, and counted')
  })

  test.each<[said: string, act: (bench: Bench) => Promise<unknown>]>([
    ['--all', (bench) => run(resetCircuit, bench, '--all')],
    ['the pattern', (bench) => run(resetCircuit, bench, '--circuit', 'external_api')],
    ['the subject', (bench) => run(resetCircuit, bench, '--circuit', 'calls to the outside')],
    ['both', (bench) => run(resetCircuit, bench, '--circuit', 'external_api:calls to the outside')],
    ['/reset-circuit', (bench) => typed(bench, '/reset-circuit')],
  ])(
    'reset by %s: the calls that were counted are forgotten, ten more run, and the marker goes',
    async (_said, act) => {
      const bench = await tripped()
      expect(bench.system.files.facts(bench.path(markerName))).toBeDefined()
      await act(bench)
      expect(bench.system.files.facts(bench.path(markerName))).toBeUndefined()
      expect((await report(bench)).circuits).toEqual([])
      expect(await running(12, ['S', 'T'], bench)).toBe(10)
    },
  )

  test('a reset says what it closed, leaves an incident, and another pattern leaves it alone', async () => {
    const bench = await tripped()
    expect((await run(resetCircuit, bench, '--circuit', 'agent_spawn')).out).toBe(
      'agent_spawn: CLOSED already, backoff level 0.\n',
    )
    expect(await fetches(bench, 'S')).toBe(false)
    expect((await run(resetCircuit, bench, '--all')).out).toBe(
      'external_api calls to the outside (all sessions of the project): OPEN → CLOSED, backoff level 1 → 0\n',
    )
    expect(bench.system.files.readText(bench.path('circuit_breaker_incidents.jsonl'))).toMatch(
      /"kind":"reset","session":"shared","pattern":"external_api"/,
    )
  })

  test('a wrong name is answered with what there is, shared circuits included', async () => {
    const { exitCode, err } = await run(resetCircuit, await tripped(), '--circuit', 'nope')
    expect(exitCode).toBe(2)
    expect(err).toContain('"external_api:calls to the outside"')
  })

  test('a trip and a reset of what is shared are no tampering', async () => {
    const bench = await tripped()
    const prompt = (id: string) => bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'go on', prompt_id: id })
    expect((await prompt('p3')).answer.person).toBeUndefined()
    await run(resetCircuit, bench, '--all')
    expect((await prompt('p4')).answer.person).toBeUndefined()
  })

  test('the circuit of the API is shown and reset as well', async () => {
    const bench = new Bench()
    await apiFails(bench)
    expect((await report(bench)).llmApi).toMatchObject({
      scope: 'project',
      state: 'open',
      cooldownRemainingSeconds: 30,
      reason: expect.stringContaining('host'),
    })
    expect((await run(circuitStatus, bench)).out).toMatch(/^OPEN {2}the model API {2}llm_api/m)
    const { out } = await run(resetCircuit, bench, '--circuit', 'llm_api')
    expect(out).toContain('llm_api the model API (all sessions of the project): OPEN → CLOSED')
    expect(await report(bench)).not.toHaveProperty('llmApi')
  })

  test('--fleet without a server says where one is configured', async () => {
    const bench = await tripped()
    bench.parts[fleetPart] = fleet
    const { exitCode, err } = await run(resetCircuit, bench, '--fleet')
    expect(exitCode).toBe(1)
    expect(err).toMatch(/no Redis server is configured.*BREAKERBOX_REDIS_URL/)
  })
})

describe('a fleet that cannot be asked', () => {
  test('scope fleet without a server: said, with what holds', async () => {
    const bench = configured(new Bench(), { external_api: { scope: 'fleet' } })
    bench.parts[fleetPart] = fleet
    await tripped(bench)
    expect((await report(bench)).circuits).toMatchObject([{ scope: 'project', state: 'open' }])
    expect((await run(circuitStatus, bench)).out).toMatch(/Fleet: no Redis server is configured; .*this project alone/)
  })

  test('hooks without the part: said, with the command that adds it; nothing of the server is shown', async () => {
    const [bench] = machines(1, `redis://127.0.0.1:${await freePort()}`) as [Bench]
    const hooks = `${bench.project}/.claude/hooks`
    bench.system.files.makeFolders(hooks)
    bench.system.files.create(`${hooks}/circuit-breaker-gate.cjs`, '')
    expect((await run(circuitStatus, bench)).out).toMatch(
      /fleet-store\.cjs is not beside the hooks.*breakerbox install/,
    )
    expect((await report(bench)).fleet).toMatchObject({ partIsMissing: true })
    bench.system.files.create(`${hooks}/fleet-store.cjs`, '')
    expect((await report(bench)).fleet).toMatchObject({ partIsMissing: false, reachable: false })
  })

  test('a server that says nothing is waited for 250 ms, and its password is not shown', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as { port: number }
    const [bench] = machines(1, `redis://me:hush-hush@127.0.0.1:${port}/3`) as [Bench]
    const begun = performance.now()
    const { exitCode, out, err } = await run(circuitStatus, bench)
    expect(performance.now() - begun).toBeLessThan(1000)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toMatch(new RegExp(`Fleet: redis://127\\.0\\.0\\.1:${port} is away; .*this project alone`))
    expect(out).not.toContain('hush')
    expect((await run(resetCircuit, bench, '--fleet')).err).not.toContain('hush')
  })

  test('where no pattern is for the fleet, no server is asked', async () => {
    const [bench] = machines(1, 'redis://127.0.0.1:1', {}) as [Bench]
    bench.parts[fleetPart] = { askFleet: () => expect.unreachable(), fleetAddress: fleet.fleetAddress }
    expect(await report(bench)).not.toHaveProperty('fleet')
  })
})

if (!hasRedis) console.log(noRedis)

describe.skipIf(!hasRedis)('limits of a fleet, on a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const both = async (limits?: object): Promise<[Bench, Bench]> => {
    const [one, two] = machines(2, server.url, limits) as [Bench, Bench]
    return [await tripped(one), two]
  }

  test('the other machine sees what is refused, in its own time, and who tripped it', async () => {
    const [, two] = await both()
    // Circuits are timed by the server; a clock that is an hour off shows its own hour.
    two.now = Date.now() + 3_600_000
    const { circuits, fleet: look } = await report(two)
    expect(circuits).toMatchObject([{ scope: 'fleet', machine: 'machine1', state: 'open' }])
    expect(circuits[0]?.cooldownRemainingSeconds).toBeGreaterThan(20)
    const left = Date.parse(circuits[0]?.retryAt ?? '') - two.now
    expect(left > 20_000 && left <= 31_000).toBe(true)
    expect(look).toMatchObject({ server: server.url, reachable: true, awaySince: null, cause: null })
    const { out } = await run(circuitStatus, two)
    expect(out).toContain('last trip on machine machine1')
    expect(out).toContain(`shared by all machines of ${server.url}`)
    expect(out).toContain('close it for all machines: reset-circuit --fleet --circuit external_api')
    expect(out).toContain(`Fleet       ${server.url} answers`)
  })

  test('looking changes nothing on either side', async () => {
    const [one] = await both()
    const shared = await openFleet(openProject(one.system))
    const before = await shared?.store.read(sharedKind)
    const files = one.system.files.list(one.memory)
    await run(circuitStatus, one)
    expect(await shared?.store.read(sharedKind)).toEqual(before)
    expect(one.system.files.list(one.memory)).toEqual(files)
    await shared?.close()
  })

  test('--all leaves the fleet alone and says so; --fleet resets it for all machines', async () => {
    const [one, two] = await both()
    const { out } = await run(resetCircuit, two, '--all')
    expect(out).toBe(
      'All circuits: CLOSED already, backoff level 0.\nCircuits of the fleet stay as they are; for all machines: reset-circuit --fleet\n',
    )
    expect(await fetches(two, 'S')).toBe(false)
    expect((await run(resetCircuit, two, '--fleet', '--circuit', 'agent_spawn')).out).toContain('CLOSED already')
    expect(await fetches(two, 'S')).toBe(false)
    expect((await run(resetCircuit, two, '--fleet')).out).toContain('(all machines): OPEN → CLOSED')
    const ran = (await running(6, ['S'], one)) + (await running(6, ['S'], two))
    expect(ran).toBe(10)
  })

  test('typed as a prompt it does the same', async () => {
    const [one, two] = await both()
    expect(await typed(two, '/reset-circuit')).toContain('for all machines: reset-circuit --fleet')
    expect(await typed(two, '/reset-circuit --fleet external_api')).toContain('(all machines): OPEN → CLOSED')
    expect(await fetches(one, 'S')).toBe(true)
  })

  test('--fleet does not touch the circuits of the project, and knows only what a fleet can share', async () => {
    const [, two] = await both()
    for (const id of ['a', 'b', 'c']) await two.fails('npm test', `${id}${nextCall()}`)
    await run(resetCircuit, two, '--fleet')
    expect((await report(two)).circuits).toMatchObject([{ pattern: 'tool_failure', scope: 'agent', machine: null }])
    const { exitCode, err } = await run(resetCircuit, two, '--fleet', '--circuit', 'tool_failure')
    expect(exitCode).toBe(2)
    expect(err).toContain('Allowed: agent_spawn, external_api, llm_api')
  })

  test('under the client it refuses, and the circuits stay', async () => {
    const [, two] = await both()
    two.ancestors = [{ pid: 11, name: 'claude', words: ['claude'] }]
    const { exitCode, err } = await run(resetCircuit, two, '--fleet')
    expect(exitCode).toBe(1)
    expect(err).toContain('the model must not lift its own limits')
    expect(await fetches(two, 'S')).toBe(false)
  })

  test('the circuit of the API of all machines is shown and reset', async () => {
    const [one, two] = machines(2, server.url, { llm_api: { scope: 'fleet' } }) as [Bench, Bench]
    await apiFails(one)
    expect((await report(two)).llmApi).toMatchObject({ scope: 'fleet', state: 'open', failures: 0 })
    expect((await run(resetCircuit, two, '--fleet')).out).toContain(
      'llm_api the model API (all machines): OPEN → CLOSED',
    )
    expect(await report(one)).not.toHaveProperty('llmApi')
    const shared = await openFleet(openProject(one.system))
    expect((await shared?.store.read(modelApiKind))?.document).not.toHaveProperty('why')
    await shared?.close()
  })

  test('the rights that docs/fleet.md names are enough', async () => {
    const [, rights = ''] = /A user\s+needs ([^,]+(?:, [^,]+)*?), on keys/.exec(paper('docs/fleet.md')) ?? []
    const commands = codeSpans(rights).map((command) => `+${command}`)
    expect(commands).toContain('+eval')
    const own = await startRedis(['user default off', `user fleet on >secret ~fleet* ${commands.join(' ')}`])
    try {
      const [bench] = machines(1, `redis://fleet:secret@127.0.0.1:${own.port}`) as [Bench]
      expect((await report(await tripped(bench))).circuits).toMatchObject([{ scope: 'fleet', state: 'open' }])
      expect((await run(resetCircuit, bench, '--fleet')).out).toContain('OPEN → CLOSED')
    } finally {
      await own.stop()
    }
  })

  test('since when it is away, and what holds meanwhile', async () => {
    const own = await startRedis()
    try {
      const [bench] = machines(1, own.url) as [Bench]
      await running(3, ['S'], bench)
      await own.kill()
      expect(await running(12, ['S'], bench)).toBe(10)
      const made = await report(bench)
      expect(made.fleet).toMatchObject({ reachable: false, awaySince: '2026-03-04T12:00:00.000Z' })
      expect(made.circuits).toMatchObject([{ scope: 'project', machine: 'machine1', state: 'open' }])
      expect((await run(circuitStatus, bench)).out).toMatch(/is away since 2026-03-04 12:00:00 UTC; .*cannot reach/)
      const failed = await run(resetCircuit, bench, '--fleet')
      expect(failed.exitCode).toBe(1)
      expect(failed.err).toContain('reset-circuit without --fleet closes that')
      expect((await run(resetCircuit, bench, '--all')).out).toContain('(all sessions of the project): OPEN → CLOSED')
      expect(await fetches(bench, 'S')).toBe(true)
    } finally {
      await own.stop()
    }
  })
})
