import { join } from 'node:path'
import { CircuitOpenError, circuitBreaker } from '../breaker/circuit-breaker.ts'
import type { CircuitState } from '../breaker/state.ts'
import { hash } from '../calls/hash.ts'
import { fileStore } from '../store/file-store.ts'
import { causeLine } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import type { Receipt, ServiceEvent } from './contracts.ts'
import { type Health, healthChecker } from './health.ts'
import { type Answer, ask, shownService } from './http.ts'
import { pauseOf } from './pause.ts'
import { type RetryPolicy, retried, retryAfterMs } from './retry.ts'
import type { ServiceSettings } from './service-settings.ts'

/** One of the user's services, behind its health, its circuit and a few tries. */
export interface Service {
  /** Sends one event. Never throws. */
  post(event: ServiceEvent, message: unknown): Promise<Outcome>
  /** A person wants it tried now: its circuit is closed and its health asked for, whatever was found before. Never throws. */
  tryAnew(): Promise<void>
  /**
   * What is known of it; asks nothing over the network.
   *
   * @throws KnownError where the folder cannot be read.
   */
  status(): Promise<ServiceStatus>
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
/** A receipt that does not say for what. */
export type Outcome = WithoutId<Receipt>
type Failed = Extract<Outcome, { kind: 'failed' }>

export interface ServiceStatus {
  /** Scheme, host and port: the rest of an address may be a password. */
  readonly address: string
  readonly circuit: {
    readonly state: CircuitState['state']
    /** Failures in a row, while closed. */
    readonly failures: number
    /** When an open one lets a trial through, ISO 8601 UTC; may have passed. */
    readonly retryAt?: string
  }
  /** As it was found last; absent where nobody has asked, and for services that are not asked. */
  readonly health?: Health
  /** It asked to be left alone until then, ISO 8601 UTC. */
  readonly pausedUntil?: string
}

export interface ServiceOptions {
  /** Names its circuit: letters, digits, `_` and `-`. */
  readonly name: string
  /** Where events are posted to. */
  readonly address: string
  /** Address whose `/health` is asked first; absent: nothing is. */
  readonly healthUrl?: string
  /** For one request, milliseconds. */
  readonly requestTimeoutMs: number
  readonly retry: RetryPolicy
  /** Told of what stopped nothing: the folder cannot be written, for example. */
  readonly onError: (error: unknown) => void
}

/** One request has failed; the circuit counts it. */
class RequestFailed extends Error {
  readonly outcome: Failed

  constructor(outcome: Failed) {
    super(outcome.cause)
    this.outcome = outcome
  }
}

/**
 * What it knows stands in `service/` of the settings' folder, for all processes: health, circuit, and how long the service wants to
 * be left alone. A trial of an open circuit is a single try.
 */
export function service(
  system: System,
  { folder, circuit, health: healthLimits }: Pick<ServiceSettings, 'folder' | 'circuit' | 'health'>,
  { name, address, healthUrl, requestTimeoutMs, retry, onError }: ServiceOptions,
): Service {
  const shared = join(folder, 'service')
  const store = fileStore(system, shared, { durable: false })
  const health =
    healthUrl === undefined
      ? undefined
      : healthChecker(system, { url: healthUrl, folder: shared, ...healthLimits, onError })
  const pause = pauseOf(store, name, hash(address), system.clock, onError)
  const breaker = circuitBreaker({
    name: `service-${name}`,
    store,
    failMax: circuit.failureThreshold,
    resetTimeoutMs: circuit.timeoutMs,
    successThreshold: 1,
    // However short the circuit's own time is, nobody else tries while a trial may still be answered.
    probeTimeoutMs: Math.max(circuit.timeoutMs, 2 * requestTimeoutMs),
    token: () => `${system.processes.pid}-${system.token()}${system.token()}`,
    onError,
  })

  const request = async (id: string, body: string): Promise<Exclude<Outcome, Failed>> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': id }
    const once = async () =>
      judge(await ask(address, { method: 'POST', headers, body, timeoutMs: requestTimeoutMs }), system.clock())
    const isTrial = breaker.state === 'half_open'
    const { outcome } = await retried(
      once,
      (judgement) => (judgement.isFleeting ? (retryAfterOf(judgement.outcome) ?? 0) : undefined),
      isTrial ? { ...retry, tries: 1 } : retry,
      system.sleep,
    )
    if (outcome.kind === 'failed') throw new RequestFailed(outcome)
    return outcome
  }

