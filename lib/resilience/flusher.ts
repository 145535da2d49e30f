import type { System } from '../system/system.ts'
import type { Deliver, EventSpool, FlushReport } from './contracts.ts'

export interface FlusherOptions {
  /** Seconds that it waits for more after everything is handed over; 5 by default. */
  readonly idleSeconds?: number
  /** Seconds after which it sends no further batch; 120 by default. A batch that is on its way is waited for. */
  readonly mostSeconds?: number
}

/**
 * What a detached flusher does: hands over what waits, waits a little for more, and ends. Where the service takes nothing it ends
 * at once, and for a minute nobody starts another one; where another flusher is at work it does nothing.
 *
 * @throws KnownError like the spool's `flush`.
 */
export function flushInBackground(
  { clock }: System,
  spool: EventSpool,
  deliver: Deliver,
  { idleSeconds = 5, mostSeconds = 120 }: FlusherOptions = {},
): Promise<FlushReport> {
  const until = clock() + mostSeconds * 1000
  return spool.flush(deliver, { isOver: () => clock() >= until, lingerMs: idleSeconds * 1000 })
}
