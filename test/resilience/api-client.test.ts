import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ApiClientOptions, apiClient } from '../../lib/resilience/api-client.ts'
import type { ServiceEvent } from '../../lib/resilience/contracts.ts'
import type { ServiceSettings } from '../../lib/resilience/service-settings.ts'
import { tempFolder } from '../store/temp-folder.ts'
import {
  answering,
  type Behaviour,
  dying,
  dyingAfter,
  endless,
  flapping,
  garbage,
  type HttpServer,
  hanging,
  hangingInTheBody,
  healthy,
  redirecting,
  startHttpServer,
} from '../support/http-server.ts'
import { event, eventsNamed, passServiceTime, testSystem, trackingAt } from './support.ts'

let server: HttpServer
beforeEach(async () => {
  server = await startHttpServer()
})
afterEach(() => server.stop())

/** A client of `server`; `twin` is another one on the same folder, as another process would have. */
function client(changes: Partial<ServiceSettings> = {}, options: ApiClientOptions = {}) {
  const system = testSystem(tempFolder())
  const settings = { ...trackingAt(system, server.url), ...changes }
  const twin = () => apiClient(system, settings, { requestTimeoutMs: 150, ...options })
  return { ...twin(), twin, settings, slept: system.slept }
}

const kinds = (receipts: readonly { kind: string }[]): string[] => receipts.map(({ kind }) => kind)

test('events arrive one by one in their order, each with its key; health is asked once', async () => {
  const { deliver } = client()
  const events = eventsNamed('e1', 'e2', 'e3', 'e4', 'e5')
  expect(await deliver(events)).toEqual(events.map(({ id }) => ({ id, kind: 'accepted' })))
  expect(server.firstSeen()).toEqual(['e1', 'e2', 'e3', 'e4', 'e5'])
  expect(server.healthChecks).toBe(1)
  const [{ id, key, at, kind, body }, first] = [event('e1'), server.received[0]]
  expect(first).toMatchObject({ path: '/events', body: { id, key, at, kind, body } })
  expect(first?.headers['content-type']).toBe('application/json')
  expect(server.repeats()).toEqual({ afterAck: {}, withoutAck: {} })
})

describe('what each answer means', () => {
  const fleeting: [string, Behaviour][] = [
    ['hanging', hanging],
    ['hanging in the body', hangingInTheBody],
    ['garbage', garbage],
    ['dying', dying],
    // `fetch` takes a 407 of anything but a proxy for no answer.
    ...[407, 408, 425, 429, 500, 502, 503, 599].map((status): [string, Behaviour] => [
      String(status),
      answering(status),
    ]),
  ]
  const lasting = [300, 302, 304, 307, 308, 401, 404].map((status) => [String(status), answering(status)] as const)
  const final = [400, 403, 405, 409, 410, 413, 422, 451].map((status) => [String(status), answering(status)] as const)
  const good: [string, Behaviour][] = [
    ...[200, 201, 202, 204].map((status): [string, Behaviour] => [String(status), answering(status)]),
    ['200 that is no JSON', { kind: 'answer', status: 200, body: '<html>' }],
    ['200 without end', endless],
  ]
  test.each([
    ...fleeting.map((row) => [...row, 'failed', 3] as const),
    ...lasting.map((row) => [...row, 'failed', 1] as const),
    ...final.map((row) => [...row, 'rejected', 1] as const),
    ...good.map((row) => [...row, 'accepted', 1] as const),
  ])('%s', async (_what, events, kind, requests) => {
    server.behave({ events })
    const { deliver, slept } = client()
    const receipts = await deliver(eventsNamed('e1', 'e2'))
    // What failed keeps back what is behind it; what is done lets it pass.
    expect(kinds(receipts)).toEqual(kind === 'failed' ? ['failed'] : [kind, kind])
    expect(server.received).toHaveLength(kind === 'failed' ? requests : 2 * requests)
    expect(slept).toHaveLength(requests - 1)
    for (const pause of slept) expect(pause).toBeLessThanOrEqual(5000)
  })
})

