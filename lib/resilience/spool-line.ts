import { anything, object, oneOf, text, time } from '../schema/schema.ts'
import { parseJson } from '../store/document-text.ts'
import { KnownError } from '../system/known-error.ts'
import type { ServiceEvent } from './contracts.ts'

/** Bytes; a longer line is not taken. */
export const longestLine = 1024 * 1024
/** Of a key, characters. */
const longestKey = 500

const printable = /^[\x21-\x7e]{1,100}$/

const schema = object({
  line: text(),
  added: time(),
  event: object({
    id: text(1, 100),
    key: text(0, longestKey),
    at: text(),
    route: oneOf('patterns', 'alerts'),
    kind: text(),
    body: anything(),
  }),
})

/** An event as it stands in the spool. */
export interface SpooledEvent {
  /** By the clock of whoever added it, milliseconds since 1970. */
  readonly added: number
  readonly event: ServiceEvent
}

/**
 * What is appended for one event. The token comes first, so that no two segments begin alike. The line break in front ends what
 * a killed writer left: it costs a byte and saves every writer a read.
 *
 * @param line a token that is used once.
 * @throws KnownError with `EKEY` for an event that the contract does not allow, `ETOOLARGE` for one that is too long.
 */
export function eventLine(event: ServiceEvent, added: number, line: string): string {
  const { id, key, at, route, kind, body = null } = event
  if (!printable.test(id))
    throw new KnownError('add', 'the event', 'its id is not 1 to 100 printable characters', 'EKEY')
  if (key.length > longestKey) throw new KnownError('add', id, `its key has more than ${longestKey} characters`, 'EKEY')
  const spooled = { line, added: new Date(added).toISOString(), event: { id, key, at, route, kind, body } }
  const written = `\n${JSON.stringify(spooled)}\n`
  const bytes = Buffer.byteLength(written)
  if (bytes > longestLine) throw new KnownError('add', id, `${bytes} bytes are more than ${longestLine}`, 'ETOOLARGE')
  return written
}

/** Undefined for a line that is no event: half a line that a killed writer left. */
export function readEventLine(line: string): SpooledEvent | undefined {
  try {
    const { added, event } = schema.parse(parseJson(line))
    return { added: Date.parse(added), event }
  } catch {
    return undefined
  }
}
