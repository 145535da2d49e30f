import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { built, runHook, runHookCommand } from '../support/built-hook.ts'
import { answering } from '../support/http-server.ts'
import { bashCall, bashResponse, postToolUse } from '../support/payloads.ts'
import { edited, eventually, reportingHome, written } from './reporting-home.ts'

const quiet = { exitCode: 0, stdout: '', stderr: '' }

describe('pattern-tracker', () => {
  test('leaves what was written in the spool and starts what delivers it', async () => {
    const { project, server, tracking: environment } = await reportingHome()
    const run = (input: object) => runHook('pattern-tracker', input, { project, environment })
    expect(await run(written(project, 'src/cart.ts', 'export class Cart {}\n', 'toolu_1'))).toMatchObject(quiet)
    expect(await run(edited(project, 'src/cart.ts', 'class Cart {}', 'class Cart { a = 1 }', 'toolu_2'))).toMatchObject(
      quiet,
    )
    await eventually(() => server.received.length === 2)
    expect(server.received.map(({ body }) => body)).toMatchObject([
      {
        kind: 'pattern_created',
        body: { file: 'src/cart.ts', pattern_name: 'cart.ts', language: 'typescript', tool: 'Write' },
      },
      {
        kind: 'pattern_modified',
        body: { file: 'src/cart.ts', pattern_name: 'Cart', before: 'class Cart {}', tool: 'Edit' },
      },
    ])
  })

  test.each<[why: string, environment: (url: string) => Record<string, string>]>([
    ['nobody has named a service', () => ({})],
    ['it is turned off', (url) => ({ INTELLIGENCE_SERVICE_URL: url, PATTERN_TRACKING_ENABLED: 'false' })],
    ['the address is empty', () => ({ INTELLIGENCE_SERVICE_URL: '' })],
  ])('does nothing where %s', async (_why, environment) => {
    const { project, server, isUntouched } = await reportingHome()
    const input = written(project, 'a.ts', 'a', 'toolu_1')
    const ran = await runHook('pattern-tracker', input, { project, environment: environment(server.url) })
    expect(ran).toMatchObject(quiet)
    expect(isUntouched()).toBe(true)
  })

  test('takes the address from the user’s own config, and leaves contents out where that says so', async () => {
    const { project, server, configure } = await reportingHome()
    configure({ tracking: { url: server.url, content: false } })
    const input = written(project, 'a.ts', 'the whole plan', 'toolu_1')
    expect(await runHook('pattern-tracker', input, { project })).toMatchObject(quiet)
    await eventually(() => server.received.length === 1)
    expect(JSON.stringify(server.received[0]?.body)).not.toContain('plan')
  })

  test('keeps contents back with --no-content, whatever the settings say', async () => {
    const { project, server, tracking: environment } = await reportingHome()
    const command = `node "${built('pattern-tracker')}" --no-content`
    const input = written(project, 'a.ts', 'the whole plan', 'toolu_1')
    expect(await runHookCommand(command, input, { project, environment })).toMatchObject(quiet)
    await eventually(() => server.received.length === 1)
    expect(server.received[0]?.body).toMatchObject({ body: { pattern_name: 'a.ts', content_hash: expect.any(String) } })
    expect(JSON.stringify(server.received[0]?.body)).not.toContain('plan')
  })

  test.each([
    ['settings.json', 'INTELLIGENCE_SERVICE_URL'],
    ['settings.local.json', 'INTELLIGENCE_SERVICE_URL'],
    ['settings.json', '\\u0049NTELLIGENCE_SERVICE_URL'],
  ])('takes none that a project brings in its %s as %s', async (file, name) => {
    const { project, server, isUntouched, tracking: environment } = await reportingHome()
    project.write(`.claude/${file}`, `{"env": {"${name}": ${JSON.stringify(server.url)}}}`)
    const input = written(project, 'a.ts', 'a', 'toolu_1')
    expect(await runHook('pattern-tracker', input, { project, environment })).toMatchObject(quiet)
    expect(isUntouched()).toBe(true)
  })

  test('reads no address from the files of a project', async () => {
    const { project, server, isUntouched } = await reportingHome()
    const config = { tracking: { url: server.url }, url: server.url }
    for (const file of [
      '.claude/breakerbox.json',
      '.claude/memory/circuit_breaker_config.json',
      'breakerbox.json',
      '.env',
    ])
      project.write(file, file === '.env' ? `INTELLIGENCE_SERVICE_URL=${server.url}\n` : config)
    const input = written(project, 'a.ts', 'a', 'toolu_1')
    expect(await runHook('pattern-tracker', input, { project })).toMatchObject(quiet)
    expect(isUntouched()).toBe(true)
  })

  test('reports a call once that two registrations tell of, and the same text once', async () => {
    const { project, server, tracking: environment, sync } = await reportingHome()
    const run = (input: object) => runHook('pattern-tracker', input, { project, environment })
    const input = written(project, 'a.ts', 'a', 'toolu_1')
    await Promise.all([run(input), run(input)])
    await run(written(project, 'a.ts', 'a', 'toolu_2'))
    await sync()
    expect(server.firstSeen().length).toBe(1)
  })

  test.each<[what: string, input: (project: Parameters<typeof written>[0]) => object | string]>([
    ['a Bash call', (project) => postToolUse({ project }, bashCall('ls', 'toolu_1'), bashResponse(''))],
    ['a Write without a path', (project) => postToolUse({ project }, { tool: 'Write', input: {}, id: 'toolu_1' }, {})],
  ])('passes over %s', async (_what, input) => {
    const { project, isUntouched, tracking: environment } = await reportingHome()
    expect(await runHook('pattern-tracker', input(project), { project, environment })).toMatchObject(quiet)
    expect(isUntouched()).toBe(true)
  })

  test('says in one line what is wrong, and lets the session go on', async () => {
    const { project, tracking: environment } = await reportingHome()
    const broken = await runHook('pattern-tracker', 'nonsense', { project, environment })
    expect(broken).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringMatching(/^\[pattern_tracker\] .*\n$/),
    })
    project.write('full', '')
    const input = written(project, 'a.ts', 'a', 'toolu_1')
    const full = await runHook('pattern-tracker', input, {
      project,
      environment: { ...environment, PATTERN_CACHE_DIR: project.path('full') },
    })
    expect(full).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringMatching(/^\[pattern_tracker\] not reported: .*\n$/),
    })
  })

  test('keeps all of it while the server is down, starts nothing again and again, and sync delivers it in order', async () => {
    const { project, server, tracking: environment, spool, sync } = await reportingHome()
    await server.stop()
    for (let n = 0; n < 5; n += 1) {
      const input = edited(project, 'a.ts', `let x = ${n}`, `let x = ${n + 1}`, `toolu_${n}`)
      expect(await runHook('pattern-tracker', input, { project, environment })).toMatchObject(quiet)
    }
    await eventually(() => existsSync(join(spool, 'flusher.stamp')))
    const down = await sync()
    expect(down).toMatchObject({ exitCode: 1, report: { spool: { pending: 5 }, delivered: { sent: 0, left: 5 } } })
    await server.start()
    const up = await sync()
    expect(up).toMatchObject({
      exitCode: 0,
      report: { spool: { pending: 0, sent: 5 }, delivered: { sent: 5, left: 0 } },
    })
    expect(server.received.map(({ body }) => (body as { body: { content: string } }).body.content)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `let x = ${n}`),
    )
  })

  test('what the server will never take is given up, counted and told', async () => {
    const { project, server, tracking: environment, sync } = await reportingHome()
    server.behave({ events: answering(422) })
    await runHook('pattern-tracker', written(project, 'a.ts', 'a', 'toolu_1'), { project, environment })
    await eventually(() => server.received.length > 0)
    expect((await sync()).report).toMatchObject({ spool: { pending: 0, rejected: 1 } })
  })
})