test('a port that is closed is found out by the health check, and costs no request', async () => {
  await server.stop()
  const { deliver, slept } = client()
  const [receipt] = await deliver(eventsNamed('e1', 'e2'))
  expect(receipt).toMatchObject({ id: 'e1', kind: 'failed', cause: 'it is down: no answer (ECONNREFUSED)' })
  expect(slept).toEqual([])
})

test('it fails once and then works: tried again at once, and nobody notices', async () => {
  server.behave({ events: (request) => (request === 1 ? answering(500) : healthy) })
  const { deliver, status } = client()
  expect(kinds(await deliver(eventsNamed('e1', 'e2')))).toEqual(['accepted', 'accepted'])
  expect(server.repeats()).toEqual({ afterAck: {}, withoutAck: { e1: 1 } })
  expect((await status()).patterns?.circuit).toEqual({ state: 'closed', failures: 0 })
})

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])('%i leads nowhere, neither for events nor for health', async (status) => {
    const elsewhere = await startHttpServer()
    try {
      server.behave({ events: redirecting(`${elsewhere.url}/events`, status) })
      expect(kinds(await client().deliver(eventsNamed('e1')))).toEqual(['failed'])
      server.behave({ health: redirecting(`${elsewhere.url}/health`, status) })
      expect(kinds(await client().deliver(eventsNamed('e1')))).toEqual(['failed'])
      expect(elsewhere.received).toHaveLength(0)
      expect(elsewhere.healthChecks).toBe(0)
    } finally {
      await elsewhere.stop()
    }
  })
})

describe('Retry-After', () => {
  test.each([429, 503])('of a second with %i is waited for', async (status) => {
    server.behave({ events: (request) => (request === 1 ? answering(status, { 'retry-after': '1' }) : healthy) })
    const { deliver, slept } = client()
    expect(kinds(await deliver(eventsNamed('e1')))).toEqual(['accepted'])
    expect(slept).toHaveLength(1)
    expect(slept[0]).toBeGreaterThanOrEqual(1000)
  })

  test.each<[what: string, headers: Record<string, string>]>([
    ['seconds', { 'retry-after': '120' }],
    [
      'a date, by the clock of the server',
      { 'retry-after': 'Mon, 01 Jan 2001 00:02:00 GMT', date: 'Mon, 01 Jan 2001 00:00:00 GMT' },
    ],
  ])('of two minutes (%s) ends the tries, and holds for all processes', async (_what, headers) => {
    server.behave({ events: answering(429, headers) })
    const { deliver, twin, settings, slept, status } = client()
    expect(await deliver(eventsNamed('e1'))).toEqual([
      { id: 'e1', kind: 'failed', cause: 'it answered 429', retryAfterMs: 120_000 },
    ])
    expect(slept).toEqual([])
    server.behave({ events: healthy })
    expect(kinds(await twin().deliver(eventsNamed('e1')))).toEqual(['failed'])
    expect((await status()).patterns?.pausedUntil).toMatch(/Z$/)
    passServiceTime(settings, 110)
    expect(kinds(await twin().deliver(eventsNamed('e1')))).toEqual(['failed'])
    expect(server.received).toHaveLength(1)
    passServiceTime(settings, 11)
    expect(kinds(await twin().deliver(eventsNamed('e1')))).toEqual(['accepted'])
    expect((await status()).patterns?.pausedUntil).toBeUndefined()
  })

  test('of a year is an hour', async () => {
    server.behave({ events: answering(503, { 'retry-after': '31536000' }) })
    const { deliver } = client()
    expect(await deliver(eventsNamed('e1'))).toMatchObject([{ kind: 'failed', retryAfterMs: 3_600_000 }])
  })

  test('that is left over from another address keeps nobody', async () => {
    server.behave({ events: answering(429, { 'retry-after': '120' }) })
    const { deliver, settings } = client()
    await deliver(eventsNamed('e1'))
    server.behave({ events: healthy })
    const moved = client({ ...settings, tracking: { url: `${server.url}/v2`, content: true } })
    expect(kinds(await moved.deliver(eventsNamed('e1')))).toEqual(['accepted'])
  })
})

