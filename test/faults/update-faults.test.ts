import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileStore } from '../../lib/store/file-store.ts'
import { sweepLeftovers } from '../../lib/store/leftovers.ts'
import { spoolRemove, spoolTake, spoolWrite } from '../../lib/store/spool.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { enter, ledger, ledgerText } from '../store/ledger.ts'
import { everything, leftoversIn, tempFolder } from '../store/temp-folder.ts'
import { type Fault, faultyFiles, Killed } from './fault-files.ts'
import { count } from './figures.ts'

const real = nodeSystem()
const later = (milliseconds: number): System => ({ ...real, clock: () => Date.now() + milliseconds })

/** Where an update can start from, and what a reader may find after it was interrupted. */
const starts: Record<string, { prepare(root: string): void; readonly before: string[]; readonly bytes?: string }> = {
  'no folder': { prepare: () => {}, before: [] },
  'an old document': {
    prepare(root) {
      fs.mkdirSync(join(root, 'sessions'), { recursive: true })
      fs.writeFileSync(join(root, 'sessions/a.json'), ledgerText(['old']))
    },
    before: ['old'],
  },
  'a damaged document': {
    prepare(root) {
      fs.mkdirSync(join(root, 'sessions'), { recursive: true })
      fs.writeFileSync(join(root, 'sessions/a.json'), 'damaged bytes')
    },
    before: [],
    bytes: 'damaged bytes',
  },
  'the lock of a dead process': {
    prepare(root) {
      const claim = join(root, 'sessions/a.json.lock/4711.00c0ffee')
      fs.mkdirSync(claim, { recursive: true })
      fs.writeFileSync(join(claim, 'next'), 'half a docu')
      fs.writeFileSync(join(claim, 'taken'), 'damaged bytes')
      fs.writeFileSync(join(root, 'sessions/a.json'), ledgerText(['old']))
      fs.utimesSync(join(root, 'sessions/a.json.lock'), 1, 1)
    },
    before: ['old'],
    bytes: 'damaged bytes',
  },
}

const kind = ledger('sessions/a')

/** Everything that must hold after an interrupted update, whatever it was interrupted by. */
async function mustHold(root: string, start: (typeof starts)[string], label: string): Promise<'old' | 'new'> {
  const { document } = await fileStore(real, root).read(kind)
  expect([start.before, [...start.before, 'new']], label).toContainEqual(document.entries)
  const next = await fileStore(later(3000), root).update(kind, enter('next'))
  expect(next.kind, label).toBe('written')
  expect((await fileStore(real, root).read(kind)).document.entries, label).toEqual([...document.entries, 'next'])
  sweepLeftovers(later(70_000), root)
  expect(leftoversIn(root), label).toEqual([])
  const copies = everything(root).filter((path) => path.includes('.damaged.'))
  const contents = copies.map((path) => fs.readFileSync(join(root, path), 'utf8'))
  expect(contents, label).toEqual(start.bytes === undefined ? [] : [start.bytes])
  return document.entries.includes('new') ? 'new' : 'old'
}

async function interrupted(
  start: (typeof starts)[string],
  fault: Fault,
): Promise<{ root: string; error: unknown; struck: boolean; at: string }> {
  const root = join(tempFolder(), 'memory')
  start.prepare(root)
  const faulty = faultyFiles(real.files, fault)
  let error: unknown
  try {
    await fileStore({ ...real, files: faulty.files }, root).update(kind, enter('new'))
  } catch (thrown) {
    error = thrown
  }
  return { root, error, struck: faulty.struck, at: faulty.operations[fault.at - 1] ?? 'none' }
}

async function operationsOf(start: (typeof starts)[string]): Promise<number> {
  const root = join(tempFolder(), 'memory')
  start.prepare(root)
  const faulty = faultyFiles(real.files)
  await fileStore({ ...real, files: faulty.files }, root).update(kind, enter('new'))
  return faulty.operations.length
}

