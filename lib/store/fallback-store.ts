import { causeLine, errorCode } from '../system/known-error.ts'
import type { Store } from './store.ts'

/** What is remembered of a store that several machines share, between one use and the next. */
export interface Reachability {
  /** Whether it is worth trying now; who is told so tries, and says how it went. */
  mayTry(): boolean
  /** It could not be reached: why. */
  down(cause: string): void
  /** It answered. */
  up(): void
}

/**
 * A shared store with a local one behind it: while the shared one cannot be reached, everything happens in the local one, and
 * nobody waits longer than the one attempt that found out. Only failures to reach it (`EREDIS`) count; an error of the document
 * or of a change is passed on. What was written locally meanwhile stays there: the machines agreed without it.
 *
 * A shared update whose answer is lost may be done in both.
 *
 * @param open makes the shared store; called again after a failure. Its `close` lets go of a connection that failed.
 */
export function fallbackStore(
  open: () => Promise<Store & { close?(): void }>,
  local: Store,
  reachability: Reachability,
): Store & { close(): void } {
  let shared: ReturnType<typeof open> | undefined

  const letGo = (of: ReturnType<typeof open> | undefined): void => {
    // Others may have found out earlier, and have a new one by now.
    if (shared === of) shared = undefined
    of?.then((store) => store.close?.()).catch(() => undefined)
  }

  const either = async <R>(use: (store: Store) => Promise<R>): Promise<R> => {
    if (!reachability.mayTry()) return use(local)
    shared ??= open()
    const opening = shared
    let store: Store | undefined
    try {
      store = await opening
      const result = await use(store)
      reachability.up()
      return result
    } catch (error) {
      const isDown = errorCode(error) === 'EREDIS'
      if (isDown || store === undefined) letGo(opening)
      if (!isDown) throw error
      reachability.down(causeLine(error))
      return use(local)
    }
  }

  return {
    read: (kind) => either((store) => store.read(kind)),
    update: (kind, change) => either((store) => store.update(kind, change)),
    remove: (kind) => either((store) => store.remove(kind)),
    close: () => letGo(shared),
  }
}

/**
 * For a long-lived process: after a failure one attempt is made each `retryMilliseconds` (5,000 by default), and nobody else waits
 * for it. `onChange` is told once that it is down, with the cause, and once that it is back.
 */
export function rememberedReachability(
  clock: () => number,
  options: { readonly retryMilliseconds?: number; readonly onChange?: (cause: string | undefined) => void } = {},
): Reachability {
  const { retryMilliseconds = 5000, onChange } = options
  let downSince: number | undefined
  let triedAt = 0
  return {
    mayTry() {
      if (downSince === undefined) return true
      if (Math.abs(clock() - triedAt) < retryMilliseconds) return false
      triedAt = clock()
      return true
    },
    down(cause) {
      triedAt = clock()
      if (downSince === undefined) onChange?.(cause)
      downSince ??= triedAt
    },
    up() {
      if (downSince !== undefined) onChange?.(undefined)
      downSince = undefined
    },
  }
}
