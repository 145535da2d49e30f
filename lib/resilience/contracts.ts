/**
 * What the parts of the resilience layer agree on: events go into a spool with one append, a flusher hands them over in the
 * background, and whoever receives them can tell a repeat by its id.
 */

/** One thing to report to a service. */
export interface ServiceEvent {
  /** Idempotency key: the same event sent twice has the same one. Up to 100 characters of printable ASCII. */
  readonly id: string
  /** Events of one key arrive in the order in which they were added: a pattern's id, a circuit's key. */
  readonly key: string
  /** When it happened, ISO 8601 UTC. */
  readonly at: string
  /** What it is for: which of the user's services gets it. */
  readonly route: 'patterns' | 'alerts'
  /** What it is, such as `pattern_created` or `circuit_tripped`. */
  readonly kind: string
  /** JSON; secrets taken out by whoever made it. */
  readonly body: unknown
}

/** What became of an event that was sent. */
export type Receipt =
  /** Acknowledged; never sent again. */
  | { readonly id: string; readonly kind: 'accepted' }
  /** The service will never take it (a 4xx of its own); dropped, counted and told. */
  | { readonly id: string; readonly kind: 'rejected'; readonly cause: string }
  /** Not now: it stays, and so does everything behind it of the same key. */
  | { readonly id: string; readonly kind: 'failed'; readonly cause: string; readonly retryAfterMs?: number }

/** Sends events, in their order; a receipt for each that was tried. Never throws. */
export type Deliver = (events: readonly ServiceEvent[]) => Promise<readonly Receipt[]>

export interface SpoolReport {
  /** Events that wait. */
  readonly pending: number
  /** Bytes on disk. */
  readonly bytes: number
  /** When the oldest that waits was added, ISO 8601 UTC. */
  readonly oldest?: string
  /** Ever, on this machine. */
  readonly sent: number
  readonly rejected: number
  /** Dropped to keep the limits, ever: for age, and for size. */
  readonly droppedForAge: number
  readonly droppedForSize: number
  /** Half lines that killed writers left, ever; nobody was told that those events are safe. */
  readonly torn?: number
  /** When events were last sent, ISO 8601 UTC, whatever became of them. */
  readonly lastAttempt?: string
  /** Why the service refused an event for good, the last time, one line, and when. */
  readonly lastRejection?: { readonly at: string; readonly cause: string }
  /** When it was not known any more what had been handed over, so that some of it was sent again, and why. */
  readonly lastDamage?: { readonly at: string; readonly cause: string }
  /** Why the last attempt failed, one line, and when. */
  readonly lastError?: { readonly at: string; readonly cause: string }
}

export interface FlushReport {
  readonly sent: number
  readonly rejected: number
  readonly failed: number
  readonly left: number
  /** Another flusher is at work on this spool: nothing was done. */
  readonly isBusy: boolean
}

/** A durable queue of events in a folder that several processes share. */
export interface EventSpool {
  readonly folder: string
  /**
   * Adds an event with one append; with `durable` the disk has it when this returns (fsync).
   *
   * @throws KnownError where the disk refuses.
   */
  add(event: ServiceEvent, options?: { readonly durable?: boolean }): void
  report(): Promise<SpoolReport>
  /**
   * Hands over what waits, batch by batch, oldest first; at most one process does so at a time. An acknowledgement is on disk
   * before the next batch is sent. Ends when nothing waits, when a batch fails, or when `isOver` says so: an event that fails or
   * is not tried holds back what is behind it of its key, and a batch of which nothing on a route is taken holds back that route;
   * what is not held back is still handed over.
   */
  flush(
    deliver: Deliver,
    options?: {
      readonly batchSize?: number
      readonly isOver?: () => boolean
      readonly onProgress?: (done: number, all: number) => void
      /** Milliseconds to wait for more after everything is handed over; 0 by default. */
      readonly lingerMs?: number
    },
  ): Promise<FlushReport>
}