describe.each(Object.entries(starts))('an update that starts from %s', (name, start) => {
  test.each(['kill', 'kill inside'] as const)('%s before each operation', async (fault) => {
    const total = await operationsOf(start)
    const seen = { old: 0, new: 0 }
    for (let at = 1; at <= total; at += 1) {
      const { root, error, at: operation } = await interrupted(start, { kind: fault, at })
      const label = `${fault} at ${at}, ${operation}`
      // After the commit only the lock is given back, and that never fails.
      if (error !== undefined) expect(error, label).toBeInstanceOf(Killed)
      seen[await mustHold(root, start, label)] += 1
    }
    count('kills', total)
    console.log(`${name}, ${fault}: ${total} kills, old document ${seen.old}, new ${seen.new}, lost: 0`)
  })

  test.each(['EIO', 'ENOSPC', 'EACCES', 'EROFS', 'EMFILE', 'short write'])('%s at each operation', async (code) => {
    const total = await operationsOf(start)
    const seen = { old: 0, new: 0 }
    let thrown = 0
    for (let at = 1; at <= total; at += 1) {
      const fault: Fault = code === 'short write' ? { kind: code, at } : { kind: 'errno', at, code }
      const { root, error, at: operation } = await interrupted(start, fault)
      const label = `${code} at ${at}, ${operation}: ${error}`
      if (error !== undefined) {
        thrown += 1
        expect(error, label).toMatchObject({ name: 'KnownError', code: code === 'short write' ? 'ENOSPC' : code })
        expect((error as Error).message, label).toMatch(
          /^cannot (read|write|lock|use) \/.*: E[A-Z]+: made by the test$/,
        )
      }
      const outcome = await mustHold(root, start, label)
      if (error === undefined) expect(outcome, label).toBe('new')
      seen[outcome] += 1
    }
    count('faults', total)
    console.log(`${name}, ${code}: ${total} faults, ${thrown} thrown, old ${seen.old}, new ${seen.new}, lost: 0`)
  })
})

describe('a spool write', () => {
  const faults = ['kill', 'kill inside', 'short write', 'EIO', 'ENOSPC', 'EACCES', 'EROFS', 'EMFILE']
  test.each(faults)('%s at each operation: the input is there whole or not at all', async (what) => {
    let whole = 0
    let at = 1
    for (; ; at += 1) {
      const root = join(tempFolder(), 'memory')
      const spool = join(root, 'spool')
      const isKind = what === 'kill' || what === 'kill inside' || what === 'short write'
      const fault: Fault = isKind ? { kind: what, at } : { kind: 'errno', at, code: what }
      const faulty = faultyFiles(real.files, fault)
      let error: unknown
      try {
        spoolWrite({ ...real, files: faulty.files }, spool, '{"hook_event_name":"Stop"}')
      } catch (thrown) {
        error = thrown
      }
      if (at > faulty.operations.length) break
      const { entries, broken } = spoolTake(real, spool)
      expect(broken).toEqual([])
      if (faulty.struck) expect(error).toBeDefined()
      else expect(entries).toHaveLength(1)
      expect(entries.map((entry) => entry.value)).toEqual(entries.length === 0 ? [] : [{ hook_event_name: 'Stop' }])
      whole += entries.length
      expect(
        spoolRemove(
          real,
          spool,
          entries.map((entry) => entry.name),
        ),
      ).toBe(entries.length)
      sweepLeftovers(later(70_000), root)
      if (fs.existsSync(root)) expect(leftoversIn(root)).toEqual([])
    }
    console.log(`spool write, ${what}: ${at - 1} faults, ${whole} whole, torn: 0`)
  })
})

describe('a removal', () => {
  test.each(['kill', 'EIO', 'EACCES', 'EROFS', 'EMFILE'])(
    '%s at each operation: there as it was, or gone',
    async (what) => {
      const seen = { there: 0, gone: 0 }
      for (let at = 1; ; at += 1) {
        const root = join(tempFolder(), 'memory')
        starts['an old document']?.prepare(root)
        const fault: Fault = what === 'kill' ? { kind: what, at } : { kind: 'errno', at, code: what }
        const faulty = faultyFiles(real.files, fault)
        await fileStore({ ...real, files: faulty.files }, root)
          .remove(kind)
          .catch((error: unknown) => expect(error).toMatchObject(what === 'kill' ? { name: 'Killed' } : { code: what }))
        if (at > faulty.operations.length) break
        const { entries } = (await fileStore(real, root).read(kind)).document
        expect([['old'], []]).toContainEqual(entries)
        seen[entries.length === 1 ? 'there' : 'gone'] += 1
        expect((await fileStore(later(3000), root).update(kind, enter('next'))).kind).toBe('written')
        expect((await fileStore(real, root).read(kind)).document.entries).toEqual([...entries, 'next'])
        sweepLeftovers(later(70_000), root)
        expect(leftoversIn(root)).toEqual([])
      }
      console.log(`removal, ${what}: there ${seen.there}, gone ${seen.gone}`)
    },
  )
})
