import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEventSpool } from '../../lib/resilience/event-spool.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { bundleWorker, pause, startWorker, type Worker } from '../faults/processes.ts'
import { tempFolder } from '../store/temp-folder.ts'
import type { SpoolTask } from './programs/spool-worker.ts'
import { audit, later, openBook } from './spool-scene.ts'

/** Many real processes on one spool, and processes that are killed at any moment. */

let work: string
let bundle: string
beforeAll(async () => {
  work = fs.mkdtempSync(join(tmpdir(), 'breakerbox-worker-'))
  bundle = await bundleWorker(work, new URL('./programs/spool-worker.ts', import.meta.url))
})
afterAll(() => fs.rmSync(work, { recursive: true, force: true }))

const start = (task: SpoolTask): Worker => startWorker<SpoolTask>(bundle, task)
const linesOf = (path: string): string[] =>
  fs.existsSync(path) ? fs.readFileSync(path, 'utf8').split('\n').slice(0, -1) : []

/** Takes what is left, however the last flusher ended. */
async function drain(folder: string, book: string): Promise<void> {
  const { deliver, committed } = openBook(book)
  const report = await openEventSpool(later(30_000), folder).flush(deliver, { onProgress: committed })
  expect(report).toMatchObject({ left: 0, isBusy: false })
}

test('1,000 events from 20 processes at once, while flushers come and go: each once, in order', async () => {
  const root = tempFolder()
  const folder = join(root, 'spool')
  const book = join(root, 'book')
  const safe = join(root, 'safe')
  const startedAt = performance.now()
  const adders = Array.from({ length: 20 }, (_, n) => start({ kind: 'add', folder, key: `p${n}`, count: 50, safe }))
  const flushers: Promise<unknown>[] = []
  let isAdding = true
  const added = Promise.all(adders.map((adder) => adder.report)).then(() => {
    isAdding = false
  })
  while (isAdding) {
    // A small spool, so that segments are closed all the time; 1,000 events stay far below its limit.
    flushers.push(start({ kind: 'flush', folder, book, batchSize: 20, maxBytes: 2_000_000 }).report)
    await pause(150)
  }
  await added
  const reports = (await Promise.all(flushers)) as { isBusy: boolean }[]
  await drain(folder, book)
  const seconds = (performance.now() - startedAt) / 1000
  const { arrived, repeated, again, disordered } = audit(book)
  expect([arrived.length, repeated, again, disordered]).toEqual([1000, 0, [], []])
  expect(await openEventSpool(nodeSystem(), folder).report()).toMatchObject({ pending: 0, sent: 1000, torn: 0 })
  const busy = reports.filter(({ isBusy }) => isBusy).length
  console.log(
    `1000 events by 20 processes, ${reports.length} flushers (${busy} found another at work) in ${seconds.toFixed(1)} s: ` +
      `lost 0, repeated 0, out of order 0`,
  )
}, 120_000)

test('writers and flushers killed at random', async () => {
  const root = tempFolder()
  const folder = join(root, 'spool')
  const book = join(root, 'book')
  const safe = join(root, 'safe')
  const batchSize = 5
  let flushKills = 0
  let addKills = 0
  const until = performance.now() + 20_000
  for (let round = 0; round < 25 && performance.now() < until; round += 1) {
    const adders = [0, 1].map((n) => start({ kind: 'add', folder, key: `r${round}p${n}`, count: 200, safe }))
    const before = linesOf(safe).length
    while (linesOf(safe).length === before) await pause(2)
    // What a killed flusher had locked is taken over after ten seconds; here it is made that old at once.
    for (const name of ['flusher.json.lock', 'spool_position.json.lock']) {
      const path = join(folder, name)
      if (fs.existsSync(path)) fs.utimesSync(path, 1, 1)
    }
    const flusher = start({ kind: 'flush', folder, book, batchSize, delay: round % 4 })
    for (const adder of adders) {
      await pause(Math.random() * 60)
      if (adder.process.kill('SIGKILL')) addKills += 1
    }
    await pause(40 + Math.random() * 120)
    if (flusher.process.exitCode === null && flusher.process.kill('SIGKILL')) flushKills += 1
    await Promise.all([...adders, flusher].map(({ report }) => report.catch(() => undefined)))
  }
  await drain(folder, book)
  const { arrived, repeated, again, disordered } = audit(book)
  const told = linesOf(safe)
  const lost = told.filter((id) => !arrived.includes(id))
  expect([lost, again, disordered]).toEqual([[], [], []])
  // Only what was on its way when the flusher was killed.
  expect(repeated).toBeLessThanOrEqual(flushKills * batchSize)
  expect(flushKills).toBeGreaterThan(5)
  const { torn } = await openEventSpool(nodeSystem(), folder).report()
  console.log(
    `${addKills} writers and ${flushKills} flushers killed, ${told.length} events told safe: lost 0, ` +
      `sent again after their acknowledgement was kept 0, repeated ${repeated}, half lines ${torn}`,
  )
}, 120_000)

test('a flusher that is killed is replaced by the next one by itself, when its lock has not been renewed', async () => {
  const root = tempFolder()
  const folder = join(root, 'spool')
  const book = join(root, 'book')
  await start({ kind: 'add', folder, key: 'a', count: 30, safe: join(root, 'safe') }).report
  const killed = start({ kind: 'flush', folder, book, batchSize: 5, delay: 300 })
  while (audit(book).arrived.length < 10) await pause(5)
  killed.process.kill('SIGKILL')
  const startedAt = performance.now()
  await killed.report
  let report = { isBusy: true, left: -1 }
  while (report.isBusy) {
    report = (await start({ kind: 'flush', folder, book, batchSize: 5 }).report) as typeof report
    await pause(500)
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { arrived, repeated, again, disordered } = audit(book)
  expect([report.left, arrived.length, again, disordered]).toEqual([0, 30, [], []])
  expect(repeated).toBeLessThanOrEqual(5)
  expect(seconds).toBeLessThan(20)
  console.log(`a killed flusher was replaced after ${seconds.toFixed(1)} s: lost 0, repeated ${repeated}`)
}, 60_000)
