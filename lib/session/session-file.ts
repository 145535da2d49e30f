import { hash } from '../calls/hash.ts'

/** A file name for an id that comes from input: plain ids as they are, anything else by its hash. */
export function sessionFileName(session: string): string {
  const plain = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(session) && !/^(con|prn|aux|nul|com\d|lpt\d)$/i.test(session)
  return plain ? session : `id-${hash(session)}`
}
