import type { EngineEvent } from '../engine/event.ts'

/** One recorded event of a session, in the order in which it happened. */
export interface RecordedEvent {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly event: EngineEvent
  /** The call's place in its session, from 0; for requests and settlements. */
  readonly callIndex?: number
  /** False for a request that is known to have been rejected before any gate saw it: counted, and not asked about. */
  readonly reachedGate?: boolean
}
