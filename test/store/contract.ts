import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DocumentKind, Store } from '../../lib/store/store.ts'
import { enter, type Ledger, ledger, ledgerText } from './ledger.ts'

/** What the suite needs of a store under test: two views on the same documents, and the raw texts behind them. */
export interface StoreUnderTest {
  readonly store: Store
  /** Another store over the same documents, as another process would have. Waits 50 ms for a lock. */
  readonly other: Store
  put(key: string, text: string): void | Promise<void>
  text(key: string): string | undefined | Promise<string | undefined>
  /** The text behind the name that `Damage.setAsideAs` gave. */
  setAside(name: string): string | undefined | Promise<string | undefined>
  /** Locks and temporary things that exist now. */
  leftovers(): readonly string[] | Promise<readonly string[]>
  close?(): void | Promise<void>
}

/** Every promise of `Store`, for every store. */
export function storeContract(name: string, open: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  describe(`the store contract: ${name}`, () => {
    let it: StoreUnderTest
    beforeEach(async () => {
      it = await open()
    })
    afterEach(async () => {
      expect(await it.leftovers()).toEqual([])
      await it.close?.()
    })

    test('a document that is not there reads as the empty one and is not made by reading', async () => {
      expect(await it.store.read(ledger())).toEqual({ document: { entries: [] } })
      expect(await it.text('ledger')).toBeUndefined()
    })

    test('an update is seen by every later read', async () => {
      expect(await it.store.update(ledger(), enter('a'))).toEqual({ kind: 'written', document: { entries: ['a'] } })
      expect(await it.other.read(ledger())).toEqual({ document: { entries: ['a'] } })
    })

    test('the saved text: two-space indented, version first, a newline at the end', async () => {
      await it.store.update(ledger(), enter('a'))
      expect(await it.text('ledger')).toBe('{\n  "version": 2,\n  "entries": [\n    "a"\n  ]\n}\n')
    })

    test('a document that brings its own version is saved with that of its kind', async () => {
      await it.store.update(ledger(), () => ({ entries: ['a'], version: 99 }) as Ledger)
      expect(await it.text('ledger')).toBe(ledgerText(['a']))
    })

    test('the very same object is not written, nor is one with the same text', async () => {
      expect((await it.store.update(ledger(), (document) => document)).kind).toBe('unchanged')
      expect(await it.text('ledger')).toBeUndefined()
      await it.store.update(ledger(), enter('a'))
      const same = await it.store.update(ledger(), (document) => ({ ...document }))
      expect(same).toEqual({ kind: 'unchanged', document: { entries: ['a'] } })
    })

    test('keys with one folder are documents of their own', async () => {
      await it.store.update(ledger('folder/one'), enter('1'))
      await it.store.update(ledger('folder/two'), enter('2'))
      await it.store.update(ledger('one'), enter('3'))
      expect((await it.other.read(ledger('folder/one'))).document.entries).toEqual(['1'])
      expect((await it.other.read(ledger('folder/two'))).document.entries).toEqual(['2'])
      expect((await it.other.read(ledger('one'))).document.entries).toEqual(['3'])
    })

    test.each([
      ['climbs', '../ledger'],
      ['climbs inside', 'a/../b'],
      ['two slashes', 'a/b/c'],
      ['absolute', '/etc/passwd'],
      ['leading dot', '.ledger'],
      ['leading dot below', 'a/.b'],
      ['trailing dot', 'ledger.'],
      ['two dots in a row', 'a..b'],
      ['empty', ''],
      ['empty segment', 'a/'],
      ['a Windows device', 'CON'],
      ['a Windows device with an ending', 'sessions/nul.x'],
      ['a backslash', 'a\\b'],
      ['a blank', 'a b'],
      ['a newline', 'a\n'],
      ['a NUL', 'a\0b'],
      ['an umlaut', 'ä'],
      ['too long', 'a'.repeat(129)],
      ['ten thousand characters', 'a'.repeat(10_000)],
      ['a lock of ours', 'ledger.json.lock'],
      ['a copy set aside', 'ledger.damaged.x'],
    ])('a key that may not become a path throws: %s', async (_why, key) => {
      const refused = { name: 'KnownError', code: 'EKEY' }
      await expect(it.store.read(ledger(key))).rejects.toMatchObject(refused)
      await expect(it.store.update(ledger(key), enter('x'))).rejects.toMatchObject(refused)
      await expect(it.store.remove(ledger(key))).rejects.toMatchObject(refused)
    })

    test('a key of 128 characters and every allowed kind is fine', async () => {
      const key = `Sessions_1-2.3/${'a'.repeat(113)}`
      expect(key).toHaveLength(128)
      expect((await it.store.update(ledger(key), enter('x'))).kind).toBe('written')
    })

    const damages: [string, string, RegExp][] = [
      ['empty', '', /empty/],
      ['cut', ledgerText(['a']).slice(0, 20), /not JSON/],
      ['flipped', ledgerText(['a']).replace('{', '\u0001'), /not JSON/],
      ['not an object', '[1]', /not a JSON object/],
      ['null', 'null', /not a JSON object/],
      ['no version', '{"entries":[]}', /version/],
      ['a version that is a text', '{"version":"2","entries":[]}', /version/],
      ['a newer version', ledgerText(['a'], 3), /version 3 is newer/],
      ['an older version that cannot be migrated', ledgerText(['a'], 0), /version 0 was never used/],
      ['a wrong shape', '{"version":2,"entries":7}', /entries: must be a list/],
      ['nested without end', '['.repeat(100_000), /not JSON|cannot be read|call stack/],
      ['too large', ledgerText(['a'.repeat(4 * 1024 * 1024)]), /bytes are more than/],
    ]
    test.each(damages)(
      'damage: %s. Read tells and leaves it; update sets it aside, tells once, goes on',
      async (_what, text, cause) => {
        await it.put('ledger', text)
        for (let time = 0; time < 2; time += 1) {
          const { document, damage } = await it.store.read(ledger())
          expect(document).toEqual({ entries: [] })
          expect(damage).toEqual({ key: 'ledger', cause: expect.stringMatching(cause) })
        }
        expect(await it.text('ledger')).toBe(text)
        const result = await it.store.update(ledger(), enter('fresh'))
        expect(result).toMatchObject({ kind: 'written', document: { entries: ['fresh'] }, damage: { key: 'ledger' } })
        const name = result.kind === 'written' ? result.damage?.setAsideAs : undefined
        expect(name).toMatch(/ledger\.damaged\.\d{8}T\d{6}Z\.[0-9a-f]{8}/)
        expect((await it.setAside(name ?? '')) === text).toBe(true)
        expect(await it.other.read(ledger())).toEqual({ document: { entries: ['fresh'] } })
        expect(await it.store.update(ledger(), enter('next'))).not.toHaveProperty('damage')
      },
    )

    test('damage is replaced even where there is nothing to change', async () => {
      await it.put('ledger', 'x')
      expect(await it.store.update(ledger(), (document) => document)).toMatchObject({ kind: 'written', damage: {} })
      expect(await it.text('ledger')).toBe(ledgerText([]))
    })

    test('what is told of damage does not quote the document', async () => {
      await it.put('ledger', 'token=sk-secret')
      expect((await it.store.read(ledger())).damage?.cause).not.toContain('secret')
    })

    test('an older version is migrated on read and saved by the next update that changes something', async () => {
      const old = '{"version":1,"lines":"a,b"}'
      await it.put('ledger', old)
      expect(await it.store.read(ledger())).toEqual({ document: { entries: ['a', 'b'] } })
      expect(await it.text('ledger')).toBe(old)
      await it.store.update(ledger(), enter('c'))
      expect(await it.text('ledger')).toBe(ledgerText(['a', 'b', 'c']))
    })

    test('prototype keys in a saved document are harmless', async () => {
      const kind: DocumentKind<Record<string, unknown>> = {
        key: 'ledger',
        version: 1,
        empty: () => ({}),
        parse: (value) => Object.assign({}, value) as Record<string, unknown>,
      }
      for (const name of ['__proto__', '\\u005f_proto__', '__pr\\u006Fto__']) {
        await it.put(
          'ledger',
          `{"version":1,"${name}":{"polluted":true},"inner":{"${name}":{"polluted":true}},"kept":1}`,
        )
        const { document } = await it.store.read(kind)
        expect(document['polluted']).toBeUndefined()
        expect((document['inner'] as Record<string, unknown>)['polluted']).toBeUndefined()
        expect(Object.keys(document['inner'] as object)).toEqual([])
        expect(document['kept']).toBe(1)
        expect({}).not.toHaveProperty('polluted')
      }
    })

    test('a document that was handed out cannot be used to change the saved one', async () => {
      const entries = ['a']
      const written = await it.store.update(ledger(), () => ({ entries }))
      entries.push('later')
      if (written.kind === 'written') (written.document.entries as string[]).push('later still')
      const { document } = await it.store.read(ledger())
      ;(document.entries as string[]).push('by a reader')
      expect((await it.store.read(ledger())).document.entries).toEqual(['a'])
    })

    test('updates at the same time all happen, one after the other', async () => {
      const stores = [it.store, it.store]
      const updates = Array.from({ length: 40 }, (_, n) =>
        stores[n % 2]?.update(ledger(), async (document) => {
          await Promise.resolve()
          return enter(String(n))(document)
        }),
      )
      const results = await Promise.all(updates)
      const done = results.filter((result) => result?.kind === 'written').length
      const { entries } = (await it.store.read(ledger())).document
      expect(new Set(entries).size).toBe(done)
      expect(entries).toHaveLength(done)
    })

    test('a lock that is not to be had in time: busy, nothing changed; reading goes on', async () => {
      let during: unknown
      await it.store.update(ledger(), enter('before'))
      await it.store.update(ledger(), async (document) => {
        during = await it.other.update(ledger(), enter('other'))
        expect((await it.other.read(ledger())).document.entries).toEqual(['before'])
        return enter('after')(document)
      })
      expect(during).toEqual({ kind: 'busy', waitedMilliseconds: expect.any(Number) })
      expect((during as { waitedMilliseconds: number }).waitedMilliseconds).toBeGreaterThanOrEqual(50)
      expect((await it.store.read(ledger())).document.entries).toEqual(['before', 'after'])
    })

    test('a change may update another document', async () => {
      await it.store.update(ledger('outer'), async (outer) => {
        await it.store.update(ledger('inner'), enter('i'))
        return enter('o')(outer)
      })
      expect((await it.store.read(ledger('inner'))).document.entries).toEqual(['i'])
      expect((await it.store.read(ledger('outer'))).document.entries).toEqual(['o'])
    })

    test('a change that throws: its error is passed on, nothing is written, the lock is free, damage is left alone', async () => {
      await it.put('ledger', 'damaged')
      const error = new Error('no')
      const failing = it.store.update(ledger(), () => {
        throw error
      })
      await expect(failing).rejects.toBe(error)
      expect(await it.text('ledger')).toBe('damaged')
      expect((await it.other.update(ledger(), enter('a'))).kind).toBe('written')
    })

    test('a document that would be over 4 MB is refused and the old one stays', async () => {
      await it.store.update(ledger(), enter('a'))
      const tooLarge = it.store.update(ledger(), enter('x'.repeat(4 * 1024 * 1024)))
      await expect(tooLarge).rejects.toMatchObject({ name: 'KnownError', code: 'ETOOLARGE' })
      expect(await it.text('ledger')).toBe(ledgerText(['a']))
    })

    test('remove deletes a document, and is content where there is none', async () => {
      await it.store.update(ledger(), enter('a'))
      await it.other.remove(ledger())
      await it.other.remove(ledger())
      await it.other.remove(ledger('never/was'))
      expect(await it.store.read(ledger())).toEqual({ document: { entries: [] } })
    })
  })
}
