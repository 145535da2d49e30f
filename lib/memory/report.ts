import type { ActionKind } from './plan.ts'
import { describeBytes } from './plan.ts'

/** What one action of a run came to; the caller writes each into the incident log. */
export interface CleanupRecord {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly action: ActionKind
  /** Relative to the memory folder. */
  readonly file: string
  /** Why it was due. */
  readonly reason: string
  /** `left`: nothing was changed, and the next run looks at it again. `failed`: the system refused. */
  readonly outcome: 'done' | 'left' | 'failed'
  /** Why it was left or failed, one line. */
  readonly because?: string
  /** Where the data is now, relative to the memory folder. */
  readonly archive?: string
  /** Bytes of the file before, and of what remains of it, its archive included. */
  readonly bytesBefore: number
  readonly bytesAfter: number
}

export interface JanitorReport {
  /**
   * `clean`: nothing was to be done. `worked`: something was, and `records` says what. `busy`: another janitor is at work.
   * `unusable`: the folder is missing, a link, or cannot be read; `problem` says which.
   */
  readonly kind: 'clean' | 'worked' | 'busy' | 'unusable'
  readonly problem?: string
  readonly records: readonly CleanupRecord[]
  /** The time was used up; the next run goes on. */
  readonly unfinished: boolean
  /** Bytes of the folder before and after, other programs' files included. */
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** The ceiling, bytes. */
  readonly limitBytes: number
}

/**
 * What a run did, for the person, in one line; undefined when nothing was done and the folder is below its ceiling. A folder
 * that is still above its ceiling is told of each time, with numbers.
 */
export function describeReport(report: JanitorReport): string | undefined {
  const done = report.records.filter(({ outcome }) => outcome === 'done')
  const count = (...kinds: ActionKind[]) => done.filter(({ action }) => kinds.includes(action)).length
  const parts = [
    some(count('rotate'), 'log', 'rotated'),
    some(count('archive-session'), 'session', 'archived'),
    some(count('truncate'), 'session', 'shortened'),
    some(count('finish'), 'earlier archive', 'finished'),
    some(count('archive-damaged'), 'damaged file', 'archived'),
    some(count('prune-archive'), 'old archive', 'removed'),
    some(count('remove-window', 'sweep'), 'stale file', 'removed'),
  ].filter((part) => part !== undefined)
  const freed = report.bytesBefore - report.bytesAfter
  if (parts.length > 0 && freed > 0) parts.push(`${describeBytes(freed)} freed`)
  const above =
    report.bytesAfter > report.limitBytes
      ? `the memory folder holds ${describeBytes(report.bytesAfter)}, limit ${describeBytes(report.limitBytes)}: ` +
        'what remains is in use or belongs to other programs'
      : undefined
  if (parts.length === 0) return above && `Memory: ${above}`
  return `Memory cleanup: ${parts.join(', ')}${above ? `; ${above}` : ''}`
}

const some = (count: number, noun: string, verb: string): string | undefined =>
  count === 0 ? undefined : `${count} ${noun}${count === 1 ? '' : 's'} ${verb}`
