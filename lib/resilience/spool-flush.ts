import { causeLine } from '../system/known-error.ts'
import type { Deliver, EventSpool, Receipt, ServiceEvent } from './contracts.ts'
import type { FlusherLock } from './flusher-lock.ts'
import { listSegments } from './spool-files.ts'
import { readEventLine } from './spool-line.ts'
import { waitingLines } from './spool-lines.ts'
import { batchOutcome, type SentLine } from './spool-outcome.ts'
import { type Position, type Settled, settle, settledIn } from './spool-position.ts'
import { keepUp, type SpoolPlace } from './spool-upkeep.ts'

export type FlushOptions = NonNullable<Parameters<EventSpool['flush']>[1]>

/** What one flush did. */
export interface Flushed {
  readonly sent: number
  readonly rejected: number
  readonly failed: number
  /** Milliseconds that the service asked to be left alone, the longest; 0 where it did not. */
  readonly retryAfterMs: number
  /** Whether the service took nothing of what it was sent. */
  readonly isDown: boolean
  /** Whether something was added that this flush has not looked at. */
  hasNews(): boolean
}

const usualBatch = 50
/** Bytes of one batch, beyond its last event. */
const batchBytes = 1024 * 1024
/** Milliseconds between two looks for more. */
const lookMilliseconds = 200

interface Batch {
  /** Without repeats of an id. */
  readonly events: readonly ServiceEvent[]
  readonly lines: readonly SentLine[]
  /** Half lines that were met on the way. */
  readonly torn: readonly Settled[]
}

/**
 * Hands over what waits, batch by batch, and commits after each. An event that failed or was not tried holds back everything behind
 * it of its key until the next flush, and a batch of which nothing of a route was taken holds back that route; what is not
 * held back goes on.
 */
export async function flushUnderLock(
  place: SpoolPlace,
  lock: FlusherLock,
  deliver: Deliver,
  { batchSize = usualBatch, isOver = () => false, onProgress, lingerMs = 0 }: FlushOptions,
): Promise<Flushed> {
  const { system, streams, folder } = place
  const held = { keys: new Set<string>(), routes: new Set<string>() }
  /** Up to where each segment was looked at, and how large it was then. */
  const lookedAt = new Map<string, number>()
  const seen = new Map<string, number>()
  const counts = { sent: 0, rejected: 0, failed: 0, retryAfterMs: 0 }
  let position = await keepUp(place)
  const all = onProgress === undefined ? 0 : countWaiting(place, position)
  let isTried = false
  /** Whether nothing of the last batch was taken. */
  let isRefusing = false

  const hasNews = (): boolean =>
    listSegments(system.files, folder).some(({ head, size }) => head !== '' && (seen.get(head) ?? 0) < size)

  const nextBatch = (): Batch => {
    const segments = listSegments(system.files, folder)
    for (const { head, size } of segments) seen.set(head, size)
    const events = new Map<string, ServiceEvent>()
    const lines: SentLine[] = []
    const torn: Settled[] = []
    let bytes = 0
    for (const line of waitingLines(streams, segments, settledIn(position), (head) => lookedAt.get(head) ?? 0)) {
      const { head, start, end, text } = line
      lookedAt.set(head, end)
      const event = readEventLine(text)?.event
      if (event === undefined) {
        torn.push({ head, start, end, as: 'torn' })
        continue
      }
      // Whatever is behind it of its key must wait as well, on whatever route.
      if (held.routes.has(event.route)) held.keys.add(event.key)
      if (held.keys.has(event.key)) continue
      events.set(event.id, event)
      lines.push({ line, event })
      bytes += end - start
      if (events.size >= batchSize || bytes >= batchBytes) break
    }
    return { events: [...events.values()], lines, torn }
  }

  const commit = async ({ lines, torn }: Batch, receipts: ReadonlyMap<string, Receipt>): Promise<void> => {
    const { settled, failed, retryAfterMs, failure, rejection, heldKeys, heldRoutes } = batchOutcome(lines, receipts)
    for (const key of heldKeys) held.keys.add(key)
    for (const route of heldRoutes) held.routes.add(route)
    if (lines.length > 0) isRefusing = settled.length === 0
    counts.failed += failed
    counts.retryAfterMs = Math.max(counts.retryAfterMs, retryAfterMs)
    const at = new Date(system.clock()).toISOString()
    // Where another flusher took this one for dead and did all of it, the segment may be gone, and counted.
    const heads = new Set(listSegments(system.files, folder).map(({ head }) => head))
    const there = [...torn, ...settled].filter(({ head }) => heads.has(head))
    position = await place.position.update((known) => {
      const { lastError: _over, ...others } = settle(known, there)
      const before = counts.failed > 0 || lines.length === 0 ? known.lastError : undefined
      const lastError = failure === undefined ? before : { at, cause: failure }
      return {
        ...others,
        ...(lastError === undefined ? {} : { lastError }),
        ...(rejection === undefined ? {} : { lastRejection: { at, cause: rejection } }),
      }
    })
    for (const { as } of settled) if (as === 'sent' || as === 'rejected') counts[as] += 1
  }

  let idleSince = system.clock()
  while (!isOver() && lock.isHeld()) {
    const batch = nextBatch()
    if (batch.events.length === 0) {
      if (batch.torn.length > 0) await commit(batch, new Map())
      if (isRefusing || system.clock() - idleSince >= lingerMs) break
      await system.sleep(lookMilliseconds)
      continue
    }
    if (!isTried) {
      // A disk that takes no acknowledgement must say so before the first event is sent, not after.
      const lastAttempt = new Date(system.clock()).toISOString()
      position = await place.position.update((known) => ({ ...known, lastAttempt }))
      isTried = true
    }
    const receipts = await receiptsOf(deliver, batch.events)
    await commit(batch, receipts)
    onProgress?.(counts.sent + counts.rejected, all)
    idleSince = system.clock()
  }
  if (lock.isHeld()) await keepUp(place)
  const isDown = isTried && counts.sent + counts.rejected === 0
  return { ...counts, isDown, hasNews }
}

/** By id. A `deliver` that throws against its contract has failed as a whole. */
async function receiptsOf(deliver: Deliver, events: readonly ServiceEvent[]): Promise<ReadonlyMap<string, Receipt>> {
  try {
    return new Map((await deliver(events)).map((receipt) => [receipt.id, receipt]))
  } catch (error) {
    const cause = causeLine(error)
    return new Map(events.map(({ id }) => [id, { id, kind: 'failed', cause }]))
  }
}

/** Events that wait. */
export function countWaiting({ system, streams, folder }: SpoolPlace, position: Position): number {
  let count = 0
  for (const { text } of waitingLines(streams, listSegments(system.files, folder), settledIn(position))) {
    if (readEventLine(text) !== undefined) count += 1
  }
  return count
}
