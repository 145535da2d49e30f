import { mkdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { projectPaths } from '../../lib/config/paths.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import { guard } from '../../lib/guard/guard.ts'
import { newRecord } from '../../lib/guard/hook-state.ts'
import { appendIncidents } from '../../lib/incidents/incident-log.ts'
import { alertBody } from '../../lib/resilience/alert-message.ts'
import { alertHookDown, alertIncidents } from '../../lib/resilience/alerts.ts'
import { follow } from '../../lib/session/aftermath.ts'
import { openProject } from '../../lib/session/project.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { runCommand } from '../support/built-hook.ts'
import { eventually, reportingHome } from './reporting-home.ts'

const hour = 3_600_000

/** A project whose user has a webhook, and a clock of its own. */
async function newBench(format = 'json') {
  const home = await reportingHome()
  home.configure({ alerts: { webhook: `${home.server.url}/hook?key=secret`, format } })
  mkdirSync(home.project.memory, { recursive: true })
  const bench = { ...home, now: Date.now() }
  const system: System = {
    ...nodeSystem(),
    env: {},
    host: 'build-7',
    homeFolder: home.project.home,
    workingFolder: home.project.folder,
    clock: () => bench.now,
    loadPart: () => ({ alertIncidents, alertHookDown }),
  }
  const paths = projectPaths(home.project.folder, {})
  const incident = (kind: Incident['kind'], more: Partial<Incident> = {}): Incident => ({
    at: new Date(bench.now).toISOString(),
    kind,
    session: 'S',
    pattern: 'tool_failure',
    subject: 'Bash(npm test)',
    reason: 'failed 3 times in 5 turns: token=abcdefgh12345678',
    ...more,
  })
  return {
    ...bench,
    system,
    pass(milliseconds: number) {
      bench.now += milliseconds
    },
    incident,
    /** They are logged, and told of where it is worth it. */
    happen(...incidents: Incident[]) {
      appendIncidents(system, paths.incidents, incidents)
      alertIncidents(system, paths, incidents)
    },
    /** What the webhook has got once everything is delivered. */
    async told() {
      await home.sync([], {})
      return home.server.received.map(({ body }) => body as Record<string, unknown>)
    },
  }
}

describe('a webhook is told', () => {
  test('of the third trip of one circuit, once in an hour', async () => {
    const { happen, incident, pass, told } = await newBench()
    happen(incident('trip'))
    happen(incident('reopen', { subject: 'Bash(make)' }))
    happen(incident('reopen'))
    happen(incident('warning'), incident('denial'), incident('probe'))
    expect(await told()).toEqual([])
    happen(incident('reopen', { level: 3 }))
    happen(incident('reopen', { level: 4 }))
    const [first, ...others] = await told()
    expect(others).toEqual([])
    expect(first).toMatchObject({
      kind: 'circuit_tripped',
      machine: 'build-7',
      project: 'Müller project',
      session_id: 'S',
      pattern: 'tool_failure',
      subject: 'Bash(npm test)',
      count: 3,
      text: expect.stringContaining('Bash(npm test) is blocked, for the 3rd time, by tool_failure'),
    })
    expect(JSON.stringify(first)).not.toContain('abcdefgh12345678')
    pass(hour + 1)
    happen(incident('reopen'))
    expect((await told()).length).toBe(2)
  })

  test('of a halt at once, and of another circuit beside it', async () => {
    const { happen, incident, told } = await newBench()
    happen(incident('halt', { count: 3 }), incident('halt', { count: 3, subject: 'Bash(make)' }))
    happen(incident('halt', { count: 3 }))
    expect(await told()).toMatchObject([
      { kind: 'run_halted', subject: 'Bash(npm test)', count: 3 },
      { kind: 'run_halted', subject: 'Bash(make)' },
    ])
  })

  test('of a hook that is down', async () => {
    const { system, told } = await newBench()
    const record = { ...newRecord, consecutive_failures: 3, last_error: 'exit code 1: boom' }
    for (let n = 0; n < 3; n += 1) alertHookDown(system, 'python3 lint.py', record)
    expect(await told()).toMatchObject([
      { kind: 'hook_down', subject: 'python3 lint.py', count: 3, reason: 'exit code 1: boom' },
    ])
  })

  test('in the shape that Slack takes, in which nobody can be mentioned', async () => {
    const { happen, incident, told } = await newBench('slack')
    happen(incident('halt', { subject: 'Bash(echo <!channel> & <https://example.org|x>)' }))
    const [body, ...others] = await told()
    expect([Object.keys(body ?? {}), others]).toEqual([['text'], []])
    expect(body?.['text']).toContain('&lt;!channel&gt; &amp; &lt;https://example.org|x&gt;')
  })

  test('of nothing where none is configured', async () => {
    const { happen, incident, configure, told, spool } = await newBench()
    configure({})
    happen(incident('halt'))
    configure({ alerts: { webhook: 'ftp://example.org' } })
    happen(incident('halt'))
    expect([await told(), nodeSystem().files.facts(spool)]).toEqual([[], undefined])
  })
})

describe('the part is loaded', () => {
  test('for a trip and a halt only, and one that is missing or broken stops nothing', async () => {
    const { system, incident, project } = await newBench()
    let loaded = 0
    const opened = (part: () => unknown) =>
      openProject({ ...system, env: { CLAUDE_PROJECT_DIR: project.folder }, loadPart: () => part() })
    const missing = () => {
      loaded += 1
      throw new Error('MODULE_NOT_FOUND')
    }
    expect(await follow(opened(missing), [incident('warning'), incident('probe'), incident('recovery')])).toEqual([])
    expect(loaded).toBe(0)
    expect(await follow(opened(missing), [incident('trip')])).toEqual([])
    expect(loaded).toBe(1)
    const broken = () => ({
      alertIncidents() {
        throw new Error('ENOSPC: no space left on device')
      },
    })
    expect(await follow(opened(broken), [incident('halt')])).toEqual([expect.stringContaining('ENOSPC')])
  })

  test('by hook-guard, when a hook goes down', async () => {
    const { system } = await newBench()
    const told: unknown[] = []
    const loadPart = () => ({ alertHookDown: (_system: System, ...what: unknown[]) => void told.push(what) })
    const words = ['--', process.execPath, '-e', 'process.exit(1)']
    const stdio = {
      readAll: async () => ({ text: '', bytes: 0 }),
      readBytes: async () => new Uint8Array(),
      write() {},
      writeError() {},
    }
    const codes: number[] = []
    for (let n = 0; n < 4; n += 1) codes.push(await guard({ ...system, loadPart }, stdio, words))
    expect(codes).toEqual([1, 1, 1, 0])
    expect(told).toEqual([
      [expect.stringContaining('process.exit(1)'), expect.objectContaining({ consecutive_failures: 3 })],
    ])
  })
})

test('an installed hook finds the part, and the message arrives by itself', async () => {
  const { project, server, configure } = await reportingHome()
  configure({ alerts: { webhook: server.url } })
  const installed = await runCommand('breakerbox', ['install'], { project })
  expect(installed.stdout).toContain(`incidents are reported to ${server.url}.`)
  expect(project.exists('.claude/hooks/service-alerts.cjs')).toBe(true)
  expect(project.exists('.claude/hooks/event-flusher.cjs')).toBe(true)
  expect(project.exists('.claude/hooks/pattern-tracker.cjs')).toBe(false)
  project.write('guarded.mjs', 'process.exit(1)')
  for (let n = 0; n < 3; n += 1) {
    await runCommand('hook-guard', ['--', process.execPath, project.path('guarded.mjs')], { project })
  }
  await eventually(() => server.received.length === 1)
  expect(server.received[0]).toMatchObject({ path: '/', body: { kind: 'hook_down', count: 3 } })
  const gone = await runCommand('breakerbox', ['uninstall'], { project })
  expect(gone.exitCode).toBe(0)
  expect(project.exists('.claude/hooks')).toBe(false)
})

test.each([
  [1, '1st'],
  [2, '2nd'],
  [3, '3rd'],
  [4, '4th'],
  [11, '11th'],
  [12, '12th'],
  [21, '21st'],
  [112, '112th'],
])('%d is the %s time', (count, said) => {
  const alert = { kind: 'circuit_tripped', at: '', machine: 'm', pattern: 'p', subject: 's', reason: '' } as const
  expect(alertBody({ ...alert, count }, 'json')['text']).toContain(`for the ${said} time`)
})
