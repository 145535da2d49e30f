import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileStore } from '../../lib/store/file-store.ts'
import { sweepLeftovers } from '../../lib/store/leftovers.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { storeContract } from './contract.ts'
import { enter, ledger, ledgerText } from './ledger.ts'
import { everything, leftoversIn, tempFolder } from './temp-folder.ts'

const real = nodeSystem()
const later = (milliseconds: number): System => ({ ...real, clock: () => Date.now() + milliseconds })
const mode = (path: string): number => fs.lstatSync(path).mode & 0o777

storeContract('files', () => {
  const root = join(tempFolder(), 'memory')
  return {
    store: fileStore(real, root),
    other: fileStore(real, root, { waitMilliseconds: 50 }),
    put(key, text) {
      fs.mkdirSync(root, { recursive: true })
      fs.writeFileSync(join(root, `${key}.json`), text)
    },
    text: (key) =>
      fs.existsSync(join(root, `${key}.json`)) ? fs.readFileSync(join(root, `${key}.json`), 'utf8') : undefined,
    setAside: (name) => fs.readFileSync(name, 'utf8'),
    leftovers: () => (fs.existsSync(root) ? leftoversIn(root) : []),
  }
})

describe('the folder', () => {
  test('reading makes nothing', async () => {
    const root = join(tempFolder(), 'memory')
    await fileStore(real, root).read(ledger('sessions/a'))
    expect(fs.existsSync(root)).toBe(false)
  })

  test('the first update makes it, with a .gitignore; all of it for the owner only, whatever the umask', async () => {
    for (const umask of [0o000, 0o022, 0o777]) {
      const project = tempFolder()
      const before = process.umask(umask)
      try {
        await fileStore(real, join(project, '.claude', 'memory')).update(ledger('sessions/a'), enter('x'))
      } finally {
        process.umask(before)
      }
      expect(everything(project).map((path) => [path, mode(join(project, path))])).toEqual([
        ['.claude', 0o700],
        ['.claude/memory', 0o700],
        ['.claude/memory/.gitignore', 0o600],
        ['.claude/memory/sessions', 0o700],
        ['.claude/memory/sessions/a.json', 0o600],
      ])
      expect(fs.readFileSync(join(project, '.claude/memory/.gitignore'), 'utf8')).toBe('*\n')
    }
  })

  test('a .gitignore that is there stays as it is', async () => {
    const root = tempFolder()
    fs.writeFileSync(join(root, '.gitignore'), 'mine\n')
    await fileStore(real, root).update(ledger(), enter('x'))
    expect(fs.readFileSync(join(root, '.gitignore'), 'utf8')).toBe('mine\n')
  })

  test('a folder that vanishes in the middle of an update is made again', async () => {
    const root = join(tempFolder(), 'memory')
    let calls = 0
    const result = await fileStore(real, root).update(ledger(), (document) => {
      calls += 1
      if (calls === 1) fs.rmSync(root, { recursive: true })
      return enter('x')(document)
    })
    expect([result.kind, calls, fs.readFileSync(join(root, 'ledger.json'), 'utf8')]).toEqual([
      'written',
      2,
      ledgerText(['x']),
    ])
  })
})