describe('the circuit', () => {
  test('opens at the third failure for 60 s; then one trial of one request', async () => {
    server.behave({ events: answering(500) })
    const { deliver, twin, settings, status } = client()
    for (const times of [1, 2, 3]) {
      await twin().deliver(eventsNamed('e1', 'e2'))
      expect(server.received).toHaveLength(3 * times)
    }
    expect((await status()).patterns?.circuit).toMatchObject({ state: 'open', failures: 0 })
    const [kept] = await deliver(eventsNamed('e1'))
    expect(kept).toMatchObject({ kind: 'failed', cause: 'its circuit is open, because it failed again and again' })
    expect(server.received).toHaveLength(9)

    passServiceTime(settings, 61)
    await deliver(eventsNamed('e1', 'e2'))
    expect(server.received).toHaveLength(10)
    await twin().deliver(eventsNamed('e1'))
    expect(server.received).toHaveLength(10)
    expect((await status()).patterns?.circuit.state).toBe('open')

    passServiceTime(settings, 61)
    server.behave({ events: healthy })
    expect(kinds(await twin().deliver(eventsNamed('e1', 'e2')))).toEqual(['accepted', 'accepted'])
    expect((await status()).patterns?.circuit).toEqual({ state: 'closed', failures: 0 })
  })

  test('an event that is rejected is an answer, and no failure', async () => {
    server.behave({ events: answering(422) })
    const { deliver, status } = client()
    expect(kinds(await deliver(eventsNamed('e1', 'e2', 'e3', 'e4')))).toEqual(Array(4).fill('rejected'))
    expect((await status()).patterns?.circuit).toEqual({ state: 'closed', failures: 0 })
  })

  test('that one service fails is no matter of the other', async () => {
    server.behave({ events: answering(500) })
    const team = await startHttpServer()
    try {
      const { deliver, status } = client({ alerts: { webhook: `${team.url}/T/hunter2`, format: 'json' } })
      const alert = event('a1', { route: 'alerts', body: { text: 'a run was halted' } })
      const receipts = await deliver([event('e1'), event('e2'), alert])
      expect(receipts.map(({ id, kind }) => [id, kind])).toEqual([
        ['e1', 'failed'],
        ['a1', 'accepted'],
      ])
      expect(team.received).toMatchObject([{ id: 'a1', path: '/T/hunter2', body: { text: 'a run was halted' } }])
      expect(team.healthChecks).toBe(0)
      const { patterns, alerts } = await status()
      expect([patterns?.circuit.failures, alerts?.circuit.failures]).toEqual([1, 0])
      expect(alerts).toEqual({ address: team.url, circuit: { state: 'closed', failures: 0 } })
    } finally {
      await team.stop()
    }
  })
})

/** Delivers as a flusher does: what was acknowledged goes, the rest stays; time passes between the attempts. */
async function flush(deliver: ReturnType<typeof client>['deliver'], all: ServiceEvent[], settings: ServiceSettings) {
  let waiting = all
  let acknowledged = 0
  let attempts = 0
  while (waiting.length > 0 && attempts < 1000) {
    attempts += 1
    const done = new Set((await deliver(waiting)).filter(({ kind }) => kind === 'accepted').map(({ id }) => id))
    acknowledged += done.size
    waiting = waiting.filter(({ id }) => !done.has(id))
    if (waiting.length > 0) passServiceTime(settings, 61)
  }
  return { attempts, acknowledged }
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `e${i + 1}`)

