import * as fs from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  drainAtMost,
  largestSpoolFile,
  mostSpoolFiles,
  promptPrefix,
  spoolList,
  spoolRemove,
  spoolTake,
  spoolWrite,
} from '../../lib/store/spool.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { everything, tempFolder } from './temp-folder.ts'

const real = nodeSystem()
const at = (now: number): System => ({ ...real, clock: () => now })
let root: string
let spool: string
beforeEach(() => {
  root = join(tempFolder(), 'memory')
  spool = join(root, 'spool')
})

const put = (name: string, text: string): void => {
  fs.mkdirSync(spool, { recursive: true })
  fs.writeFileSync(join(spool, name), text)
}
const values = (): unknown[] => spoolTake(real, spool).entries.map((entry) => entry.value)

describe('writing', () => {
  test('one file, named after time and process, for the owner only, in a folder for the owner only', () => {
    const result = spoolWrite(at(1_795_266_212_345), spool, '{"a":1}')
    expect(result).toEqual({ kind: 'spooled', name: expect.any(String), dropped: 0 })
    const [name] = spoolList(real, spool)
    expect(name).toMatch(new RegExp(`^1795266212345-${process.pid}-[0-9a-f]{8}\\.json$`))
    expect(fs.readFileSync(join(spool, name ?? ''), 'utf8')).toBe('{"a":1}')
    expect(fs.statSync(join(spool, name ?? '')).mode & 0o777).toBe(0o600)
    expect(fs.statSync(spool).mode & 0o777).toBe(0o700)
    expect(everything(root)).toEqual(['.gitignore', 'spool', `spool/${name}`])
  })

  test('the order of one process is kept inside a millisecond and when the clock is set back', () => {
    for (let n = 0; n < 20; n += 1) spoolWrite(at(2_000_000_000_000 - n * 100), spool, String(n))
    expect(values()).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('names sort by time from 1970 on', () => {
    for (const now of [0, 999, 1_000_000, 1_795_266_212_345]) spoolWrite(at(now), spool, String(now))
    expect(values()).toEqual([0, 999, 1_000_000, 1_795_266_212_345])
  })

  test('an input over 16 MB is not kept', () => {
    const result = spoolWrite(real, spool, 'ä'.repeat(largestSpoolFile / 2 + 1))
    expect(result).toEqual({ kind: 'too_large', bytes: largestSpoolFile + 2 })
    expect(spoolList(real, spool)).toEqual([])
    expect(spoolWrite(real, spool, `"${'a'.repeat(largestSpoolFile - 2)}"`).kind).toBe('spooled')
  })

  test('with more than 1,000 files the oldest go, and are counted', () => {
    for (let n = 0; n < mostSpoolFiles + 2; n += 1) put(`0000000000${String(n).padStart(4, '0')}-1-a.json`, String(n))
    expect(spoolWrite(real, spool, '"new"')).toMatchObject({ dropped: 3 })
    const found = values()
    expect([found.length, found[0], found.at(-1)]).toEqual([mostSpoolFiles, 3, 'new'])
  })

  test('a spool or a memory folder that is a link is refused', () => {
    const folder = tempFolder()
    fs.mkdirSync(join(folder, 'elsewhere'))
    fs.mkdirSync(root)
    fs.symlinkSync(join(folder, 'elsewhere'), spool)
    fs.symlinkSync(join(folder, 'elsewhere'), join(folder, 'memory'))
    const refused = expect.objectContaining({ name: 'KnownError', code: 'ELINK' })
    expect(() => spoolWrite(real, spool, '1')).toThrow(refused)
    expect(() => spoolTake(real, spool)).toThrow(refused)
    expect(() => spoolWrite(real, join(folder, 'memory', 'spool'), '1')).toThrow(refused)
    expect(fs.readdirSync(join(folder, 'elsewhere'))).toEqual([])
  })
})

describe('taking in', () => {
  test('where there is no spool there is nothing', () => {
    expect(spoolTake(real, spool)).toEqual({ entries: [], broken: [], left: 0 })
    expect(spoolList(real, spool)).toEqual([])
  })

  test('taking leaves the files, removing deletes them', () => {
    spoolWrite(real, spool, '{"n":1}')
    spoolWrite(real, spool, '{"n":2}')
    const { entries } = spoolTake(real, spool)
    expect(entries.map((entry) => entry.value)).toEqual([{ n: 1 }, { n: 2 }])
    expect(spoolTake(real, spool).entries).toEqual(entries)
    const names = entries.map((entry) => entry.name)
    expect(spoolRemove(real, spool, names)).toBe(2)
    expect(spoolRemove(real, spool, names)).toBe(0)
    expect(spoolTake(real, spool).entries).toEqual([])
  })

  test('files that cannot be used are removed and named, without what they hold', () => {
    put('1-1-a.json', '{"cut": "sk-secr')
    put('2-1-a.json', '')
    put('3-1-a.json', 'x'.repeat(largestSpoolFile + 1))
    put('4-1-a.json', '[7]')
    fs.symlinkSync('4-1-a.json', join(spool, '5-1-a.json'))
    put('.6-1-a.json', 'unfinished')
    put('notes.txt', 'foreign')
    const drain = spoolTake(real, spool)
    expect(drain.entries).toMatchObject([{ name: '4-1-a.json', value: [7] }])
    expect(drain.broken.map(({ name }) => name)).toEqual(['1-1-a.json', '2-1-a.json', '3-1-a.json', '5-1-a.json'])
    expect(JSON.stringify(drain.broken)).not.toContain('sk-')
    expect(everything(spool)).toEqual(['.6-1-a.json', '4-1-a.json', 'notes.txt'])
  })

  test.each([
    ['batch-1-2.json', 'batch-1-3.json'],
    [`${promptPrefix}1-2`, `${promptPrefix}1-3`],
  ])('%s that a shell is still writing is left for the next time, one that broke off is not', (name, broken) => {
    put(name, '{"tool_calls": [{"tool_use_id": "')
    expect(spoolTake(real, spool)).toEqual({ entries: [], broken: [], left: 1 })
    put(name, '{"tool_calls": []}')
    expect(values()).toEqual([{ tool_calls: [] }])
    put(broken, '')
    const later = at(Date.now() + 11_000)
    expect(spoolTake(later, spool).broken.map((each) => each.name)).toEqual([broken])
  })

  test('prototype keys are left out', () => {
    put('1-1-a.json', '{"__proto__":{"polluted":true},"kept":1}')
    const value = spoolTake(real, spool).entries[0]?.value
    expect(Object.keys(value as object)).toEqual(['kept'])
  })

  test('of a very long text the middle is left out, and a file that breaks off in one is still broken', () => {
    const text = JSON.stringify({ output: 'a line\n'.repeat(1_000_000), kept: 'short' })
    put('1-1-a.json', text)
    put('2-1-a.json', text.slice(0, 5_000_000))
    const { entries, broken } = spoolTake(real, spool)
    expect(entries).toMatchObject([{ value: { output: expect.stringContaining('[8000000 bytes]'), kept: 'short' } }])
    expect(JSON.stringify(entries).length).toBeLessThan(100_000)
    expect(broken.map(({ name }) => name)).toEqual(['2-1-a.json'])
  })

  test('more than 16 MB waits for the next time', () => {
    const quarter = `"${'a'.repeat(drainAtMost / 4 - 2)}"`
    for (let n = 10; n < 15; n += 1) put(`${n}-1-a.json`, quarter)
    const first = spoolTake(real, spool)
    expect([first.entries.length, first.left]).toEqual([4, 1])
    spoolRemove(
      real,
      spool,
      first.entries.map((entry) => entry.name),
    )
    expect(spoolTake(real, spool).entries).toHaveLength(1)
  })
})
