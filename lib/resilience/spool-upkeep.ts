import { errorCode } from '../system/known-error.ts'
import { nodeStreams } from '../system/node-streams.ts'
import type { Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import { closeSegment, listSegments, type Segment } from './spool-files.ts'
import { overLimits, type SpoolLimits, segmentBytes } from './spool-limits.ts'
import { waitingLines } from './spool-lines.ts'
import { type Position, type PositionFile, positionFile, type Settled, settle, settledIn } from './spool-position.ts'
import { gapsIn, type Ranges } from './spool-ranges.ts'

/** What everything that is done to a spool needs. */
export interface SpoolPlace {
  readonly system: System
  readonly streams: Streams
  readonly folder: string
  readonly limits: SpoolLimits
  readonly position: PositionFile
}

export const spoolPlace = (
  system: System,
  folder: string,
  limits: SpoolLimits,
  streams: Streams = nodeStreams(),
): SpoolPlace => ({ system, streams, folder, limits, position: positionFile(system, folder) })

/** Milliseconds after which nobody is taken to have opened a segment just before it was closed, beyond what the system tells, */
const opening = 10_000
/** and where it does not tell who has a file open. */
const openingUntold = 10 * 60_000

/**
 * What the flusher does besides flushing, under its lock: closes a segment that is long enough, keeps the limits, and deletes
 * closed segments that are settled and that surely nobody writes any more.
 *
 * @returns the position as it is on disk then.
 */
export async function keepUp(place: SpoolPlace): Promise<Position> {
  const { system, streams, folder, limits, position } = place
  const before = await position.read()
  const opened = listSegments(system.files, folder).find(({ isClosed }) => !isClosed)
  if (opened !== undefined && mayClose(place, opened, before)) closeSegment(system.files, folder, system.token())
  const segments = listSegments(system.files, folder)
  const settled = settledIn(before)
  const holding = segments.filter(({ head, size }) => gapsIn(settled(head), 0, size).length > 0)
  const dropped = overLimits(limits, waitingLines(streams, holding, settled), holding, system.clock())
  const now = dropped.length === 0 ? before : await position.update((known) => settle(known, dropped))
  return deleteSettled(place, now)
}

/** A long one, and one in which nothing waits: with half a line at its end only when that is not being written any more. */
function mayClose({ system, streams, limits }: SpoolPlace, segment: Segment, position: Position): boolean {
  if (segment.size >= segmentBytes(limits)) return true
  const settled = settledIn(position)
  if (segment.size === 0 || hasLines(streams, segment, settled)) return false
  const isWhole = gapsIn(settled(segment.head), 0, segment.size).length === 0
  return isWhole || system.clock() - segment.changedAt > opening
}

/** Whether whole lines of it wait. */
const hasLines = (streams: Streams, segment: Segment, settled: (head: string) => Ranges): boolean =>
  !waitingLines(streams, [segment], settled).next().done

async function deleteSettled({ system, streams, folder, position }: SpoolPlace, now: Position): Promise<Position> {
  const { files } = system
  const settled = settledIn(now)
  const isDone = (segment: Segment) => segment.isClosed && !hasLines(streams, segment, settled)
  const done = listSegments(files, folder).filter(isDone)
  const old = done.filter(({ changedAt }) => system.clock() - changedAt > opening)
  if (old.length === 0) return now
  const held = await streams.openForWriting(old.map(({ path }) => path))
  const isFree = ({ path, changedAt }: Segment) =>
    held === undefined ? system.clock() - changedAt > openingUntold : !held.has(path)
  // Nobody opens it any more and nobody has it open: what is in it now is all there will ever be.
  const free = listSegments(files, folder).filter(
    (segment) => old.some(({ path }) => path === segment.path) && isFree(segment) && isDone(segment),
  )
  if (free.length === 0) return now
  const halves = free.flatMap(({ head, size }) =>
    gapsIn(settled(head), 0, size).map(([start, end]): Settled => ({ head, start, end, as: 'torn' })),
  )
  if (halves.length > 0) await position.update((known) => settle(known, halves))
  for (const { path } of free) {
    try {
      files.remove(path)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
  // After the files: what is forgotten while its segment is there would be sent again.
  const left = new Set(listSegments(files, folder).map(({ head }) => head))
  return position.update((known) => {
    const segments = known.segments.filter(({ head }) => left.has(head))
    return segments.length === known.segments.length ? known : { ...known, segments }
  })
}
