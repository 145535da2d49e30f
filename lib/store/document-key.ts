import { KnownError } from '../system/known-error.ts'

const longestKey = 128
const windowsDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i
/** Names that the store itself makes beside a document; a key of that form could pass for one of them. */
const reserved = /\.lock$|\.lock\.(new|stale)\.|\.damaged\./i

/**
 * Throws unless a key may become a path: one or two segments of `[A-Za-z0-9_.-]` joined by `/`, at most 128 characters,
 * no segment that starts or ends with a dot, that names a Windows device, or that looks like one of the store's own
 * files. Session ids reach keys straight from a hook's input, so this is the wall between that input and the disk.
 *
 * @throws KnownError with code `EKEY`; its message shows at most 40 characters of the key, without control characters.
 */
export function checkKey(key: string): void {
  const segments = key.split('/')
  const fits =
    key.length <= longestKey &&
    segments.length <= 2 &&
    segments.every(
      (segment) =>
        /^[A-Za-z0-9_-]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?$/.test(segment) &&
        !segment.includes('..') &&
        !windowsDevice.test(segment) &&
        !reserved.test(segment),
    )
  if (fits) return
  const shown = key.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')
  throw new KnownError('use', JSON.stringify(shown), 'not a name for a document', 'EKEY')
}
