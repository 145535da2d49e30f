import type { Receipt, ServiceEvent } from './contracts.ts'
import type { SpoolLine } from './spool-lines.ts'
import type { Settled } from './spool-position.ts'

/** An event with the line that it stands in. */
export interface SentLine {
  readonly line: SpoolLine
  readonly event: ServiceEvent
}

/** What became of a batch. */
export interface BatchOutcome {
  readonly settled: readonly Settled[]
  /** Events that failed. */
  readonly failed: number
  /** The longest that was asked for, milliseconds; 0 where none was. */
  readonly retryAfterMs: number
  /** Why the first of them failed, or was refused for good, one line. */
  readonly failure?: string
  readonly rejection?: string
  /** Keys of which something failed or was not tried: what is behind it waits. */
  readonly heldKeys: readonly string[]
  /** Routes on which nothing was taken. */
  readonly heldRoutes: readonly string[]
}

/** Pure. @param receipts by id; an event without one was not tried. */
export function batchOutcome(lines: readonly SentLine[], receipts: ReadonlyMap<string, Receipt>): BatchOutcome {
  const of = lines.map(({ line, event }) => ({ line, event, receipt: receipts.get(event.id) }))
  const isTaken = ({ receipt }: (typeof of)[number]) => receipt?.kind === 'accepted' || receipt?.kind === 'rejected'
  const failures = of.flatMap(({ receipt }) => (receipt?.kind === 'failed' ? [receipt] : []))
  const failure = failures[0]?.cause
  const rejection = of.flatMap(({ receipt }) => (receipt?.kind === 'rejected' ? [receipt.cause] : []))[0]
  const takenRoutes = new Set<string>(of.filter(isTaken).map(({ event }) => event.route))
  return {
    settled: of.filter(isTaken).map(({ line: { head, start, end }, receipt }) => ({
      head,
      start,
      end,
      as: receipt?.kind === 'accepted' ? 'sent' : 'rejected',
    })),
    failed: failures.length,
    retryAfterMs: Math.max(0, ...failures.map(({ retryAfterMs = 0 }) => retryAfterMs)),
    ...(failure === undefined ? {} : { failure }),
    ...(rejection === undefined ? {} : { rejection }),
    heldKeys: of.filter((each) => !isTaken(each)).map(({ event }) => event.key),
    heldRoutes: lines.map(({ event }) => event.route).filter((route) => !takenRoutes.has(route)),
  }
}
