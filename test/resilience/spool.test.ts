import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Deliver, Receipt, ServiceEvent } from '../../lib/resilience/contracts.ts'
import { openEventSpool } from '../../lib/resilience/event-spool.ts'
import { nodeStreams } from '../../lib/system/node-streams.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { tempFolder } from '../store/temp-folder.ts'
import { eventOf, later } from './spool-scene.ts'

const system = nodeSystem()
const day = 24 * 3600 * 1000
const ids = (events: readonly ServiceEvent[]) => events.map(({ id }) => id)

/** A service that takes everything but what `answer` says otherwise, and remembers what it was sent. */
function service(answer: (event: ServiceEvent) => Receipt | undefined = ({ id }) => ({ id, kind: 'accepted' })) {
  const batches: string[][] = []
  const deliver: Deliver = async (events) => {
    batches.push(ids(events))
    return events.flatMap((event) => answer(event) ?? [])
  }
  return { deliver, batches, sent: () => batches.flat() }
}
const failing = ({ id }: ServiceEvent): Receipt => ({ id, kind: 'failed', cause: 'refused' })
const segmentsIn = (folder: string) => fs.readdirSync(folder).filter((name) => name.startsWith('events'))

describe('handing over', () => {
  test('batch by batch, oldest first, each acknowledged before the next; then nothing is left on disk', async () => {
    const folder = join(tempFolder(), 'spool')
    const spool = openEventSpool(system, folder)
    for (let n = 0; n < 7; n += 1) spool.add(eventOf('a', n), { durable: n % 2 === 0 })
    const progress: string[] = []
    const { deliver, batches } = service()
    const onProgress = (done: number, all: number) => progress.push(`${done}/${all}`)
    const report = await spool.flush(deliver, { batchSize: 3, onProgress })
    expect(report).toEqual({ sent: 7, rejected: 0, failed: 0, left: 0, isBusy: false })
    expect(batches).toEqual([['a:0', 'a:1', 'a:2'], ['a:3', 'a:4', 'a:5'], ['a:6']])
    expect(progress).toEqual(['3/7', '6/7', '7/7'])
    expect(await spool.report()).toMatchObject({ pending: 0, sent: 7 })
    expect(segmentsIn(folder)).toHaveLength(1)
    await openEventSpool(later(60_000), folder).flush(deliver)
    expect(segmentsIn(folder)).toEqual([])
    expect(await spool.report()).toMatchObject({ pending: 0, bytes: 0, sent: 7 })
    expect(batches).toHaveLength(3)
  })

  test('folder and files are the owner’s, and out of version control', async () => {
    const folder = join(tempFolder(), 'a', 'spool')
    const spool = openEventSpool(system, folder)
    spool.add(eventOf('a', 0))
    await spool.flush(service(failing).deliver)
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700)
    const files = fs.readdirSync(folder)
    expect(files.sort()).toEqual(['.gitignore', 'events.jsonl', 'flusher.stamp', 'spool_position.json'])
    for (const name of files) expect([name, fs.statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600])
  })

  test('a failure holds back its key only; what was acknowledged behind it is not sent again', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (const key of ['a', 'b', 'a', 'b', 'c']) spool.add(eventOf(key, (await spool.report()).pending))
    const first = service((event) => (event.key === 'a' ? failing(event) : { id: event.id, kind: 'accepted' }))
    expect(await spool.flush(first.deliver, { batchSize: 2 })).toMatchObject({ sent: 3, failed: 1, left: 2 })
    // `a:2` was never tried, because `a:0` had failed.
    expect(first.sent()).toEqual(['a:0', 'b:1', 'b:3', 'c:4'])
    expect(await spool.report()).toMatchObject({ lastError: { cause: 'refused' } })
    const second = service()
    expect(await spool.flush(second.deliver)).toMatchObject({ sent: 2, left: 0 })
    expect(second.sent()).toEqual(['a:0', 'a:2'])
    expect((await spool.report()).lastError).toBeUndefined()
  })

  test('a route of which nothing was taken is left alone until the next flush, the other goes on', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 6; n += 1) spool.add({ ...eventOf(`k${n}`, n), route: n < 4 ? 'alerts' : 'patterns' })
    const { deliver, batches } = service((event) =>
      event.route === 'alerts' ? failing(event) : { id: event.id, kind: 'accepted' },
    )
    expect(await spool.flush(deliver, { batchSize: 2 })).toMatchObject({ sent: 2, failed: 2, left: 4 })
    expect(batches).toEqual([
      ['k0:0', 'k1:1'],
      ['k4:4', 'k5:5'],
    ])
  })

  test('a service that is down is asked once; why is told', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 200; n += 1) spool.add(eventOf(`k${n}`, n))
    const { deliver, batches } = service(failing)
    expect(await spool.flush(deliver)).toMatchObject({ sent: 0, failed: 50, left: 200 })
    expect(batches).toHaveLength(1)
    expect(await spool.report()).toMatchObject({ pending: 200, lastError: { cause: 'refused' } })
  })

  test('events that were not tried wait, in order; a service that throws has failed', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 4; n += 1) spool.add(eventOf('a', n))
    const untried = service(({ id }) => (id === 'a:0' ? { id, kind: 'accepted' } : undefined))
    expect(await spool.flush(untried.deliver)).toMatchObject({ sent: 1, failed: 0, left: 3 })
    const thrown = await spool.flush(async () => {
      throw new Error('it broke')
    })
    expect(thrown).toMatchObject({ sent: 0, failed: 3, left: 3 })
    expect(await spool.report()).toMatchObject({ lastError: { cause: 'it broke' } })
    const { deliver, sent } = service()
    await spool.flush(deliver)
    expect(sent()).toEqual(['a:1', 'a:2', 'a:3'])
  })

  test('what the service refuses for good is dropped, counted and told', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 3; n += 1) spool.add(eventOf('a', n))
    const picky = service(({ id }) =>
      id === 'a:1' ? { id, kind: 'rejected', cause: '422 no name' } : { id, kind: 'accepted' },
    )
    expect(await spool.flush(picky.deliver)).toMatchObject({ sent: 2, rejected: 1, left: 0 })
    expect(await spool.report()).toMatchObject({ sent: 2, rejected: 1, lastRejection: { cause: '422 no name' } })
  })

  test('an id that was added twice is sent once in a batch', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 2; n += 1) spool.add(eventOf('a', 0))
    const { deliver, sent } = service()
    expect(await spool.flush(deliver)).toMatchObject({ left: 0 })
    expect(sent()).toEqual(['a:0'])
  })

  test('it ends when it is told, and waits for more when it is told', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 4; n += 1) spool.add(eventOf('a', n))
    const { deliver, batches } = service()
    const isOver = () => batches.length === 1
    expect(await spool.flush(deliver, { batchSize: 1, isOver })).toMatchObject({ sent: 1, left: 3 })
    setTimeout(() => spool.add(eventOf('b', 0)), 300)
    expect(await spool.flush(deliver, { lingerMs: 1000 })).toMatchObject({ sent: 4, left: 0 })
  })

  test('one of two flushers works, the other is told', async () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'))
    for (let n = 0; n < 20; n += 1) spool.add(eventOf('a', n))
    const { deliver, sent } = service()
    const slow: Deliver = async (events) => {
      await system.sleep(20)
      return deliver(events)
    }
    const reports = await Promise.all([1, 2, 3].map(() => spool.flush(slow, { batchSize: 5 })))
    expect(reports.map(({ isBusy }) => isBusy).sort()).toEqual([false, true, true])
    expect(sent()).toHaveLength(20)
  })

  test('nothing to do where there is no folder', async () => {
    const folder = join(tempFolder(), 'spool')
    const spool = openEventSpool(system, folder)
    expect(await spool.report()).toMatchObject({ pending: 0, bytes: 0, sent: 0 })
    expect(await spool.flush(service().deliver)).toMatchObject({ sent: 0, left: 0, isBusy: false })
    expect(fs.existsSync(folder)).toBe(false)
  })
})