test('dying in the middle of a batch: nothing lost, order kept, only what had no answer comes again', async () => {
  server.behave({ events: dyingAfter(3) })
  const { deliver, settings } = client()
  const events = eventsNamed(...ids(6))
  expect(kinds(await deliver(events))).toEqual(['accepted', 'accepted', 'accepted', 'failed'])
  server.behave({ events: healthy })
  await flush(deliver, events.slice(3), settings)
  expect(server.firstSeen()).toEqual(ids(6))
  expect(server.repeats()).toEqual({ afterAck: {}, withoutAck: { e4: 3 } })
})

test.each<[what: string, badly: Behaviour]>([
  ['answering 500', answering(500)],
  ['dying', dying],
  ['answering garbage', garbage],
])(
  'flapping, %s in between: all of 60 arrive in their order, none again after its acknowledgement',
  async (_, badly) => {
    server.behave({ events: flapping(5, 4, badly) })
    const { deliver, settings } = client()
    const { acknowledged } = await flush(deliver, eventsNamed(...ids(60)), settings)
    expect(acknowledged).toBe(60)
    expect(server.firstSeen()).toEqual(ids(60))
    expect(server.repeats().afterAck).toEqual({})
    expect(server.received.filter(({ isAcknowledged }) => isAcknowledged)).toHaveLength(60)
  },
)

test('down, and back after an hour', async () => {
  await server.stop()
  const { deliver, twin, settings, status } = client()
  expect(kinds(await deliver(eventsNamed('e1', 'e2')))).toEqual(['failed'])
  const before = (await status()).patterns?.health
  expect(before?.up).toBe(false)
  await server.start()
  // Not asked yet.
  expect(kinds(await twin().deliver(eventsNamed('e1')))).toEqual(['failed'])
  passServiceTime(settings, 3600)
  expect(kinds(await twin().deliver(eventsNamed('e1', 'e2')))).toEqual(['accepted', 'accepted'])
  const after = (await status()).patterns?.health
  expect(after?.up).toBe(true)
  expect(Date.parse(after?.since ?? '')).toBeGreaterThanOrEqual(Date.parse(before?.since ?? ''))
})

describe('send', () => {
  /** A spool that keeps what it is given. */
  function keeper(pending = 0, add?: () => void) {
    const kept: string[] = []
    const report = async () => ({
      ...{ pending: pending + kept.length, bytes: 0, sent: 0, rejected: 0 },
      ...{ droppedForAge: 0, droppedForSize: 0 },
    })
    return { kept, report, add: (one: ServiceEvent) => (add ? add() : void kept.push(one.id)) }
  }

  test('goes straight to the service', async () => {
    const spool = keeper()
    expect(await client({}, { spool }).send(event('e1'))).toEqual({ id: 'e1', kind: 'accepted' })
    expect(spool.kept).toEqual([])
  })

  test('leaves in the spool what cannot be sent, and what must not overtake it', async () => {
    const spool = keeper()
    const { send } = client({}, { spool })
    server.behave({ events: (request) => (request <= 3 ? answering(500) : healthy) })
    const sent = await Promise.all(['e1', 'e2', 'e3'].map((id) => send(event(id))))
    expect(sent.map(({ kind }) => kind)).toEqual(['spooled', 'spooled', 'spooled'])
    expect(sent[0]).toMatchObject({ cause: 'it answered 500' })
    expect(spool.kept).toEqual(['e1', 'e2', 'e3'])
  })

  test('keeps the order of what is given at once', async () => {
    const { send } = client({}, { spool: keeper() })
    await Promise.all(ids(20).map((id) => send(event(id))))
    expect(server.received.map(({ id }) => id)).toEqual(ids(20))
  })

  test('leaves what is rejected, and says so', async () => {
    const spool = keeper()
    server.behave({ events: answering(422) })
    expect(await client({}, { spool }).send(event('e1'))).toMatchObject({ kind: 'rejected' })
    expect(spool.kept).toEqual([])
  })

  test('says so where neither the service nor the disk takes it', async () => {
    server.behave({ events: answering(401) })
    const spool = keeper(0, () => {
      throw new Error('the disk is full')
    })
    expect(await client({}, { spool }).send(event('e1'))).toEqual({
      id: 'e1',
      kind: 'failed',
      cause: 'it answered 401; and it was not kept: the disk is full',
    })
  })
})

