import { sweepLocksOf } from '../store/leftovers.ts'
import { isRealFolder } from '../store/real-folder.ts'
import { asKnownError } from '../system/known-error.ts'
import type { Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import type { EventSpool, FlushReport, SpoolReport } from './contracts.ts'
import { takeFlusherLock } from './flusher-lock.ts'
import { holdOffFlushers, mayStartFlusher } from './flusher-stamp.ts'
import { appendEvent } from './spool-append.ts'
import { listSegments, lockedPaths } from './spool-files.ts'
import { countWaiting, type Flushed, flushUnderLock } from './spool-flush.ts'
import { type SpoolLimits, usualSpoolLimits } from './spool-limits.ts'
import { readEventLine } from './spool-line.ts'
import { waitingLines } from './spool-lines.ts'
import { positionKind, settledIn } from './spool-position.ts'
import { spoolPlace } from './spool-upkeep.ts'

export interface EventSpoolOptions extends Partial<SpoolLimits> {
  /** How files are read in pieces; those of this machine by default. */
  readonly streams?: Streams
}

/** Milliseconds in which nobody starts a flusher after one to which the service, or the disk, said no. */
const downMilliseconds = 60_000

/**
 * The spool in `folder`, over the files that `spool-files.ts` names; nothing is touched before it is used. Whoever adds waits for
 * nobody. Which lines are settled stands in one document that is changed atomically, so a process may be killed anywhere: what
 * was not settled is sent again, and nothing else.
 *
 * The limits are kept by `flush`, at its beginning and its end. `report` and `flush` throw a `KnownError` where the folder is not
 * a real folder or the disk refuses; `flush` says so before it sends anything where acknowledgements cannot be kept.
 *
 * @param folder absolute path; made, owner-only, by the first `add`.
 */
export function openEventSpool(system: System, folder: string, options: EventSpoolOptions = {}): EventSpool {
  const { files } = system
  const { maxBytes = usualSpoolLimits.maxBytes, maxAgeDays = usualSpoolLimits.maxAgeDays, streams } = options
  const place = spoolPlace(system, folder, { maxBytes, maxAgeDays }, streams)

  const report = async (): Promise<SpoolReport> => {
    const position = isRealFolder(files, folder) ? await place.position.read() : positionKind.empty()
    const segments = listSegments(files, folder)
    let pending = 0
    let oldest = Number.POSITIVE_INFINITY
    for (const { text } of waitingLines(place.streams, segments, settledIn(position))) {
      const spooled = readEventLine(text)
      if (spooled === undefined) continue
      pending += 1
      oldest = Math.min(oldest, spooled.added)
    }
    const { version: _number, segments: _parts, ...told } = position
    return {
      pending,
      bytes: segments.reduce((sum, { size }) => sum + size, 0),
      ...(pending === 0 ? {} : { oldest: new Date(oldest).toISOString() }),
      ...told,
    }
  }

  const flush: EventSpool['flush'] = async (deliver, flushOptions = {}): Promise<FlushReport> => {
    const { isOver = () => false } = flushOptions
    const total = { sent: 0, rejected: 0, failed: 0 }
    let isBusy = false
    if (!isRealFolder(files, folder)) return { ...total, left: 0, isBusy }
    for (const path of lockedPaths(folder)) sweepLocksOf(system, path)
    for (let goOn = true; goOn; ) {
      const lock = await takeFlusherLock(system, folder)
      if (lock === undefined) {
        isBusy = total.sent + total.rejected + total.failed === 0
        break
      }
      let flushed: Flushed
      try {
        flushed = await flushUnderLock(place, lock, deliver, flushOptions)
        // While the lock still keeps others from starting one.
        if (flushed.isDown) holdOffFlushers(system, folder, Math.max(downMilliseconds, flushed.retryAfterMs))
        else if (flushed.sent > 0 && !mayStartFlusher(system, folder)) holdOffFlushers(system, folder, 0)
      } catch (error) {
        // A disk that is full now is so in a moment as well.
        quietly(() => holdOffFlushers(system, folder, downMilliseconds))
        throw error
      } finally {
        lock.release()
      }
      total.sent += flushed.sent
      total.rejected += flushed.rejected
      total.failed += flushed.failed
      // Who added something before the lock was free started no flusher, because this one was there.
      goOn = !flushed.isDown && !isOver() && flushed.hasNews()
    }
    return { ...total, left: countWaiting(place, await place.position.read()), isBusy }
  }

  return {
    folder,
    add: (event, { durable = false } = {}) => appendEvent(system, folder, event, { durable, maxBytes }),
    async report() {
      try {
        return await report()
      } catch (error) {
        throw asKnownError('read', folder, error)
      }
    },
    async flush(deliver, flushOptions) {
      try {
        return await flush(deliver, flushOptions)
      } catch (error) {
        throw asKnownError('flush', folder, error)
      }
    },
  }
}

function quietly(step: () => void): void {
  try {
    step()
  } catch {
    // The error that led here is the one worth telling.
  }
}
