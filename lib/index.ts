import { type BreakerOptions, type CircuitBreaker, circuitBreaker } from './breaker/circuit-breaker.ts'
import { type HookStates, type HookStatesOptions, hookStates } from './guard/hook-states.ts'
import { flusherFile } from './resilience/hand.ts'
import { type PatternTracker, type TrackerOptions, patternTracker as trackerOf } from './resilience/tracker.ts'
import { fallbackStore, rememberedReachability } from './store/fallback-store.ts'
import { fileStore } from './store/file-store.ts'
import { memoryStore } from './store/memory-store.ts'
import { redisStore } from './store/redis-store.ts'
import type { Store } from './store/store.ts'
import { nodeBesideModule } from './system/beside.ts'
import { nodeSystem } from './system/node-system.ts'

/** What the package exports: circuit breakers around async calls, the stores that their state can live in, and guarded hooks. */

export {
  type CircuitBreaker,
  CircuitOpenError,
  type StateListener,
} from './breaker/circuit-breaker.ts'
export type { CircuitState } from './breaker/state.ts'
export type { DocumentKind, Store, UpdateResult } from './store/store.ts'

export interface CircuitBreakerOptions extends Omit<BreakerOptions, 'store' | 'token' | 'onClose'> {
  /** Where the state lives; in this process by default. */
  readonly store?: Store
}

/** Breakers without a store of their own share this one, so that the same name means the same circuit. */
const inThisProcess: Store = memoryStore(nodeSystem())
const registry = new Map<string, CircuitBreaker>()

/**
 * A circuit breaker around async calls. It opens after `failMax` failures in a row, lets one call through after
 * `resetTimeoutMs`, and closes after `successThreshold` successes.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { token } = nodeSystem()
  const breaker = circuitBreaker({
    store: inThisProcess,
    ...options,
    token: () => `${process.pid}-${token()}${token()}`,
    onClose: () => {
      if (registry.get(options.name) === breaker) registry.delete(options.name)
    },
  })
  return breaker
}

/** The breaker of that name; made, with these options, by whoever asks first. */
export function getCircuitBreaker(name: string, options: Omit<CircuitBreakerOptions, 'name'> = {}): CircuitBreaker {
  const known = registry.get(name)
  if (known !== undefined) return known
  const made = createCircuitBreaker({ ...options, name })
  registry.set(name, made)
  return made
}

/** Closes the circuits of all breakers that `getCircuitBreaker` made. */
export async function resetAllCircuitBreakers(): Promise<void> {
  await Promise.all([...registry.values()].map((breaker) => breaker.reset()))
}

/** State in files of a folder, shared by the processes of one machine; it survives them. @param folder absolute path. */
export const openFileStore = (folder: string): Store => fileStore(nodeSystem(), folder)

/**
 * State in a Redis or Valkey server, shared by machines. Needs the package `@redis/client`. While the server cannot be reached,
 * the state is that of this process alone, and every `retryMilliseconds` one call finds out whether it is back.
 *
 * @param url `redis://[user][:password@]host[:port][/database]`, `rediss://` for TLS.
 */
export function openRedisStore(url: string, options: RedisOptions = {}): Store & { close(): void } {
  const system = nodeSystem()
  const open = async (): Promise<Store & { close(): void }> => {
    const { connectRedis } = await import('./store/redis-connection.ts')
    const connection = await connectRedis(url, { budgetMilliseconds: 0 })
    return { ...redisStore(system, connection, options), close: () => connection.close() }
  }
  return fallbackStore(open, memoryStore(system), rememberedReachability(system.clock, options))
}

export interface RedisOptions {
  /** Starts the name of every key; `breakerbox:` by default. */
  readonly prefix?: string
  /** Milliseconds from a failure to the next attempt; 5,000 by default. */
  readonly retryMilliseconds?: number
  /** Told the cause when the server is gone, and undefined when it is back. */
  readonly onChange?: (cause: string | undefined) => void
}

export type { HookLimits } from './guard/hook-circuit.ts'
export type { HookClass, HookRecord, HookStatistics } from './guard/hook-state.ts'
export type { GuardedHook, HookHealth, HookStates } from './guard/hook-states.ts'

/** The states of this user's guarded hooks, as `hook-guard` keeps and `hook-health` shows them. */
export const openHookStates = (options: HookStatesOptions = {}): HookStates => hookStates(nodeSystem(), options)

export type { Pattern, PatternChange } from './resilience/pattern-event.ts'
export type { PatternTracker, Tracked, TrackerOptions, TrackerStatistics } from './resilience/tracker.ts'

/**
 * The tracker of this process: reports what happens to patterns to the service that the user has named in
 * `INTELLIGENCE_SERVICE_URL` or in `~/.claude/breakerbox.json`, and does nothing where there is none. Options count for whoever asks
 * first.
 */
export const patternTracker = (options: TrackerOptions = {}): PatternTracker =>
  trackerOf(nodeSystem(), { flusher: nodeBesideModule(import.meta.url, flusherFile), ...options })
