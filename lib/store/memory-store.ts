import type { System } from '../system/system.ts'
import { checkKey } from './document-key.ts'
import { documentText, type Reading, readDocument } from './document-text.ts'
import type { Damage, DocumentKind, Store } from './store.ts'

export interface MemoryStoreOptions {
  /** The longest wait for a lock, milliseconds; 500 by default. */
  readonly waitMilliseconds?: number
  /** The documents' texts by key. Several stores over one map act like several processes over one folder. */
  readonly shelf?: MemoryShelf
}

/** What a folder is to the file store. A text that is set aside goes on under a new key. */
export interface MemoryShelf {
  readonly texts: Map<string, string>
  readonly locked: Set<string>
}

export const memoryShelf = (): MemoryShelf => ({ texts: new Map(), locked: new Set() })

/**
 * Documents in memory, for tests and replay: the contract of the file store without a disk. Documents are kept as text,
 * so that nobody can change a saved one through an object that was handed out. Throws `KnownError`s with `EKEY` and
 * `ETOOLARGE`.
 */
export function memoryStore(
  system: Pick<System, 'clock' | 'sleep' | 'token'>,
  options: MemoryStoreOptions = {},
): Store & { readonly shelf: MemoryShelf } {
  const shelf = options.shelf ?? memoryShelf()
  const waitMilliseconds = options.waitMilliseconds ?? 500

  const load = <T>(kind: DocumentKind<T>): Reading<T> => {
    const text = shelf.texts.get(kind.key)
    return text === undefined ? { kind: 'missing', document: kind.empty() } : readDocument(kind, text)
  }

  /** Gives back how long it waited; undefined once the budget is used up. */
  const take = async (key: string): Promise<{ readonly held: boolean; readonly waited: number }> => {
    let waited = 0
    while (shelf.locked.has(key)) {
      if (waited >= waitMilliseconds) return { held: false, waited }
      await system.sleep(1)
      waited += 1
    }
    shelf.locked.add(key)
    return { held: true, waited }
  }

  const setAside = (key: string): string => {
    const at = new Date(system.clock()).toISOString().replace(/[-:]|\.\d+/g, '')
    const name = `${key}.damaged.${at}.${system.token()}`
    shelf.texts.set(name, shelf.texts.get(key) ?? '')
    return name
  }

  return {
    shelf,

    async read(kind) {
      checkKey(kind.key)
      const found = load(kind)
      if (found.kind !== 'damaged') return { document: found.document }
      return { document: found.document, damage: { key: kind.key, cause: found.cause } }
    },

    async update(kind, change) {
      checkKey(kind.key)
      const { held, waited } = await take(kind.key)
      if (!held) return { kind: 'busy', waitedMilliseconds: waited }
      try {
        const before = load(kind)
        const document = await change(before.document, system.clock())
        if (before.kind !== 'damaged' && document === before.document) return { kind: 'unchanged', document }
        const text = documentText(kind, document)
        if (before.kind === 'sound' && before.text === text) return { kind: 'unchanged', document }
        const told: { damage?: Damage } = {}
        if (before.kind === 'damaged') {
          told.damage = { key: kind.key, cause: before.cause, setAsideAs: setAside(kind.key) }
        }
        shelf.texts.set(kind.key, text)
        return { kind: 'written', document, ...told }
      } finally {
        shelf.locked.delete(kind.key)
      }
    },

    async remove(kind) {
      checkKey(kind.key)
      shelf.texts.delete(kind.key)
    },
  }
}