describe('nothing stands in the way for ever', () => {
  const circle: Record<string, unknown> = {}
  circle['itself'] = circle
  test.each<[what: string, bad: ServiceEvent]>([
    ['an id with a line break', event('a\nb')],
    ['an id outside ASCII', event('é')],
    ['an id that is too long', event('x'.repeat(101))],
    ['no id', event('')],
    ['a circle', event('bad', { body: circle })],
    ['a number that JSON does not know', event('bad', { body: 1n })],
    ['an alert without a body', event('bad', { route: 'alerts', body: undefined })],
  ])('%s is rejected, and what is behind it sent', async (_what, bad) => {
    const { deliver } = client({ alerts: { webhook: server.url, format: 'json' } })
    expect(kinds(await deliver([bad, event('good')]))).toEqual(['rejected', 'accepted'])
    expect(server.firstSeen()).toEqual(['good'])
  })
})

test('an event for a service that is not set stays', async () => {
  expect(await client().deliver([event('a1', { route: 'alerts' })])).toEqual([
    { id: 'a1', kind: 'failed', cause: 'no address is set for alerts' },
  ])
})

test('where the folder cannot be used, events are sent all the same, and that is told', async () => {
  const folder = join(tempFolder(), 'a-file')
  writeFileSync(folder, '')
  const errors: unknown[] = []
  const { deliver } = client({ folder }, { onError: (error) => errors.push(error) })
  expect(kinds(await deliver(eventsNamed('e1', 'e2')))).toEqual(['accepted', 'accepted'])
  server.behave({ events: answering(429, { 'retry-after': '9' }) })
  expect(kinds(await deliver(eventsNamed('e3')))).toEqual(['failed'])
  expect(errors.length).toBeGreaterThan(0)
})

describe('passwords', () => {
  const withPassword = () => server.url.replace('http://', 'http://me:hunter2%21@').concat('/base/?token=hunter2')
  const tracking = () => ({ tracking: { url: withPassword(), content: true } })

  test('of an address go into a header; its path and query stay', async () => {
    expect(kinds(await client(tracking()).deliver(eventsNamed('e1')))).toEqual(['accepted'])
    const { path, headers } = server.received[0] ?? {}
    expect(path).toBe('/base/events?token=hunter2')
    expect(headers?.authorization).toBe(`Basic ${Buffer.from('me:hunter2!').toString('base64')}`)
  })

  test.each<[what: string, events: Behaviour, health: Behaviour]>([
    ['events hang', hanging, healthy],
    ['events are garbage', garbage, healthy],
    ['the connection dies', dying, healthy],
    ['a redirect', redirecting('http://hunter2@127.0.0.1:1/hunter2'), healthy],
    ['401', { ...answering(401, { 'www-authenticate': 'hunter2' }), body: 'hunter2' } as Behaviour, healthy],
    ['422', { ...answering(422), body: '{"error":"hunter2"}' } as Behaviour, healthy],
    ['health hangs', healthy, hanging],
    ['health is garbage', healthy, garbage],
  ])('are in no receipt, no error and no status: %s', async (_what, events, health) => {
    server.behave({ events, health })
    const errors: unknown[] = []
    const { deliver, status } = client(tracking(), { onError: (error) => errors.push(String(error)) })
    const told = JSON.stringify([await deliver([event('e1', { body: 'hunter2' })]), await status(), errors])
    expect(told).not.toMatch(/hunter2|me:/)
    expect(told).not.toContain(Buffer.from('me:hunter2!').toString('base64'))
  })
})
