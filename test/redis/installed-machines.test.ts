import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { StatusReport } from '../../lib/status/status-report.ts'
import { type Ended, runDetached } from '../papers/detached.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { built, fireEvent, runCommand } from '../support/built-hook.ts'
import { hasRedis, noRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

if (!hasRedis) console.log(noRedis)

/** Two homes with a project each, where `breakerbox install` has run, and every hook a process of its own. */
describe.skipIf(!hasRedis || process.platform === 'win32')('two installed machines, on a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const environment = () => ({ BREAKERBOX_REDIS_URL: server.url })

  async function machine(): Promise<TempProject> {
    const project = createTempProject()
    onTestFinished(project.remove)
    project.write('.claude/memory/circuit_breaker_config.json', {
      circuit_breakers: { external_api: { scope: 'fleet', cooldown_base_seconds: 300 } },
    })
    const installed = await runCommand('breakerbox', ['install'], { project, environment: environment() })
    expect(installed, installed.stderr).toMatchObject({ exitCode: 0 })
    expect(installed.stdout).toMatch(/create .*fleet-store\.cjs/)
    expect(installed.stdout).toContain(`shared through ${server.url}`)
    return project
  }

  let calls = 0
  /** One call to the outside: whether it may run, and what the person is told. */
  async function fetches(project: TempProject): Promise<{ ran: boolean; told: string[] }> {
    calls += 1
    const input = { hook_event_name: 'PreToolUse', session_id: 'S', cwd: project.folder, tool_name: 'WebFetch' }
    const call = { tool_use_id: `f${calls}`, tool_input: { url: `https://example.com/${calls}` } }
    const hooks = await fireEvent(project, { ...input, ...call }, environment())
    for (const { exitCode, stderr } of hooks) expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    return {
      ran: hooks.every(({ answer }) => answer?.hookSpecificOutput?.permissionDecision !== 'deny'),
      told: hooks.flatMap(({ answer }) => answer?.systemMessage ?? []),
    }
  }

  const status = async (project: TempProject): Promise<StatusReport> => {
    const { exitCode, stdout } = await runCommand('circuit-status', ['--json'], { project, environment: environment() })
    expect(exitCode).toBe(0)
    return JSON.parse(stdout)
  }

  const reset = (project: TempProject, ...words: string[]): Promise<Ended> =>
    runDetached(`"${process.execPath}" "${built('reset-circuit')}" ${words.join(' ')}`, {
      cwd: project.folder,
      env: bareEnvironment(project.home, environment()),
    })

  test('together they get ten outside calls a minute, until a person resets the fleet', {
    timeout: 90_000,
  }, async () => {
    const [one, two] = [await machine(), await machine()]
    const ran = [0, 0]
    for (let i = 0; i < 8; i += 1) {
      if ((await fetches(one)).ran) ran[0] = (ran[0] ?? 0) + 1
      if ((await fetches(two)).ran) ran[1] = (ran[1] ?? 0) + 1
    }
    expect(ran).toEqual([5, 5])

    const report = await status(two)
    const host = (await import('node:os')).hostname()
    expect(report.fleet).toEqual({
      server: server.url,
      reachable: true,
      awaySince: null,
      cause: null,
      partIsMissing: false,
    })
    expect(report.circuits).toMatchObject([
      { pattern: 'external_api', scope: 'fleet', state: 'open', session: 'shared', machine: host },
    ])
    expect(report.circuits[0]?.cooldownRemainingSeconds).toBeGreaterThan(250)

    const here = await reset(two, '--all')
    expect(here.stdout).toContain('for all machines: reset-circuit --fleet')
    expect((await fetches(two)).ran).toBe(false)

    const everywhere = await reset(two, '--fleet')
    expect(everywhere).toMatchObject({ exitCode: 0, stderr: '' })
    expect(everywhere.stdout).toBe(
      'external_api calls to the outside (all machines): OPEN → CLOSED, backoff level 1 → 0\n',
    )
    expect((await status(one)).circuits).toEqual([])
    expect([(await fetches(one)).ran, (await fetches(two)).ran]).toEqual([true, true])

    const prompt = { hook_event_name: 'UserPromptSubmit', session_id: 'S', cwd: two.folder, prompt: 'go on' }
    const said = async (): Promise<string> =>
      (await fireEvent(two, prompt, environment())).map(({ answer }) => answer?.systemMessage ?? '').join('')
    expect(await said()).toBe('')
    two.write('.claude/hooks/fleet-store.cjs', `${two.read('.claude/hooks/fleet-store.cjs')}\n// changed`)
    expect(await said()).toContain(
      'fleet-store.cjs is not the file that install wrote; breakerbox install puts it back',
    )

    await server.kill()
    const after = [await fetches(one), await fetches(one), await fetches(one)]
    expect(after.map((each) => each.ran)).toEqual([true, true, true])
    expect(after.flatMap(({ told }) => told)).toEqual([expect.stringContaining('hold for this project alone')])
    const away = await status(one)
    expect(away.fleet).toMatchObject({ server: server.url, reachable: false, awaySince: expect.stringMatching(/^20/) })
    const failed = await reset(one, '--fleet')
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' })
    expect(failed.stderr).toContain(`cannot reach ${server.url}`)
  })
})