describe('links and other things in the way', () => {
  test('a root that is a link is refused, and where it leads stays untouched', async () => {
    const folder = tempFolder()
    fs.mkdirSync(join(folder, 'elsewhere'))
    fs.symlinkSync('elsewhere', join(folder, 'memory'))
    const store = fileStore(real, join(folder, 'memory'))
    const refused = { name: 'KnownError', code: 'ELINK', path: join(folder, 'memory') }
    await expect(store.read(ledger())).rejects.toMatchObject(refused)
    await expect(store.update(ledger(), enter('x'))).rejects.toMatchObject(refused)
    await expect(store.remove(ledger())).rejects.toMatchObject(refused)
    expect(() => sweepLeftovers(real, join(folder, 'memory'))).toThrow(expect.objectContaining(refused))
    expect(fs.readdirSync(join(folder, 'elsewhere'))).toEqual([])
  })

  test('so is a dangling one, a file, and a link in place of a folder below', async () => {
    const folder = tempFolder()
    fs.symlinkSync('nowhere', join(folder, 'dangling'))
    await expect(fileStore(real, join(folder, 'dangling')).update(ledger(), enter('x'))).rejects.toMatchObject({
      code: 'ELINK',
    })
    fs.writeFileSync(join(folder, 'file'), '')
    await expect(fileStore(real, join(folder, 'file')).update(ledger(), enter('x'))).rejects.toMatchObject({
      code: 'ENOTDIR',
    })
    fs.mkdirSync(join(folder, 'elsewhere'))
    fs.mkdirSync(join(folder, 'memory'))
    fs.symlinkSync('../elsewhere', join(folder, 'memory', 'sessions'))
    const store = fileStore(real, join(folder, 'memory'))
    await expect(store.read(ledger('sessions/a'))).rejects.toMatchObject({ code: 'ELINK' })
    await expect(store.update(ledger('sessions/a'), enter('x'))).rejects.toMatchObject({ code: 'ELINK' })
    expect(fs.readdirSync(join(folder, 'elsewhere'))).toEqual([])
  })

  const intruders: [string, (path: string, folder: string) => void, RegExp][] = [
    [
      'a link to a good document',
      (path, folder) => fs.symlinkSync(join(folder, 'elsewhere.json'), path),
      /it is a link/,
    ],
    ['a dangling link', (path, folder) => fs.symlinkSync(join(folder, 'nowhere'), path), /it is a link/],
    ['an empty folder', (path) => fs.mkdirSync(path), /it is a folder/],
    [
      'a folder with something in it',
      (path) => fs.mkdirSync(join(path, 'deep'), { recursive: true }),
      /it is a folder/,
    ],
    ['a FIFO', (path) => void execFileSync('mkfifo', [path]), /not a regular file/],
  ]
  test.each(intruders)(
    'in place of a document: %s is set aside, and where it leads stays untouched',
    async (_what, put, cause) => {
      const folder = tempFolder()
      const root = join(folder, 'memory')
      const path = join(root, 'ledger.json')
      fs.mkdirSync(root)
      fs.writeFileSync(join(folder, 'elsewhere.json'), ledgerText(['foreign']))
      put(path, folder)
      const identity = real.files.facts(path)?.identity
      const store = fileStore(real, root)
      expect(await store.read(ledger())).toEqual({
        document: { entries: [] },
        damage: { key: 'ledger', cause: expect.stringMatching(cause) },
      })
      const result = await store.update(ledger(), enter('x'))
      const aside = result.kind === 'written' ? (result.damage?.setAsideAs ?? '') : ''
      expect(real.files.facts(aside)?.identity).toBe(identity)
      expect((await store.read(ledger())).document.entries).toEqual(['x'])
      expect(fs.readFileSync(join(folder, 'elsewhere.json'), 'utf8')).toBe(ledgerText(['foreign']))
      expect(leftoversIn(root)).toEqual([])
    },
  )

  test.each([
    ['a link', (path: string, folder: string) => fs.symlinkSync(join(folder, 'elsewhere'), path)],
    ['a file', (path: string) => fs.writeFileSync(path, 'x')],
    ['an empty folder', (path: string) => fs.mkdirSync(path)],
  ])('in place of a lock: %s is no lock', async (_what, put) => {
    const folder = tempFolder()
    fs.mkdirSync(join(folder, 'memory'))
    fs.mkdirSync(join(folder, 'elsewhere'))
    put(join(folder, 'memory', 'ledger.json.lock'), folder)
    expect((await fileStore(real, join(folder, 'memory')).update(ledger(), enter('x'))).kind).toBe('written')
    expect(leftoversIn(join(folder, 'memory'))).toEqual([])
    expect(fs.existsSync(join(folder, 'elsewhere'))).toBe(true)
  })

  test('remove sets a folder in place of a document aside and deletes a link itself only', async () => {
    const root = tempFolder()
    fs.mkdirSync(join(root, 'ledger.json', 'deep'), { recursive: true })
    await fileStore(real, root).remove(ledger())
    expect(everything(root).filter((path) => path.endsWith('deep'))).toHaveLength(1)
    expect(fs.existsSync(join(root, 'ledger.json'))).toBe(false)
  })
})

