import { join } from 'node:path'
import { isRecord } from '../calls/json.ts'
import type { DocumentKind } from '../store/store.ts'
import { ownFileNames } from './own-file-names.ts'
import type { Project } from './project.ts'

/** What of our protection was there at the last look, one line each; made by `inventory.ts`. */
export interface Seen {
  readonly version: 1
  /**
   * `config <field>=<value>` for what differs from the defaults, `config file`, `hook <file> <SHA-256>`,
   * `entry <event> <file>`, `rule <deny rule>`.
   */
  readonly facts: readonly string[]
  /** The hook files that these hashes are of, by name, identity and time of change: what is still the same is not read again. */
  readonly files?: readonly string[]
}

export const seenKind: DocumentKind<Seen> = {
  key: 'circuit_breaker_seen',
  version: 1,
  empty: () => ({ version: 1, facts: [] }),
  parse(value) {
    const { facts, files = [] } = isRecord(value) ? (value as { facts?: unknown; files?: unknown }) : {}
    if (isTexts(facts) && isTexts(files)) return { version: 1, facts, files }
    throw new Error('facts: not a list of texts')
  },
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string')

export const hasList = ({ system, paths }: Project): boolean =>
  system.files.facts(join(paths.memory, `${seenKind.key}.json`)) !== undefined

/** Names of our hook files in the project; none where it is guarded from the user's own folder, or not at all. */
export function ownHooks({ system: { files }, paths }: Project): readonly string[] {
  const folder = join(paths.project, '.claude', 'hooks')
  if (files.facts(folder)?.kind !== 'folder') return []
  return files.list(folder).filter((name) => ownFileNames.some((beginning) => name.startsWith(beginning)))
}
