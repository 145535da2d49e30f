import { isRecord } from '../calls/json.ts'
import { causeLine, KnownError } from '../system/known-error.ts'
import type { DocumentKind } from './store.ts'

/**
 * Bytes. A larger document is damage when read and an error when written; the state itself is meant to stay under 20
 * kB.
 */
export const largestDocument = 4 * 1024 * 1024

/** What a document's text turned out to be. */
export type Reading<T> =
  | { readonly kind: 'missing'; readonly document: T }
  | { readonly kind: 'sound'; readonly document: T; readonly text: string }
  /** `document` is the empty one; `cause` is one line. */
  | { readonly kind: 'damaged'; readonly document: T; readonly cause: string }

/** Reads a text as a document of this kind, bringing an older version up to date; never throws. */
export function readDocument<T>(kind: DocumentKind<T>, text: string): Reading<T> {
  try {
    const tooLarge = tooLargeCause(Buffer.byteLength(text))
    if (tooLarge !== undefined) throw new Error(tooLarge)
    return { kind: 'sound', document: kind.parse(currentVersion(kind, parseJson(text))), text }
  } catch (error) {
    return { kind: 'damaged', document: kind.empty(), cause: causeLine(error) || 'it cannot be read' }
  }
}

/**
 * The text of a document: JSON, two-space indented, `version` first, one newline at the end.
 *
 * @throws KnownError with code `ETOOLARGE` above 4 MB.
 */
export function documentText<T>(kind: DocumentKind<T>, document: T): string {
  const { version: _told, ...fields } = document as Record<string, unknown>
  const numbered = kind.version === undefined ? fields : { version: kind.version, ...fields }
  const text = `${JSON.stringify(numbered, null, 2)}\n`
  const tooLarge = tooLargeCause(Buffer.byteLength(text))
  if (tooLarge !== undefined) throw new KnownError('write', kind.key, tooLarge, 'ETOOLARGE')
  return text
}

/** Undefined for a size that a document may have. */
export const tooLargeCause = (bytes: number): string | undefined =>
  bytes > largestDocument ? `${bytes} bytes are more than ${largestDocument}` : undefined

/**
 * `JSON.parse` without `__proto__` keys. As JSON they are plain properties, but the first assignment by name that
 * copies one (`copy[key] = value`) would give the copy a foreign prototype.
 *
 * @throws SyntaxError that says where, but does not quote: the text may hold secrets, and causes end up in reports.
 */
export function parseJson(text: string): unknown {
  // A reviver is slow, and only a text with the name in plain letters or with escaped ASCII can hold the key.
  const reviver = text.includes('__proto__') || text.includes('\\u00') ? withoutPrototypeKey : undefined
  try {
    return JSON.parse(text, reviver)
  } catch (error) {
    const at = /position \d+/.exec(causeLine(error))?.[0]
    throw new SyntaxError(text.trim() === '' ? 'it is empty' : `it is not JSON${at === undefined ? '' : `, at ${at}`}`)
  }
}

function currentVersion<T>(kind: DocumentKind<T>, value: unknown): unknown {
  if (!isRecord(value)) throw new Error('it is not a JSON object')
  const { version } = value
  if (kind.version === undefined || version === kind.version) return value
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0) {
    throw new Error('version: not a whole number')
  }
  if (version > kind.version)
    throw new Error(`version ${version} is newer than ${kind.version}, which this program knows`)
  if (kind.migrate === undefined)
    throw new Error(`version ${version} is older than ${kind.version} and cannot be migrated`)
  const migrated = kind.migrate(value, version)
  return isRecord(migrated) ? { ...migrated, version: kind.version } : migrated
}

const withoutPrototypeKey = (key: string, value: unknown): unknown => (key === '__proto__' ? undefined : value)