test('who promises to change none of them is given the same document again, until its text is another', async () => {
  const root = join(tempFolder(), 'memory')
  const [store, other] = [fileStore(real, root, { reuse: true }), fileStore(real, root)]
  await other.update(ledger(), enter('x'))
  const { document } = await store.read(ledger())
  expect((await store.read(ledger())).document).toBe(document)
  await store.update(ledger(), (given) => {
    expect(given).toBe(document)
    return given
  })
  await other.update(ledger(), enter('y'))
  expect((await store.read(ledger())).document.entries).toEqual(['x', 'y'])
})

describe('locks of dead and suspended holders', () => {
  /** A lock as a process leaves it that was killed in the middle. */
  function abandonedLock(root: string, taken?: string): string {
    const claim = join(root, 'ledger.json.lock', '4711.00c0ffee')
    fs.mkdirSync(claim, { recursive: true })
    fs.writeFileSync(join(claim, 'next'), 'half a docu')
    if (taken !== undefined) fs.writeFileSync(join(claim, 'taken'), taken)
    return join(root, 'ledger.json.lock')
  }

  test('a lock younger than two seconds is respected', async () => {
    const root = tempFolder()
    abandonedLock(root)
    const result = await fileStore(real, root, { waitMilliseconds: 20 }).update(ledger(), enter('x'))
    expect(result).toMatchObject({ kind: 'busy' })
    expect(fs.existsSync(join(root, 'ledger.json.lock', '4711.00c0ffee', 'next'))).toBe(true)
    expect(everything(root).filter((path) => path.includes('.new.'))).toEqual([])
  })

  test.each([
    ['older than two seconds', 2500],
    ['older than years', 5 * 365 * 86_400_000],
    ['in the future', -2500],
    ['years in the future', -5 * 365 * 86_400_000],
  ])('one that is %s by our clock is taken over at once', async (_what, age) => {
    const root = tempFolder()
    abandonedLock(root)
    const result = await fileStore(later(age), root, { waitMilliseconds: 0 }).update(ledger(), enter('x'))
    expect(result.kind).toBe('written')
    expect(leftoversIn(root)).toEqual([])
  })

  test('a document that the dead holder was setting aside is brought out, and told once', async () => {
    const root = tempFolder()
    abandonedLock(root, 'damaged bytes')
    const store = fileStore(later(3000), root)
    const result = await store.update(ledger(), enter('x'))
    expect(result).toMatchObject({ kind: 'written', damage: { key: 'ledger', cause: /ended before it could tell/ } })
    const aside = result.kind === 'written' ? (result.damage?.setAsideAs ?? '') : ''
    expect(fs.readFileSync(aside, 'utf8')).toBe('damaged bytes')
    expect(await store.update(ledger(), enter('y'))).not.toHaveProperty('damage')
    expect(leftoversIn(root)).toEqual([])
  })

  test('a holder that was taken over while it worked starts over and overwrites nothing', async () => {
    const root = tempFolder()
    let calls = 0
    const slow = await fileStore(real, root).update(ledger(), async (document) => {
      calls += 1
      if (calls === 1) await fileStore(later(3000), root).update(ledger(), enter('fast'))
      return enter('slow')(document)
    })
    expect([slow.kind, calls]).toEqual(['written', 2])
    expect((await fileStore(real, root).read(ledger())).document.entries).toEqual(['fast', 'slow'])
    expect(leftoversIn(root)).toEqual([])
  })

  test('one that is taken over again and again ends with busy', async () => {
    const root = tempFolder()
    let calls = 0
    const slow = await fileStore(real, root).update(ledger(), async (document) => {
      calls += 1
      await fileStore(later(3000), root).update(ledger(), enter(`fast ${calls}`))
      return enter('slow')(document)
    })
    expect(slow.kind).toBe('busy')
    expect((await fileStore(real, root).read(ledger())).document.entries).toHaveLength(calls)
    expect(leftoversIn(root)).toEqual([])
  })

  test('the wait is bounded when the clock runs backwards', async () => {
    const root = tempFolder()
    abandonedLock(root)
    let now = Date.now()
    const backwards: System = { ...real, clock: () => (now -= 1) }
    const result = await fileStore(backwards, root, { waitMilliseconds: 100 }).update(ledger(), enter('x'))
    expect(result.kind).toBe('busy')
  })
})

