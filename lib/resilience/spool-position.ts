import { integer, list, object, oneOf, type TypeOf, text, time } from '../schema/schema.ts'
import { fileStore } from '../store/file-store.ts'
import type { DocumentKind } from '../store/store.ts'
import { KnownError } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { positionKey } from './spool-files.ts'
import { isIn, joinRanges, type Ranges, rangesText, readRanges } from './spool-ranges.ts'

const count = integer(0)
const told = object({ at: time(), cause: text() })
const schema = object(
  {
    version: oneOf(1),
    /** What is settled, by the first bytes of the segment: names change when a segment is closed. */
    segments: list(object({ head: text(), settled: text() })),
    sent: count,
    rejected: count,
    droppedForAge: count,
    droppedForSize: count,
    torn: count,
  },
  { lastAttempt: time(), lastError: told, lastRejection: told, lastDamage: told },
)

/** What of a spool needs no more attention, and how it ended, ever. */
export type Position = TypeOf<typeof schema>

/** A line that needs no more attention. */
export interface Settled {
  readonly head: string
  readonly start: number
  readonly end: number
  /** The count that it goes into. */
  readonly as: 'sent' | 'rejected' | 'droppedForAge' | 'droppedForSize' | 'torn'
}

export const positionKind: DocumentKind<Position> = {
  key: positionKey,
  version: 1,
  empty: () => ({ version: 1, segments: [], sent: 0, rejected: 0, droppedForAge: 0, droppedForSize: 0, torn: 0 }),
  parse(value) {
    const position = schema.parse(value)
    for (const { settled } of position.segments) readRanges(settled)
    return position
  },
}

/** What is settled of each segment, by its first bytes. */
export function settledIn(position: Position): (head: string) => Ranges {
  const known = new Map(position.segments.map(({ head, settled }) => [head, readRanges(settled)]))
  return (head) => known.get(head) ?? []
}

/**
 * The position with these lines settled. A line that was settled before changes nothing, not even a count: so it does no harm
 * that a flusher which was taken for dead still says what was acknowledged.
 */
export function settle(position: Position, lines: readonly Settled[]): Position {
  if (lines.length === 0) return position
  const before = settledIn(position)
  const added = new Map<string, Settled[]>()
  for (const line of lines) {
    if (isIn(before(line.head), line.start)) continue
    const known = added.get(line.head)
    if (known === undefined) added.set(line.head, [line])
    else known.push(line)
  }
  const next = { ...position }
  for (const line of [...added.values()].flat()) next[line.as] += 1
  const heads = new Set([...position.segments.map(({ head }) => head), ...added.keys()])
  next.segments = [...heads].map((head) => {
    const more = (added.get(head) ?? []).map(({ start, end }) => [start, end] as const)
    return { head, settled: rangesText(joinRanges(before(head), more)) }
  })
  return next
}

/** The position on disk. */
export interface PositionFile {
  read(): Promise<Position>
  /**
   * Changes it in one atomic update, which the disk has when this returns.
   *
   * @param change may be called more than once.
   * @throws KnownError: what the disk says, or `ELOCKED` where another process kept its lock for ten seconds.
   */
  update(change: (position: Position) => Position): Promise<Position>
}

export function positionFile(system: System, folder: string): PositionFile {
  const store = fileStore(system, folder, { isMemory: false, waitMilliseconds: 10_000 })
  const update: PositionFile['update'] = async (change) => {
    const result = await store.update(positionKind, change)
    if (result.kind === 'busy') {
      throw new KnownError('write', `${folder}/${positionKind.key}.json`, 'another process keeps its lock', 'ELOCKED')
    }
    if (result.damage === undefined) return result.document
    const { cause, setAsideAs = 'its lock' } = result.damage
    const at = new Date(system.clock()).toISOString()
    const lastDamage = { at, cause: `what was handed over is not known any more: ${cause}; now ${setAsideAs}` }
    return update((position) => ({ ...position, lastDamage }))
  }
  return { read: async () => (await store.read(positionKind)).document, update }
}
