import type { Segment } from './spool-files.ts'
import { readEventLine } from './spool-line.ts'
import type { SpoolLine } from './spool-lines.ts'
import type { Settled } from './spool-position.ts'

export interface SpoolLimits {
  /** Bytes on disk; 50 MB by default. */
  readonly maxBytes: number
  /** 7 by default. */
  readonly maxAgeDays: number
}

export const usualSpoolLimits: SpoolLimits = { maxBytes: 50 * 1024 * 1024, maxAgeDays: 7 }

const day = 24 * 3600 * 1000

/** Bytes at which the open segment is closed: what is dropped or handed over leaves the disk segment by segment. */
export const segmentBytes = ({ maxBytes }: SpoolLimits): number =>
  Math.max(4096, Math.min(1024 * 1024, Math.floor(maxBytes / 10)))

/**
 * What has to go: events that have waited too long, and the oldest events while the segments that hold any are too large
 * together. Half lines that are met on the way are settled too.
 *
 * @param waiting lines that are not settled, oldest first.
 * @param segments those that hold any of them, oldest first.
 * @param now milliseconds since 1970.
 */
export function overLimits(
  { maxBytes, maxAgeDays }: SpoolLimits,
  waiting: Iterable<SpoolLine>,
  segments: readonly Segment[],
  now: number,
): Settled[] {
  const settled: Settled[] = []
  const startOf = new Map<string, number>()
  let bytes = 0
  for (const { head, size } of segments) {
    startOf.set(head, bytes)
    bytes += size
  }
  const surplus = bytes - maxBytes
  for (const { head, start, end, text } of waiting) {
    const spooled = readEventLine(text)
    // Its place among all bytes on disk: those in front of it are settled or go as well.
    const place = (startOf.get(head) ?? 0) + start
    if (spooled === undefined) settled.push({ head, start, end, as: 'torn' })
    else if (now - spooled.added > maxAgeDays * day) settled.push({ head, start, end, as: 'droppedForAge' })
    else if (place < surplus) settled.push({ head, start, end, as: 'droppedForSize' })
  }
  return settled
}
