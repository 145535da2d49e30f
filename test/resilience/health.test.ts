import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HealthOptions, healthChecker } from '../../lib/resilience/health.ts'
import type { Files } from '../../lib/system/system.ts'
import { tempFolder } from '../store/temp-folder.ts'
import {
  answering,
  type Behaviour,
  dying,
  endless,
  garbage,
  type HttpServer,
  hanging,
  hangingInTheBody,
  healthy,
  redirecting,
  startHttpServer,
} from '../support/http-server.ts'
import { testSystem } from './support.ts'

let server: HttpServer
beforeEach(async () => {
  server = await startHttpServer()
})
afterEach(() => server.stop())

/** A checker on a clock of the test's own. */
function checker(options: Partial<HealthOptions> = {}, folder = tempFolder()) {
  let now = Date.parse('2026-03-04T12:00:00.000Z')
  const system = testSystem(folder, { clock: () => now })
  const twin = () => healthChecker(system, { url: server.url, folder, ...options })
  const wait = (milliseconds: number): void => {
    now += milliseconds
  }
  return { ...twin(), twin, system, folder, wait }
}

test.each<[what: string, behaviour: Behaviour, up: boolean, cause: string | undefined]>([
  ['healthy', healthy, true, undefined],
  ['an answer without a body', answering(204), true, undefined],
  ['an answer that is no JSON', { kind: 'answer', status: 200, body: '<html>' }, true, undefined],
  ['no such page', answering(404), true, undefined],
  ['no such method', answering(405), true, undefined],
  ['a body without end', endless, true, undefined],
  ['500', answering(500), false, 'it answered 500'],
  ['503', answering(503), false, 'it answered 503'],
  ['401', answering(401), false, 'it answered 401'],
  ['a redirect', redirecting('http://127.0.0.1:1/health'), false, 'it answered 307'],
  ['hanging', hanging, false, 'no whole answer within 150 ms'],
  ['hanging in the body', hangingInTheBody, false, 'no whole answer within 150 ms'],
  ['garbage', garbage, false, 'no answer (HPE_'],
  ['dying', dying, false, 'no answer (UND_ERR_SOCKET)'],
])('%s', async (_what, health, up, cause) => {
  server.behave({ health })
  const found = await checker({ timeoutMs: 150 }).check()
  expect(found.up).toBe(up)
  if (cause === undefined) expect(found.cause).toBeUndefined()
  else expect(found.cause).toContain(cause)
})

test('a closed port', async () => {
  await server.stop()
  expect(await checker().check()).toMatchObject({ up: false, cause: 'no answer (ECONNREFUSED)' })
})

test('an answer holds for 30 s, in all processes, and is asked anew then', async () => {
  const { check, twin, last, wait } = checker()
  expect(await last()).toBeUndefined()
  await check()
  for (const one of [check, twin().check, twin().last]) await one()
  wait(29_999)
  await check()
  expect(server.healthChecks).toBe(1)
  wait(1)
  await twin().check()
  expect(server.healthChecks).toBe(2)
})

test('so does the answer that it is down', async () => {
  await server.stop()
  const { check, wait } = checker()
  await check()
  await server.start()
  wait(29_000)
  expect((await check()).up).toBe(false)
  wait(1000)
  expect((await check()).up).toBe(true)
})

test('while it holds, one file is read, nothing is written, and no lock taken', async () => {
  const { check, system, folder } = checker()
  await check()
  const used: string[] = []
  const files = new Proxy(system.files, {
    get(target, name: keyof Files) {
      used.push(name)
      return target[name]
    },
  })
  await healthChecker({ ...system, files }, { url: server.url, folder }).check()
  expect(used.filter((name) => name !== 'facts')).toEqual(['readText'])
})

test('since when it is up or down is kept, and its return noticed', async () => {
  const { check, wait } = checker()
  const begin = (await check()).since
  wait(30_000)
  expect(await check()).toMatchObject({ up: true, since: begin, checkedAt: '2026-03-04T12:00:30.000Z' })
  await server.stop()
  wait(30_000)
  expect(await check()).toMatchObject({ up: false, since: '2026-03-04T12:01:00.000Z' })
  wait(30_000)
  expect(await check()).toMatchObject({ up: false, since: '2026-03-04T12:01:00.000Z' })
  await server.start()
  wait(30_000)
  const back = await check()
  expect(back).toMatchObject({ up: true, since: '2026-03-04T12:02:00.000Z' })
  expect(back.cause).toBeUndefined()
})

test.each([
  ['an hour back', -3_600_000, 2],
  ['a few seconds back, as clocks of two processes lie apart', -4000, 1],
  ['a year ahead', 365 * 86_400_000, 2],
])('the clock jumps %s', async (_what, jump, asked) => {
  const { check, wait } = checker()
  await check()
  wait(jump)
  await check()
  await check()
  expect(server.healthChecks).toBe(asked)
})

describe('components', () => {
  test.each<[body: string, components: unknown]>([
    [
      '{"components":{"database":"up","queue":{"status":"down","details":{}},"cache":true,"odd":7}}',
      [
        { name: 'database', status: 'up' },
        { name: 'queue', status: 'down' },
        { name: 'cache', status: 'up' },
        { name: 'odd', status: 'unknown' },
      ],
    ],
    ['{"components":[]}', undefined],
    ['{"components":{}}', undefined],
    ['{"status":"up"}', undefined],
    ['null', undefined],
    ['no JSON', undefined],
  ])('%s', async (body, components) => {
    server.behave({ health: { kind: 'answer', status: 503, body } })
    const { check, twin } = checker()
    expect((await check()).components).toEqual(components)
    expect((await twin().check()).components).toEqual(components)
  })

  test('are bounded, and free of control characters', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`${i}\u001b[31m${'x'.repeat(500)}`, 'y'.repeat(500)]),
    )
    server.behave({ health: { kind: 'answer', status: 200, body: JSON.stringify({ components: many }) } })
    const { components = [] } = await checker().check()
    expect(components.length).toBeLessThanOrEqual(50)
    for (const { name, status } of components) expect(`${name}${status}`).toMatch(/^[ -~…]{1,170}$/)
  })
})

test('what was found of one address says nothing of another', async () => {
  const { check, folder } = checker()
  await check()
  expect((await checker({ url: `${server.url}/v2` }, folder).check()).up).toBe(true)
  expect(server.healthChecks).toBe(2)
})

test.each([
  ['damaged', 'no JSON'],
  ['of another shape', '{"version":1,"health":{"up":"yes"}}'],
  ['of a later version', '{"version":9}'],
])('a file that is %s is asked past, and mended', async (_what, text) => {
  const { check, folder } = checker()
  await check()
  writeFileSync(join(folder, 'service_health.json'), text)
  expect((await check()).up).toBe(true)
  await check()
  expect(server.healthChecks).toBe(2)
})

test('where the folder cannot be used it is asked each time, and that is told', async () => {
  const folder = join(tempFolder(), 'a-file')
  writeFileSync(folder, '')
  const errors: unknown[] = []
  const { check } = checker({ folder, onError: (error) => errors.push(error) })
  expect((await check()).up).toBe(true)
  expect((await check()).up).toBe(true)
  expect(server.healthChecks).toBe(2)
  expect(errors.length).toBeGreaterThan(0)
})
