import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStore } from '../../lib/store/file-store.ts'
import { sweepLeftovers } from '../../lib/store/leftovers.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { enter, ledger } from '../store/ledger.ts'
import { leftoversIn, tempFolder } from '../store/temp-folder.ts'
import { count } from './figures.ts'
import { insideUpdate, naiveUpdate } from './naive-store.ts'
import { bundleWorker, pause, startWorker, untilStopped } from './processes.ts'

const real = nodeSystem()
let folder: string
let bundle: string
beforeAll(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), 'breakerbox-worker-'))
  bundle = await bundleWorker(folder)
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

const entriesOf = async (root: string, key: string): Promise<readonly string[]> => {
  const { document, damage } = await fileStore(real, root).read(ledger(key))
  expect(damage).toBeUndefined()
  return document.entries
}

describe.each([
  ['one document', ['ledger']],
  ['five documents', ['ledger', 'sessions/a', 'sessions/b', 'sessions/c', 'state']],
])('50 processes with 40 updates each on %s', (name, keys) => {
  test('every update is there, in the order of its writer; no reader sees a torn file; nothing is left behind', async () => {
    const root = join(tempFolder(), 'memory')
    const until = join(folder, `done-${keys.length}`)
    const startedAt = performance.now()
    const readers = [0, 1].map(() => startWorker(bundle, { kind: 'read', root, key: keys[0] ?? '', until }))
    const writers = Array.from({ length: 50 }, (_, n) =>
      startWorker(bundle, { kind: 'write', root, keys, writer: `w${n}`, updates: 40, waitMilliseconds: 120_000 }),
    )
    const reports = (await Promise.all(writers.map((writer) => writer.report))) as { busy: number; waits: number[] }[]
    const seconds = (performance.now() - startedAt) / 1000
    fs.writeFileSync(until, '')
    const read = (await Promise.all(readers.map((reader) => reader.report))) as {
      reads: number
      torn: number
      backwards: number
    }[]
    expect(reports.reduce((sum, report) => sum + report.busy, 0)).toBe(0)
    let present = 0
    for (const [index, key] of keys.entries()) {
      const entries = await entriesOf(root, key)
      expect(new Set(entries).size).toBe(entries.length)
      for (let n = 0; n < 50; n += 1) {
        const own = entries.filter((entry) => entry.startsWith(`w${n}:`)).map((entry) => Number(entry.split(':')[1]))
        const expected = Array.from({ length: 40 }, (_, at) => at).filter((at) => at % keys.length === index)
        expect(own).toEqual(expected)
      }
      present += entries.length
    }
    expect(present).toBe(2000)
    expect(read.map(({ torn, backwards }) => ({ torn, backwards }))).toEqual(
      read.map(() => ({ torn: 0, backwards: 0 })),
    )
    expect(leftoversIn(root)).toEqual([])
    count('updates', present)
    const waits = reports.flatMap((report) => report.waits).sort((a, b) => a - b)
    const at = (share: number): string => (waits[Math.floor((waits.length - 1) * share)] ?? 0).toFixed(0)
    const reads = read.reduce((sum, reader) => sum + reader.reads, 0)
    console.log(
      `${name}: 2000 updates by 50 processes in ${seconds.toFixed(1)} s, lost: 0; ` +
        `one update ms: median ${at(0.5)}, 99 % ${at(0.99)}, longest ${at(1)}; ${reads} reads, torn: 0`,
    )
  })
})

test('with 500 ms each, whoever does not get the lock is told busy, and everyone else is there', async () => {
  const root = join(tempFolder(), 'memory')
  const writers = Array.from({ length: 50 }, (_, n) =>
    startWorker(bundle, { kind: 'write', root, keys: ['ledger'], writer: `w${n}`, updates: 40, waitMilliseconds: 500 }),
  )
  const reports = (await Promise.all(writers.map((writer) => writer.report))) as { busy: number; waits: number[] }[]
  const busy = reports.reduce((sum, report) => sum + report.busy, 0)
  const longest = Math.max(...reports.flatMap((report) => report.waits))
  expect(await entriesOf(root, 'ledger')).toHaveLength(2000 - busy)
  expect(leftoversIn(root)).toEqual([])
  count('updates', 2000 - busy)
  console.log(`500 ms budget: 2000 updates by 50 processes, ${busy} busy, longest ${longest.toFixed(0)} ms, lost: 0`)
})

test('processes killed at random moments: what was reported as written is there, and the next run cleans up', async () => {
  const root = join(tempFolder(), 'memory')
  const journal = join(folder, 'journal')
  const kills = 120
  let killed = 0
  const lane = async (name: string): Promise<void> => {
    for (let n = 0; n < kills / 4; n += 1) {
      const writer = `${name}${n}`
      const worker = startWorker(bundle, {
        kind: 'write',
        root,
        keys: ['ledger', 'sessions/a'],
        writer,
        updates: 1_000_000,
        waitMilliseconds: 10_000,
        // Shorter than real, so that dead locks and takeovers of live ones come often.
        staleMilliseconds: 60,
        journal,
      })
      await new Promise((resolve) => worker.process.stderr?.once('data', resolve))
      await pause(Math.random() * 60)
      if (worker.process.kill('SIGKILL')) killed += 1
      await worker.report
    }
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(lane))
  const told = fs.readFileSync(journal, 'utf8').trim().split('\n')
  const found = new Set([...(await entriesOf(root, 'ledger')), ...(await entriesOf(root, 'sessions/a'))])
  const lost = told.filter((entry) => !found.has(entry))
  // At most the one update of each process that was committed and not yet journalled.
  expect(found.size - told.length).toBeLessThanOrEqual(killed)
  const store = fileStore({ ...real, clock: () => Date.now() + 3000 }, root)
  for (const key of ['ledger', 'sessions/a'])
    expect((await store.update(ledger(key), enter('last'))).kind).toBe('written')
  const { removed } = sweepLeftovers({ ...real, clock: () => Date.now() + 70_000 }, root)
  expect(leftoversIn(root)).toEqual([])
  expect(lost).toEqual([])
  count('kills', killed)
  count('updates', told.length)
  console.log(`SIGKILL: ${killed} kills, ${told.length} updates reported, ${removed} leftovers swept, lost: 0`)
})