  const beforehand = async (): Promise<Failed | undefined> => {
    const pausedMs = await pause.leftMs()
    if (pausedMs > 0) return failed('it asked to be left alone for a while', pausedMs)
    const found = await health?.check()
    if (found === undefined || found.up) return undefined
    const goodUntil = Date.parse(found.checkedAt) + healthLimits.intervalMs
    return failed(`it is down: ${found.cause ?? 'no cause is known'}`, Math.max(0, goodUntil - system.clock()))
  }

  return {
    async post({ id }, message) {
      // Nothing that `fetch` would refuse each time anew may stay in the way of what is behind it.
      if (!/^[\x21-\x7e]{1,100}$/.test(id)) return { kind: 'rejected', cause: 'its id cannot be sent as a header' }
      let body: string | undefined
      try {
        body = JSON.stringify(message)
      } catch (error) {
        return { kind: 'rejected', cause: `it cannot be written as JSON: ${causeLine(error)}` }
      }
      if (body === undefined) return { kind: 'rejected', cause: 'it is empty' }
      const no = await beforehand()
      if (no !== undefined) return no
      try {
        return await breaker.execute(() => request(id, body))
      } catch (error) {
        if (error instanceof CircuitOpenError) {
          const retryAt = error.retryAt?.getTime()
          const leftMs = retryAt === undefined ? undefined : Math.max(0, retryAt - system.clock())
          return failed(`its circuit is ${error.state}, because it failed again and again`, leftMs)
        }
        if (error instanceof RequestFailed) {
          const { retryAfterMs: askedMs = 0 } = error.outcome
          if (askedMs > 0) await pause.begin(askedMs)
          return error.outcome
        }
        onError(error)
        return failed('an error that was not foreseen')
      }
    },

    async tryAnew() {
      try {
        await breaker.reset()
      } catch (error) {
        onError(error)
      }
      if (healthUrl !== undefined)
        await healthChecker(system, { url: healthUrl, folder: shared, ...healthLimits, onError, intervalMs: 0 }).check()
    },

    async status() {
      const { circuit, failures } = await breaker.refresh()
      const found = await health?.last()
      const pausedMs = await pause.leftMs()
      return {
        address: shownService(address),
        circuit: { state: circuit.state, failures, ...(circuit.state === 'open' ? { retryAt: circuit.retryAt } : {}) },
        ...(found === undefined ? {} : { health: found }),
        ...(pausedMs > 0 ? { pausedUntil: new Date(system.clock() + pausedMs).toISOString() } : {}),
      }
    },
  }
}

interface Judgement {
  readonly outcome: Outcome
  /** It may be otherwise in a moment. */
  readonly isFleeting: boolean
}

/** Answers that say something of the moment, not of the event. */
const fleeting = [408, 425, 429]
/** Answers that say something of the address or of who asks, not of the event: mended by the user, they let it in. */
const aboutUs = [401, 404]

function judge(answer: Answer, now: number): Judgement {
  if (answer.kind === 'none') return { outcome: failed(answer.cause), isFleeting: true }
  const { status, retryAfter, date = '' } = answer
  if (status >= 200 && status < 300) return { outcome: { kind: 'accepted' }, isFleeting: false }
  if (status >= 300 && status < 400) {
    return { outcome: failed(`it answered ${status}: a redirect, and none is followed`), isFleeting: false }
  }
  const cause = `it answered ${status}`
  if (aboutUs.includes(status)) return { outcome: failed(cause), isFleeting: false }
  if (status < 500 && !fleeting.includes(status)) return { outcome: { kind: 'rejected', cause }, isFleeting: false }
  // A date is measured by the clock of whoever wrote it.
  const theirs = Date.parse(date)
  return { outcome: failed(cause, retryAfterMs(retryAfter, Number.isNaN(theirs) ? now : theirs)), isFleeting: true }
}

const failed = (cause: string, retryAfterMs?: number): Failed => ({
  kind: 'failed',
  cause,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

const retryAfterOf = (outcome: Outcome): number | undefined =>
  outcome.kind === 'failed' ? outcome.retryAfterMs : undefined
