/** Parts of a segment, `[from, to)` in bytes, in order, none touching another. */
export type Ranges = readonly (readonly [from: number, to: number])[]

const textForm = /^$|^\d{1,15}-\d{1,15}(,\d{1,15}-\d{1,15})*$/

/** `0-120,480-512`: one short text, because a spool with many events that wait has many parts. */
export const rangesText = (ranges: Ranges): string => ranges.map(([from, to]) => `${from}-${to}`).join(',')

/** @throws Error where the text is none of ours. */
export function readRanges(text: string): Ranges {
  if (!textForm.test(text)) throw new Error('it is no list of ranges')
  const ranges = text === '' ? [] : text.split(',').map((part) => part.split('-').map(Number) as [number, number])
  if (ranges.some(([from, to], n) => from >= to || from <= (ranges[n - 1]?.[1] ?? -1))) {
    throw new Error('the ranges are not in order')
  }
  return ranges
}

/** Both together. */
export function joinRanges(some: Ranges, more: Ranges): Ranges {
  const joined: [number, number][] = []
  for (const [from, to] of [...some, ...more].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

/** What is not in `ranges`, between `from` and `size`. */
export function gapsIn(ranges: Ranges, from: number, size: number): Ranges {
  const gaps: [number, number][] = []
  let at = from
  for (const [start, end] of ranges) {
    if (at >= size) break
    if (start > at) gaps.push([at, Math.min(start, size)])
    at = Math.max(at, end)
  }
  if (at < size) gaps.push([at, size])
  return gaps
}

/** Whether the byte at `position` is in one of them; takes time in proportion to the logarithm of their number. */
export function isIn(ranges: Ranges, position: number): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.[1] ?? 0) <= position) low = middle + 1
    else high = middle
  }
  return (ranges[low]?.[0] ?? Number.POSITIVE_INFINITY) <= position
}
