import type { EngineEvent, RequestEvent } from '../engine/event.ts'

/** One event of one session. */
export interface Happening<E extends EngineEvent = Exclude<EngineEvent, RequestEvent>> {
  readonly session: string
  readonly event: E
  /** When it happened, milliseconds since 1970. */
  readonly at: number
}
