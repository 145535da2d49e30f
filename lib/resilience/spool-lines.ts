import { errorCode } from '../system/known-error.ts'
import type { ByteSource, Streams } from '../system/streams.ts'
import type { Segment } from './spool-files.ts'
import { gapsIn, type Ranges } from './spool-ranges.ts'

/** One line of a segment. Line breaks in front of it belong to it, so lines touch. */
export interface SpoolLine {
  /** Of its segment. */
  readonly head: string
  /** Bytes from the start of the segment; the line break at its end included. */
  readonly start: number
  readonly end: number
  readonly text: string
}

const pieceBytes = 256 * 1024
const lineBreak = 10

/**
 * Whole lines that are not settled, oldest first; what has no line break at its end is being written, or never will be.
 *
 * @param settled of a segment.
 * @param from bytes of a segment that are to be passed over.
 */
export function* waitingLines(
  streams: Streams,
  segments: readonly Segment[],
  settled: (head: string) => Ranges,
  from: (head: string) => number = () => 0,
): Generator<SpoolLine> {
  for (const { path, head, size } of segments) {
    const gaps = head === '' ? [] : gapsIn(settled(head), from(head), size)
    if (gaps.length === 0) continue
    const source = opened(streams, path)
    if (source === undefined) continue
    try {
      for (const [start, end] of gaps) yield* linesBetween(source, head, start, end)
    } finally {
      source.close()
    }
  }
}

function* linesBetween(source: ByteSource, head: string, from: number, to: number): Generator<SpoolLine> {
  let rest = Buffer.alloc(0)
  let start = from
  for (let at = from; at < to; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, to - at))
    const got = source.read(piece, at)
    if (got === 0) return
    at += got
    rest = Buffer.concat([rest, piece.subarray(0, got)])
    let used = 0
    let textFrom = 0
    for (let end = rest.indexOf(lineBreak); end >= 0; end = rest.indexOf(lineBreak, textFrom)) {
      const text = rest.toString('utf8', textFrom, end)
      textFrom = end + 1
      if (text === '') continue
      yield { head, start: start + used, end: start + textFrom, text }
      used = textFrom
    }
    start += used
    rest = rest.subarray(used)
  }
}

/** Undefined for one that is gone since it was listed: all of it was settled. */
function opened(streams: Streams, path: string): ByteSource | undefined {
  try {
    return streams.openSource(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