describe('the sweep', () => {
  test('deletes what is older than a minute and leaves everything else', () => {
    const root = tempFolder()
    const claims = [
      'ledger.json.lock/1.00000001',
      'ledger.json.lock.new.1.00000002/1.00000002',
      'sessions/a.json.lock.stale.1.00000003/1.00000004',
    ]
    for (const claim of claims) fs.mkdirSync(join(root, claim), { recursive: true })
    fs.writeFileSync(join(root, claims[2] ?? '', 'taken'), 'damaged bytes')
    fs.mkdirSync(join(root, 'spool'))
    fs.writeFileSync(join(root, 'spool', '.1795266212000-1-00000005.json'), '{}')
    fs.writeFileSync(join(root, 'spool', '.hidden'), '')
    fs.writeFileSync(join(root, 'ledger.json'), ledgerText([]))
    fs.mkdirSync(join(root, 'elsewhere.lock'))
    const before = everything(root)
    expect(sweepLeftovers(later(50_000), root)).toEqual({ removed: 0, rescued: [] })
    expect(everything(root)).toEqual(before)
    const sweep = sweepLeftovers(later(70_000), root)
    expect(sweep).toEqual({ removed: 4, rescued: [expect.stringMatching(/sessions\/a\.damaged\./)] })
    expect(everything(root).filter((path) => !path.includes('.damaged.'))).toEqual([
      'elsewhere.lock',
      'ledger.json',
      'sessions',
      'spool',
      'spool/.hidden',
    ])
    expect(fs.readFileSync(sweep.rescued[0] ?? '', 'utf8')).toBe('damaged bytes')
  })

  test('does nothing where there is no folder, and never goes through a link', () => {
    const folder = tempFolder()
    expect(sweepLeftovers(real, join(folder, 'missing'))).toEqual({ removed: 0, rescued: [] })
    fs.mkdirSync(join(folder, 'elsewhere', 'a.json.lock'), { recursive: true })
    fs.mkdirSync(join(folder, 'memory'))
    fs.symlinkSync('../elsewhere', join(folder, 'memory', 'sessions'))
    expect(sweepLeftovers(later(70_000), join(folder, 'memory')).removed).toBe(0)
    expect(fs.existsSync(join(folder, 'elsewhere', 'a.json.lock'))).toBe(true)
  })
})

test('the message of a refusing disk is one line with path and cause', async () => {
  const root = tempFolder()
  const full = Object.assign(new Error("ENOSPC: no space left on device, open '/x/y'"), { code: 'ENOSPC' })
  const system: System = {
    ...real,
    files: {
      ...real.files,
      create(path, content, options) {
        if (path.endsWith('/next')) throw full
        real.files.create(path, content, options)
      },
    },
  }
  await expect(fileStore(system, root).update(ledger(), enter('x'))).rejects.toMatchObject({
    code: 'ENOSPC',
    message: `cannot write ${join(root, 'ledger.json')}: ENOSPC: no space left on device`,
    cause: full,
  })
  expect(leftoversIn(root)).toEqual([])
})