describe('segments', () => {
  test('a long one is closed; who still has it open is not cut off', async () => {
    const folder = join(tempFolder(), 'spool')
    const spool = openEventSpool(system, folder)
    spool.add(eventOf('a', 0))
    // A process that opened the segment before it was closed and writes when it is settled and old.
    const lateWriter = fs.openSync(join(folder, 'events.jsonl'), 'a')
    const { deliver, sent } = service()
    await spool.flush(deliver)
    await openEventSpool(later(60_000), folder).flush(deliver)
    const [closed = ''] = segmentsIn(folder)
    expect(closed).toMatch(/^events-0000000001\.[0-9a-f]{8}\.jsonl$/)
    const aside = join(tempFolder(), 'other')
    openEventSpool(system, aside).add(eventOf('late', 0))
    fs.writeSync(lateWriter, fs.readFileSync(join(aside, 'events.jsonl')))
    fs.closeSync(lateWriter)
    spool.add(eventOf('a', 1))
    await openEventSpool(later(60_000), folder).flush(deliver)
    expect(sent()).toEqual(['a:0', 'late:0', 'a:1'])
    await openEventSpool(later(120_000), folder).flush(deliver)
    expect(segmentsIn(folder)).toEqual([])
  })

  test('where nobody tells who has it open, it is kept for ten minutes', async () => {
    const folder = join(tempFolder(), 'spool')
    const streams = { ...nodeStreams(), openForWriting: async () => undefined }
    const { deliver } = service()
    openEventSpool(system, folder).add(eventOf('a', 0))
    for (const [minutes, left] of [
      [0, 1],
      [9, 1],
      [11, 0],
    ] as const) {
      await openEventSpool(later(minutes * 60_000), folder, { streams }).flush(deliver)
      expect([minutes, segmentsIn(folder).length]).toEqual([minutes, left])
    }
  })

  test('half lines are passed over and counted, wherever they are', async () => {
    const folder = join(tempFolder(), 'spool')
    const spool = openEventSpool(system, folder)
    const open = join(folder, 'events.jsonl')
    spool.add(eventOf('a', 0))
    fs.appendFileSync(open, '\n{"line":"half of an eve')
    spool.add(eventOf('a', 1))
    fs.appendFileSync(open, '\n\u0000\u0000\u0000\n[]\n{"line":"x","added":"never","event":{}}\n')
    spool.add(eventOf('a', 2))
    fs.appendFileSync(open, '\n{"line":"half at the e')
    const { deliver, sent } = service()
    expect(await spool.flush(deliver)).toMatchObject({ sent: 3, left: 0 })
    expect(sent()).toEqual(['a:0', 'a:1', 'a:2'])
    expect(await spool.report()).toMatchObject({ pending: 0, torn: 4 })
    spool.add(eventOf('a', 3))
    expect(await spool.flush(deliver)).toMatchObject({ sent: 1 })
    expect(await spool.report()).toMatchObject({ torn: 5 })
  })
})

