import type { DocumentKind } from '../../lib/store/store.ts'

/** The document of these tests: who wrote what, in the order of the commits. */
export interface Ledger {
  readonly entries: readonly string[]
}

export function ledger(key = 'ledger', version = 2): DocumentKind<Ledger> {
  return {
    key,
    version,
    empty: () => ({ entries: [] }),
    parse(value) {
      const { entries } = value as { entries?: unknown }
      if (!Array.isArray(entries) || entries.some((entry) => typeof entry !== 'string')) {
        throw new Error('entries: must be a list of strings')
      }
      return { entries }
    },
    migrate(value, from) {
      if (from !== 1) throw new Error(`version ${from} was never used`)
      return { entries: (value as { lines: string }).lines.split(',') }
    },
  }
}

/** The change of these tests. */
export const enter =
  (entry: string) =>
  (document: Ledger): Ledger => ({ entries: [...document.entries, entry] })

export const ledgerText = (entries: readonly string[], version = 2): string =>
  `${JSON.stringify({ version, entries }, null, 2)}\n`
