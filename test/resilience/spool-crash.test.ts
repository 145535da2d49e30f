import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEventSpool } from '../../lib/resilience/event-spool.ts'
import { nodeStreams } from '../../lib/system/node-streams.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { type Fault, faultyFiles, Killed } from '../faults/fault-files.ts'
import { audit, eventOf, later, openBook } from './spool-scene.ts'

/**
 * The life of a spool, interrupted before and in the middle of every file operation, once each: adding, closing segments,
 * flushing, committing, dropping for size and age, deleting.
 */

const minute = 60_000
const day = 24 * 60 * minute
/** Who has a file open is not asked here: it takes most of the time, and nobody has. */
const streams = { ...nodeStreams(), openForWriting: async () => new Set<string>() }
const options = { maxBytes: 20_000, streams }
const { files, ...others } = nodeSystem()
/** Waiting for the disk is left out: it matters when the power fails, not when a process ends, and takes most of the time. */
const real: System = { ...others, files: { ...files, create: (path, content) => files.create(path, content) } }

interface Life {
  /** Ids that the spool said are safe. */
  readonly safe: string[]
  /** Ids that may have to go to keep the limits. */
  readonly spent: ReadonlySet<string>
  run(system: System, isDead: () => boolean): Promise<void>
}

function lifeIn(folder: string, book: string): Life {
  const safe: string[] = []
  const spent = new Set<string>()
  const add = (system: System, at: number, key: string, n: number, body: unknown): void => {
    const event = eventOf(key, n, body)
    openEventSpool({ ...system, clock: later(at).clock }, folder, options).add(event)
    safe.push(event.id)
  }
  return {
    safe,
    spent,
    async run(system, isDead) {
      const { deliver, committed } = openBook(book)
      const flush = (at: number, batchSize: number) =>
        openEventSpool({ ...system, clock: later(at).clock }, folder, options).flush(
          async (events) => {
            if (isDead()) throw new Killed()
            return deliver(events)
          },
          { batchSize, onProgress: committed },
        )
      add(system, -8 * day, 'old', 0, 'x')
      spent.add('old:0')
      for (let n = 0; n < 6; n += 1) add(system, 0, `k${n % 3}`, n, 'x'.repeat(600))
      await flush(0, 2)
      for (let n = 6; n < 9; n += 1) add(system, minute, `k${n % 3}`, n, 'x')
      await flush(minute, 2)
      // More than the spool holds: the oldest must go.
      for (let n = 9; n < 18; n += 1) {
        if (n < 12) spent.add(`k${n % 3}:${n}`)
        add(system, 2 * minute, `k${n % 3}`, n, 'x'.repeat(2700))
      }
      await flush(3 * minute, 20)
      await flush(4 * minute, 20)
    },
  }
}

async function interrupted(fault: Fault | undefined): Promise<{ operations: readonly string[]; repeated: number }> {
  const root = fs.mkdtempSync(join(tmpdir(), 'breakerbox-spool-'))
  const folder = join(root, 'spool')
  const book = join(root, 'book')
  try {
    const faulty = faultyFiles(real.files, fault)
    const { at = 0 } = fault ?? {}
    const isDead = () => faulty.struck && fault?.kind.startsWith('kill') === true
    const life = lifeIn(folder, book)
    // A wait is over at once, but never for ever: what waits must end by itself.
    const system = { ...real, files: faulty.files, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
    try {
      await life.run(system, isDead)
    } catch (error) {
      if (fault === undefined) throw error
      expect(faulty.struck).toBe(true)
    }
    const label = JSON.stringify({ ...fault, operation: faulty.operations[at - 1] })
    const { deliver, committed } = openBook(book)
    const spool = openEventSpool(later(5 * minute, real), folder, options)
    const report = await spool.flush(deliver, { batchSize: 10, onProgress: committed })
    expect([label, report.left, report.isBusy]).toEqual([label, 0, false])
    const { arrived, repeated, again, disordered } = audit(book)
    expect([label, again, disordered]).toEqual([label, [], []])
    const gone = life.safe.filter((id) => !arrived.includes(id))
    const { droppedForAge, droppedForSize } = await spool.report()
    expect([label, gone.filter((id) => !life.spent.has(id))]).toEqual([label, []])
    // One more may be dropped: an event whose writer was told that it failed.
    expect(droppedForAge + droppedForSize - gone.length).toBeOneOf([0, 1])
    // And nothing stays behind.
    for (const minutes of [20, 40]) await openEventSpool(later(minutes * minute, real), folder, options).flush(deliver)
    const left = fs.existsSync(folder)
      ? fs.readdirSync(folder).filter((name) => !/^(flusher\.stamp|\.gitignore|spool_position\.json)$/.test(name))
      : []
    expect([label, left]).toEqual([label, []])
    if (fault === undefined) expect([droppedForAge, droppedForSize, repeated]).toEqual([1, 3, 0])
    return { operations: faulty.operations, repeated }
  } finally {
    fs.rmSync(root, { recursive: true, force: true })
  }
}

/** Interrupts one life at each operation that this pattern names, and says how it went. */
async function atEach(pattern: RegExp, name: string, faultAt: (at: number) => Fault): Promise<void> {
  const { operations } = await interrupted(undefined)
  const places = operations.flatMap((operation, n) => (pattern.test(operation) ? [n + 1] : []))
  let repeated = 0
  for (const at of places) repeated += (await interrupted(faultAt(at))).repeated
  const kinds = [...new Set(places.map((at) => operations[at - 1]?.split(' ')[0]))].join(', ')
  console.log(
    `${name}: tried ${places.length} (${kinds}), survived ${places.length}, lost 0, ` +
      `sent again after their acknowledgement was kept 0, repeated ${repeated}`,
  )
}

const writes = /^(append|create) /
const looks = /^(facts|list|readText|readHead) /
const changes = /^(append|create|rename|link|remove|makeFolder|makeFolders|removeFolder|touch) /

test('killed before each file operation', () => atEach(/./, 'kills', (at) => ({ kind: 'kill', at })), 120_000)
test('killed in the middle of each write', () => atEach(writes, 'kills inside', (at) => ({ kind: 'kill inside', at })))
test('each look at a file fails', () => atEach(looks, 'EIO', (at) => ({ kind: 'errno', at, code: 'EIO' })), 120_000)
test(
  'the disk is full at each change',
  () => atEach(changes, 'ENOSPC', (at) => ({ kind: 'errno', at, code: 'ENOSPC' })),
  120_000,
)
test('the disk takes half of each write', () => atEach(writes, 'half writes', (at) => ({ kind: 'short write', at })))