describe('limits', () => {
  test('events of more than seven days go, counted; younger ones stay', async () => {
    const folder = join(tempFolder(), 'spool')
    openEventSpool(later(-8 * day), folder).add(eventOf('a', 0))
    openEventSpool(later(-6 * day), folder).add(eventOf('a', 1))
    openEventSpool(later(-9 * day), folder).add(eventOf('b', 2))
    const spool = openEventSpool(system, folder)
    expect(await spool.report()).toMatchObject({
      pending: 3,
      oldest: expect.stringMatching(new RegExp(`^${new Date(Date.now() - 9 * day).toISOString().slice(0, 10)}`)),
    })
    const { deliver, sent } = service()
    expect(await spool.flush(deliver)).toMatchObject({ sent: 1, left: 0 })
    expect(sent()).toEqual(['a:1'])
    expect(await spool.report()).toMatchObject({ droppedForAge: 2, droppedForSize: 0 })
  })

  test('over the size the oldest go, counted, and the disk gets it back', async () => {
    const folder = join(tempFolder(), 'spool')
    const maxBytes = 100_000
    let at = 0
    const { deliver: down } = service(failing)
    for (let round = 0; round < 12; round += 1) {
      const spool = openEventSpool(later(at), folder, { maxBytes })
      for (let n = 0; n < 20; n += 1) spool.add(eventOf('a', round * 20 + n, 'x'.repeat(1000)))
      at += 60_000
      await openEventSpool(later(at), folder, { maxBytes }).flush(down)
      const { pending, bytes, droppedForSize } = await spool.report()
      expect(pending + droppedForSize).toBe((round + 1) * 20)
      expect(bytes).toBeLessThan(maxBytes * 1.3)
    }
    const spool = openEventSpool(later(at + 60_000), folder, { maxBytes })
    const { pending, droppedForSize } = await spool.report()
    expect(pending).toBeGreaterThan(70)
    const { deliver, sent } = service()
    await spool.flush(deliver)
    expect(sent()).toEqual(Array.from({ length: pending }, (_, n) => `a:${droppedForSize + n}`))
  })

  test('a spool that no flusher ever emptied takes nothing more at twice its size', () => {
    const spool = openEventSpool(system, join(tempFolder(), 'spool'), { maxBytes: 2000 })
    const add = () => {
      for (let n = 0; n < 100; n += 1) spool.add(eventOf('a', n))
    }
    expect(add).toThrow(expect.objectContaining({ code: 'EFULL' }))
  })
})

