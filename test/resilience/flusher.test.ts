import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Deliver } from '../../lib/resilience/contracts.ts'
import { openEventSpool } from '../../lib/resilience/event-spool.ts'
import { flushInBackground } from '../../lib/resilience/flusher.ts'
import { isFlusherAlive, takeFlusherLock } from '../../lib/resilience/flusher-lock.ts'
import { mayStartFlusher } from '../../lib/resilience/flusher-stamp.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { tempFolder } from '../store/temp-folder.ts'
import { eventOf, later } from './spool-scene.ts'

const system = nodeSystem()
const accept: Deliver = async (events) => events.map(({ id }) => ({ id, kind: 'accepted' }))

test('it waits a little for more and ends by itself', async () => {
  const spool = openEventSpool(system, join(tempFolder(), 'spool'))
  spool.add(eventOf('a', 0))
  setTimeout(() => spool.add(eventOf('a', 1)), 300)
  const startedAt = performance.now()
  expect(await flushInBackground(system, spool, accept, { idleSeconds: 0.8 })).toMatchObject({ sent: 2, left: 0 })
  const took = performance.now() - startedAt
  expect(took).toBeGreaterThan(1000)
  expect(took).toBeLessThan(4000)
  expect(isFlusherAlive(system, spool.folder)).toBe(false)
})

test('however much comes, it ends when its time is over', async () => {
  const spool = openEventSpool(system, join(tempFolder(), 'spool'))
  spool.add(eventOf('a', 0))
  let n = 1
  const more = setInterval(() => spool.add(eventOf('a', n++)), 20)
  const startedAt = performance.now()
  await flushInBackground(system, spool, accept, { idleSeconds: 1, mostSeconds: 1 })
  clearInterval(more)
  const took = performance.now() - startedAt
  expect(took).toBeGreaterThan(900)
  expect(took).toBeLessThan(4000)
})

test('where the service takes nothing it ends at once, and says until when nobody need try', async () => {
  const spool = openEventSpool(system, join(tempFolder(), 'spool'))
  for (let n = 0; n < 100; n += 1) spool.add(eventOf(`k${n}`, n))
  let calls = 0
  const down: Deliver = async (events) => {
    calls += 1
    return events.map(({ id }) => ({ id, kind: 'failed', cause: 'down' }))
  }
  const startedAt = performance.now()
  expect(await flushInBackground(system, spool, down, { idleSeconds: 10 })).toMatchObject({ sent: 0, left: 100 })
  expect(performance.now() - startedAt).toBeLessThan(3000)
  expect(calls).toBe(1)
  expect(mayStartFlusher(system, spool.folder)).toBe(false)
  expect(mayStartFlusher(later(61_000), spool.folder)).toBe(true)
  // A clock that was set back by a day does not keep flushers away for a day.
  expect(mayStartFlusher(later(-24 * 3600 * 1000), spool.folder)).toBe(true)
})

test('what is added after its last look and before its lock is free is still delivered', async () => {
  const folder = join(tempFolder(), 'spool')
  openEventSpool(system, folder).add(eventOf('a', 0))
  let isLate = true
  const files = {
    ...system.files,
    removeFolder(path: string) {
      // The lock itself goes last.
      if (isLate && path.endsWith('flusher.json.lock')) {
        isLate = false
        expect(isFlusherAlive(system, folder)).toBe(true)
        openEventSpool(system, folder).add(eventOf('a', 1))
      }
      system.files.removeFolder(path)
    },
  }
  const spool = openEventSpool({ ...system, files }, folder)
  expect(await flushInBackground(system, spool, accept, { idleSeconds: 0 })).toMatchObject({ sent: 2, left: 0 })
  expect(isLate).toBe(false)
})

test('the lock of a flusher that is alive is not taken, that of a dead one is; the old one then knows', async () => {
  const folder = join(tempFolder(), 'spool')
  fs.mkdirSync(folder)
  const first = await takeFlusherLock(system, folder)
  expect(first?.isHeld()).toBe(true)
  expect(await takeFlusherLock(system, folder)).toBeUndefined()
  await system.sleep(1500)
  // It was renewed meanwhile.
  expect(Date.now() - fs.statSync(join(folder, 'flusher.json.lock')).mtimeMs).toBeLessThan(1400)
  const second = await takeFlusherLock(later(11_000), folder)
  expect([first?.isHeld(), second?.isHeld()]).toEqual([false, true])
  first?.release()
  expect(second?.isHeld()).toBe(true)
  second?.release()
  expect(fs.readdirSync(folder)).toEqual([])
})

test('a flusher that was taken for dead does no harm: what it says was acknowledged counts once', async () => {
  const folder = join(tempFolder(), 'spool')
  const spool = openEventSpool(system, folder)
  for (let n = 0; n < 4; n += 1) spool.add(eventOf('a', n))
  const sent: string[] = []
  let isFirst = true
  const deliver: Deliver = async (events) => {
    sent.push(...events.map(({ id }) => id))
    if (isFirst) {
      isFirst = false
      // It hangs here for so long that another one takes over and does all of it.
      await openEventSpool(later(20_000), folder).flush(deliver, { batchSize: 2 })
    }
    return accept(events)
  }
  await spool.flush(deliver, { batchSize: 2 })
  expect(sent).toEqual(['a:0', 'a:1', 'a:0', 'a:1', 'a:2', 'a:3'])
  expect(await spool.report()).toMatchObject({ pending: 0, sent: 4 })
})
