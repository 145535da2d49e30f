import type { Store } from '../store/store.ts'
import { type BreakerDocument, breakerKind } from './breaker-document.ts'
import { admitCall, afterFailure, afterReset, afterSuccess } from './breaker-steps.ts'
import type { CircuitState } from './state.ts'

/**
 * A circuit breaker around any async call, on the transitions that the hooks' circuits run on. Its state lives in a store, so
 * several processes, or machines, can share it by its name.
 */
export interface CircuitBreaker {
  readonly name: string
  /**
   * Runs the call, unless the circuit is open. A call that fails, as `isFailure` sees it, counts; its error is passed on. A store
   * that fails neither keeps a call back nor takes its result: the call is made, and not counted.
   *
   * @throws CircuitOpenError where the call was not made.
   */
  execute<T>(call: () => T | Promise<T>): Promise<T>
  /** The same function behind the circuit. */
  wrap<A extends unknown[], T>(call: (...values: A) => T | Promise<T>): (...values: A) => Promise<T>
  /** The state as this process last saw it; `refresh` asks the store. */
  readonly state: CircuitState['state']
  /** Failures in a row, as last seen; 0 unless closed. */
  readonly failCount: number
  /** @throws the store's error. */
  refresh(): Promise<BreakerDocument>
  /**
   * Closed, with no failures, for all who share it; results of calls that are under way are then ignored.
   *
   * @throws the store's error, or one that says that the store was busy all the time.
   */
  reset(): Promise<void>
  /** Lets go of the listeners and of its place in the registry. The state stays in the store. */
  close(): void
  /** Tells of each change of state that this process sees; gives back how to stop that. What it throws goes to `onError`. */
  onStateChange(listener: StateListener): () => void
}

export type StateListener = (change: {
  readonly name: string
  readonly from: CircuitState['state']
  readonly to: CircuitState['state']
}) => void

export interface BreakerOptions {
  readonly name: string
  /** Where the state lives. */
  readonly store: Store
  /** Failures in a row that open the circuit; 5 by default. */
  readonly failMax?: number
  /** How long it stays open, milliseconds; 30,000 by default. Then one call is let through. */
  readonly resetTimeoutMs?: number
  /** Calls in a row that have to succeed, one after another, before it closes; 2 by default. */
  readonly successThreshold?: number
  /** A trial that has not ended after this time counts as lost, milliseconds; `resetTimeoutMs` by default. */
  readonly probeTimeoutMs?: number
  /** Whether an error counts; every one does by default. One that does not counts as an answer, like a success. */
  readonly isFailure?: (error: unknown) => boolean
  /** Milliseconds since 1970, instead of the store's own time. */
  readonly clock?: () => number
  /** Told of what went wrong beside the calls and stopped none of them: the store failed, or a listener threw. */
  readonly onError?: (error: unknown) => void
  /** A name for one call, different for all who share the store. */
  readonly token: () => string
  /** Told when it is closed. */
  readonly onClose?: () => void
}

/** The call was not made: the circuit is open, or its trial is under way. */
export class CircuitOpenError extends Error {
  override name = 'CircuitOpenError'
  readonly code = 'ECIRCUITOPEN'
  readonly circuit: string
  readonly state: CircuitState['state']
  /**
   * When a call is let through again, by the store's time. Absent where only a reset helps, or where so many ask at once that it
   * could not be found out.
   */
  readonly retryAt?: Date

  constructor(circuit: string, state: CircuitState['state'], retryAt: Date | undefined) {
    super(`circuit ${circuit} is ${state}${retryAt === undefined ? '' : `; tried again at ${retryAt.toISOString()}`}`)
    this.circuit = circuit
    this.state = state
    if (retryAt !== undefined) this.retryAt = retryAt
  }
}

/** How often the end of a call is brought to a store that is busy, each time for as long as the store itself waits. */
const mostAttempts = 10

