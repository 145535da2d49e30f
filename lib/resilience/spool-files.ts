import { join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { Files } from '../system/system.ts'

/**
 * The files of a spool, in one folder:
 *
 *     events.jsonl                       the open segment: every process appends to it, none waits
 *     events-0000000007.9f3a0c1e.jsonl   a closed one, by number: the flusher renames, nobody opens it for writing any more
 *     spool_position.json                what of them is settled
 *     flusher.json.lock                  the lock of the one flusher
 *     flusher.stamp                      its time is the one before which no flusher is started
 */
export const openSegmentName = 'events.jsonl'
/** Key of the position's document. */
export const positionKey = 'spool_position'
const flusherName = 'flusher.json'
const closedName = /^events-(\d{10})\.[0-9a-f]{8}\.jsonl$/

/**
 * Bytes. So many from the start of a segment tell it from all others, under whatever name: its first line begins with a token
 * that is used once, and what is written is never changed. No whole line is shorter, so a shorter segment holds none.
 */
export const headBytes = 64

/** What the flusher's lock is a lock of; no file stands there. */
export const flusherPath = (folder: string): string => join(folder, flusherName)

/** Everything in a spool that has a lock. */
export const lockedPaths = (folder: string): readonly string[] => [
  flusherPath(folder),
  join(folder, `${positionKey}.json`),
]

export interface Segment {
  readonly path: string
  /** Its first bytes, as Latin-1; empty where there are fewer than `headBytes`. */
  readonly head: string
  /** Bytes, at the moment of the look. */
  readonly size: number
  readonly isClosed: boolean
  /** Last change of content or name, milliseconds since 1970; of a closed one not before it was closed. */
  readonly changedAt: number
}

/**
 * All segments, oldest first. The newest is looked at first: an event that is seen in one segment was added after all those of
 * its process that went into an older one, and so these are seen as well.
 */
export function listSegments(files: Files, folder: string): Segment[] {
  const names = namesIn(files, folder)
  const inOrder = [
    ...names.filter((name) => closedName.test(name)),
    ...names.filter((name) => name === openSegmentName),
  ]
  return inOrder
    .reverse()
    .flatMap((name) => segmentAt(files, join(folder, name), name !== openSegmentName) ?? [])
    .reverse()
}

/** Closes the open segment: from now on everybody opens a new one. Who has it open still writes into this one. */
export function closeSegment(files: Files, folder: string, token: string): void {
  const numbers = namesIn(files, folder).map((name) => Number(closedName.exec(name)?.[1] ?? 0))
  const number = Math.max(0, ...numbers) + 1
  files.rename(join(folder, openSegmentName), join(folder, `events-${String(number).padStart(10, '0')}.${token}.jsonl`))
}

/** Undefined where there is no regular file (any more). */
function segmentAt(files: Files, path: string, isClosed: boolean): Segment | undefined {
  const facts = files.facts(path)
  if (facts?.kind !== 'file') return undefined
  try {
    const head = facts.size < headBytes ? '' : files.readHead(path, headBytes).toString('latin1')
    const changed = facts.changed === undefined ? facts.modifiedAt : Number(facts.changed) / 1e6
    return { path, head, size: facts.size, isClosed, changedAt: changed }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function namesIn(files: Files, folder: string): string[] {
  try {
    return files.list(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}