describe('a holder suspended past the stale time that then continues', () => {
  const start = async (before: string, lock: 'ours' | 'look then rename' | 'file inside', damaged = false) => {
    const root = join(tempFolder(), 'memory')
    await fileStore(real, root).update(ledger(), enter('first'))
    if (damaged) fs.writeFileSync(join(root, 'ledger.json'), 'damaged bytes')
    const worker = startWorker(bundle, { kind: 'suspend', root, key: 'ledger', writer: 'suspended', before, lock })
    await untilStopped(worker.process.pid ?? 0)
    await pause(2200)
    return { root, worker }
  }

  /**
   * Suspends one writer at a point, lets two others write meanwhile, and wakes it while a third is at work: nobody's
   * update may be missing.
   */
  async function scenario(before: string, damaged = false): Promise<{ root: string; entries: readonly string[] }> {
    const { root, worker } = await start(before, 'ours', damaged)
    for (const entry of ['x', 'y']) {
      expect((await fileStore(real, root).update(ledger(), enter(entry))).kind).toBe('written')
    }
    await fileStore(real, root).update(ledger(), async (document) => {
      worker.process.kill('SIGCONT')
      await pause(100)
      return enter('z')(document)
    })
    expect(await worker.report).toMatchObject({ kind: 'written' })
    return { root, entries: await entriesOf(root, 'ledger') }
  }

  test.each([
    ['before it takes the lock', '^rename .*\\.lock\\.new\\.\\S+ '],
    ['before it reads', '^readText '],
    ['before it makes the new document', '^create .*/next '],
    ['before the commit', '^rename .*/next '],
  ])('%s: nothing is lost', async (point, before) => {
    const { root, entries } = await scenario(before)
    expect([...entries].sort()).toEqual(['first', 'suspended', 'x', 'y', 'z'])
    expect(entries.slice(0, 3)).toEqual(['first', 'x', 'y'])
    expect(leftoversIn(root)).toEqual([])
    count('updates', 5)
    console.log(`SIGSTOP ${point}: 5 updates, lost: 0`)
  })

  test.each([
    ['before it takes the damaged document', '^rename \\S+/ledger\\.json \\S+/taken'],
    ['before the commit', '^rename .*/next '],
    ['before it gives the damaged document its new name', '^rename .*/taken '],
  ])('while it sets a damaged document aside, %s: nothing is lost', async (point, before) => {
    const { root, entries } = await scenario(before, true)
    const own = point.includes('new name') ? 2 : 1
    expect(entries.filter((entry) => entry === 'suspended').length).toBeLessThanOrEqual(own)
    expect(['x', 'y', 'z'].filter((entry) => !entries.includes(entry))).toEqual([])
    expect(entries).toContain('suspended')
    const copies = fs.readdirSync(root).filter((file) => file.includes('.damaged.'))
    expect(copies.map((file) => fs.readFileSync(join(root, file), 'utf8'))).toEqual(['damaged bytes'])
    expect(leftoversIn(root)).toEqual([])
    count('updates', 4)
    console.log(`SIGSTOP with damage ${point}: 4 updates, lost: 0`)
  })

  test('the contrast: look, then rename, as usual locks do, loses what was written meanwhile', async () => {
    const { root, worker } = await start('^rename .*\\.tmp ', 'look then rename')
    for (const entry of ['x', 'y']) await naiveUpdate(real, root, 'ledger', enter(entry))
    expect(await entriesOf(root, 'ledger')).toEqual(['first', 'x', 'y'])
    worker.process.kill('SIGCONT')
    await worker.report
    expect(await entriesOf(root, 'ledger')).toEqual(['first', 'suspended'])
    console.log('SIGSTOP with look, then rename: 4 updates, lost: 2')
  })

  test('the contrast: a file inside a lock folder that is made in place loses what was written meanwhile', async () => {
    const { root, worker } = await start('^create .*/next\\.', 'file inside')
    for (const entry of ['x', 'y']) await insideUpdate(real, root, 'ledger', enter(entry))
    const third = insideUpdate(real, root, 'ledger', async (document) => {
      worker.process.kill('SIGCONT')
      await worker.report
      return enter('z')(document)
    })
    // The third is told that it lost its lock. The suspended one was told nothing: it used the lock of the third.
    await expect(third).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await entriesOf(root, 'ledger')).toEqual(['first', 'suspended'])
    console.log('SIGSTOP with a file inside the lock: 4 updates, lost: 2')
  })
})