/** @throws RangeError for limits that make no sense. */
export function circuitBreaker(options: BreakerOptions): CircuitBreaker {
  const { name, store, failMax = 5, resetTimeoutMs = 30_000, successThreshold = 2, isFailure = () => true } = options
  const { probeTimeoutMs = resetTimeoutMs, clock, token, onError = () => undefined } = options
  requireLimit('failMax', failMax)
  requireLimit('successThreshold', successThreshold)
  requireLimit('resetTimeoutMs', resetTimeoutMs)
  requireLimit('probeTimeoutMs', probeTimeoutMs)
  const kind = breakerKind(name)
  const listeners = new Set<StateListener>()
  let seen: BreakerDocument = kind.empty()
  const limits = { failMax, resetTimeoutMs, successThreshold, probeTimeoutMs }

  const see = (document: BreakerDocument): BreakerDocument => {
    const [from, to] = [seen.circuit.state, document.circuit.state]
    seen = document
    if (from !== to) for (const listener of [...listeners]) hear(listener, { name, from, to })
    return document
  }

  /** What a listener throws is no reason to lose the result of a call. */
  const hear = (listener: StateListener, news: Parameters<StateListener>[0]): void => {
    try {
      listener(news)
    } catch (error) {
      onError(error)
    }
  }

  /** Undefined where the store was busy for its whole budget. */
  const change = async (
    step: (document: BreakerDocument, at: number) => BreakerDocument,
  ): Promise<BreakerDocument | undefined> => {
    const result = await store.update(kind, (document, at) => step(document, clock?.() ?? at))
    return result.kind === 'busy' ? undefined : see(result.document)
  }

  /** The same, tried until the store is free, or no longer worth waiting for: no count is lost to a crowd. */
  const insist = async (step: Parameters<typeof change>[0]): Promise<BreakerDocument | undefined> => {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const document = await change(step)
      if (document !== undefined) return document
    }
    return undefined
  }

  const refresh = async (): Promise<BreakerDocument> => see((await store.read(kind)).document)

  /** The generation in which the call may run, undefined where the store cannot say; throws where it may not. */
  const enter = async (id: string): Promise<number | undefined> => {
    try {
      return await ask(id)
    } catch (error) {
      if (error instanceof CircuitOpenError) throw error
      onError(error)
      return undefined
    }
  }

  const ask = async (id: string): Promise<number> => {
    const glance = await refresh()
    if (glance.circuit.state === 'closed' || glance.circuit.state === 'disabled') return glance.generation
    let refused: CircuitOpenError | undefined
    const document = await change((before, at) => {
      refused = undefined
      const admission = admitCall(before, id, at, limits)
      if (admission.kind === 'pass') return admission.next
      const { seconds } = admission
      const retryAt = Number.isFinite(seconds) ? new Date(at + seconds * 1000) : undefined
      refused = new CircuitOpenError(name, before.circuit.state, retryAt)
      return before
    })
    // Busy: others are trying it out at this very moment.
    if (document === undefined) throw new CircuitOpenError(name, glance.circuit.state, undefined)
    if (refused !== undefined) throw refused
    return document.generation
  }

  const leave = async (id: string, generation: number | undefined, end: 'success' | 'failure'): Promise<void> => {
    if (generation === undefined) return
    const step = (before: BreakerDocument, at: number): BreakerDocument => {
      if (before.generation !== generation) return before
      return end === 'success' ? afterSuccess(before, id, limits) : afterFailure(before, id, at, limits)
    }
    try {
      // The way of nearly every call, without a lock: nothing to clear, nothing to write. Asked anew, because others may have
      // counted failures since this call began.
      if (end === 'success' && !hasMeaning(await refresh(), generation)) return
      if ((await insist(step)) === undefined) onError(busy('the end of a call was not counted'))
    } catch (error) {
      onError(error)
    }
  }

  const busy = (what: string): Error => new Error(`circuit ${name}: its store was busy all the time; ${what}`)

  const execute = async <T>(call: () => T | Promise<T>): Promise<T> => {
    const id = token()
    const generation = await enter(id)
    let result: T
    try {
      result = await call()
    } catch (error) {
      let counts = true
      try {
        counts = isFailure(error)
      } finally {
        // Also where `isFailure` itself throws: a trial has to end.
        await leave(id, generation, counts ? 'failure' : 'success')
      }
      throw error
    }
    await leave(id, generation, 'success')
    return result
  }

  return {
    name,
    get state() {
      return seen.circuit.state
    },
    get failCount() {
      return seen.failures
    },
    refresh,
    execute,
    wrap(call) {
      return (...values) => execute(() => call(...values))
    },
    async reset() {
      const document = await insist(afterReset)
      if (document === undefined) throw busy('it was not reset')
    },
    close() {
      listeners.clear()
      options.onClose?.()
    },
    onStateChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Whether a success of that generation changes anything. */
const hasMeaning = ({ circuit, failures, generation }: BreakerDocument, began: number): boolean =>
  generation === began && (circuit.state === 'half_open' || failures > 0)

function requireLimit(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${name} must be a number above 0, not ${value}`)
}
