import { object, oneOf, text, time } from '../schema/schema.ts'
import type { DocumentKind, Store } from '../store/store.ts'
import { longestRetryAfterMs } from './retry.ts'

/** A service has asked to be left alone for a while (`Retry-After`); every process keeps to it. */
export interface Pause {
  /** Milliseconds that are left, 0 for none. */
  leftMs(): Promise<number>
  /** Begins now, for so many milliseconds. */
  begin(durationMs: number): Promise<void>
}

interface PauseDocument {
  readonly version: 1
  readonly address?: string
  /** ISO 8601 UTC. */
  readonly until?: string
}

const schema = object({ version: oneOf(1) }, { address: text(), until: time() })

/**
 * @param name of the service: `service_pause_<name>.json` in the store.
 * @param address tells it from another one in its place; never its text.
 * @param onError told where the store fails; nobody waits then.
 */
export function pauseOf(
  store: Store,
  name: string,
  address: string,
  clock: () => number,
  onError: (error: unknown) => void,
): Pause {
  const kind: DocumentKind<PauseDocument> = {
    key: `service_pause_${name}`,
    version: 1,
    empty: () => ({ version: 1 }),
    parse: schema.parse,
  }
  return {
    async leftMs() {
      try {
        const { document } = await store.read(kind)
        const leftMs = document.address === address ? Date.parse(document.until ?? '') - clock() : 0
        // More than anybody may ask for: the clock was put back since.
        return leftMs > 0 && leftMs <= longestRetryAfterMs ? leftMs : 0
      } catch (error) {
        onError(error)
        return 0
      }
    },
    async begin(durationMs) {
      try {
        const until = (at: number) => new Date(at + Math.min(durationMs, longestRetryAfterMs)).toISOString()
        await store.update(kind, (_before, at): PauseDocument => ({ version: 1, address, until: until(at) }))
      } catch (error) {
        onError(error)
      }
    },
  }
}