describe('what stands in the way', () => {
  test.each([
    ['an id with a blank', { id: 'a b' }, 'EKEY'],
    ['an id that is too long', { id: 'a'.repeat(101) }, 'EKEY'],
    ['a body that is too long', { body: 'x'.repeat(1024 * 1024) }, 'ETOOLARGE'],
  ])('%s is not taken', (_name, change, code) => {
    const folder = join(tempFolder(), 'spool')
    const add = () => openEventSpool(system, folder).add({ ...eventOf('a', 0), ...change })
    expect(add).toThrow(expect.objectContaining({ code }))
    expect(fs.existsSync(folder)).toBe(false)
  })

  test('a folder that is a link is not followed', async () => {
    const root = tempFolder()
    fs.mkdirSync(join(root, 'elsewhere'))
    fs.symlinkSync(join(root, 'elsewhere'), join(root, 'spool'))
    const spool = openEventSpool(system, join(root, 'spool'))
    const refusal = expect.objectContaining({ name: 'KnownError', code: 'ELINK' })
    expect(() => spool.add(eventOf('a', 0))).toThrow(refusal)
    await expect(spool.flush(service().deliver)).rejects.toEqual(refusal)
    await expect(spool.report()).rejects.toEqual(refusal)
    expect(fs.readdirSync(join(root, 'elsewhere'))).toEqual([])
  })

  test('a segment that is a link is not followed', async () => {
    const root = tempFolder()
    const folder = join(root, 'spool')
    fs.mkdirSync(folder)
    fs.writeFileSync(join(root, 'mine'), 'untouched')
    fs.symlinkSync(join(root, 'mine'), join(folder, 'events.jsonl'))
    fs.symlinkSync(join(root, 'mine'), join(folder, 'events-0000000001.00c0ffee.jsonl'))
    const spool = openEventSpool(system, folder)
    expect(() => spool.add(eventOf('a', 0))).toThrow(expect.objectContaining({ name: 'KnownError', code: 'ELOOP' }))
    expect(await spool.flush(service().deliver)).toMatchObject({ sent: 0, left: 0 })
    expect(fs.readFileSync(join(root, 'mine'), 'utf8')).toBe('untouched')
  })

  test('a damaged position is set aside and told; nothing is lost, and only what is still on disk repeats', async () => {
    const folder = join(tempFolder(), 'spool')
    const spool = openEventSpool(system, folder)
    const { deliver, sent } = service()
    for (let n = 0; n < 3; n += 1) spool.add(eventOf('a', n))
    await spool.flush(deliver)
    spool.add(eventOf('a', 3))
    fs.writeFileSync(join(folder, 'spool_position.json'), '{"version":1,"segm')
    expect(await spool.report()).toMatchObject({ pending: 4 })
    expect(await spool.flush(service(failing).deliver)).toMatchObject({ left: 4 })
    expect(fs.readdirSync(folder).filter((name) => name.includes('.damaged.'))).toHaveLength(1)
    expect(await spool.flush(deliver)).toMatchObject({ sent: 4, left: 0 })
    expect((await spool.report()).lastDamage?.cause).toMatch(/^what was handed over is not known any more: /)
    expect(sent()).toEqual(['a:0', 'a:1', 'a:2', 'a:0', 'a:1', 'a:2', 'a:3'])
  })

  test('a disk that takes no acknowledgement says so before anything is sent', async () => {
    const folder = join(tempFolder(), 'spool')
    openEventSpool(system, folder).add(eventOf('a', 0))
    const full = () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    const fullSystem = { ...system, files: { ...system.files, create: full, append: full } }
    const spool = openEventSpool(fullSystem, folder)
    const { deliver, sent } = service()
    await expect(spool.flush(deliver)).rejects.toEqual(expect.objectContaining({ name: 'KnownError', code: 'ENOSPC' }))
    expect(() => spool.add(eventOf('a', 1))).toThrow(expect.objectContaining({ name: 'KnownError', code: 'ENOSPC' }))
    expect(sent()).toEqual([])
    expect(await openEventSpool(system, folder).flush(deliver)).toMatchObject({ sent: 1, left: 0 })
  })
})
