import { causeLine } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import type { Deliver, EventSpool, Receipt, ServiceEvent } from './contracts.ts'
import { below } from './http.ts'
import { type RetryPolicy, usualRetry } from './retry.ts'
import { type Outcome, type Service, type ServiceStatus, service } from './service.ts'
import type { ServiceSettings } from './service-settings.ts'

/**
 * Sends events to the user's services, over HTTP:
 *
 * - Patterns: `POST <url>/events` with `{"id", "key", "at", "kind", "body"}`; before that, at most once per interval,
 *   `GET <url>/health`. Alerts: `POST <webhook>` with the event's `body` as it is, in whatever shape the webhook takes.
 * - One event, one request, one after another. Its id is the header `Idempotency-Key`: an event whose answer was lost comes again
 *   with the same one.
 * - An answer of 2xx, whole and in time, acknowledges it for ever. Its body is not looked at.
 * - 4xx says that this event will never be taken, except for 401 and 404, which are about the address, and 408, 425 and 429, which
 *   are about the moment. After these, anything else, or no answer, it stays, and nothing behind it is sent to that service.
 * - `Retry-After`, in seconds or as a date, holds for all processes, an hour at most. No redirect is followed.
 */
export interface ApiClient {
  /** Sends what waits; a service that fails once in a call is not tried again in it, and what is behind gets no receipt. */
  readonly deliver: Deliver
  /**
   * Sends one event now, after those that were given here before it. It goes to the spool where it cannot be sent, or where others
   * wait there already. Never throws.
   */
  send(event: ServiceEvent): Promise<Receipt | Spooled>
  /** A person wants the services tried now, whatever is remembered of their failures. Never throws. */
  tryAnew(): Promise<void>
  /**
   * What is known of the services that are set; asks nothing over the network.
   *
   * @throws KnownError where the folder cannot be read.
   */
  status(): Promise<Partial<Record<ServiceEvent['route'], ServiceStatus>>>
}

/** Not sent, and not lost. */
export interface Spooled {
  readonly id: string
  readonly kind: 'spooled'
  readonly cause: string
}

export interface ApiClientOptions {
  /** Where `send` leaves what it cannot send; without one it only says so. */
  readonly spool?: Pick<EventSpool, 'add' | 'report'>
  /** For one request, milliseconds; 5,000 by default. */
  readonly requestTimeoutMs?: number
  readonly retry?: Partial<RetryPolicy>
  /** Told of what went wrong beside the requests and stopped none: the folder cannot be written, for example. */
  readonly onError?: (error: unknown) => void
}

export function apiClient(
  system: System,
  settings: Omit<ServiceSettings, 'maxAgeMs' | 'maxBytes'>,
  options: ApiClientOptions = {},
): ApiClient {
  const { spool, requestTimeoutMs = 5000, onError = () => undefined } = options
  const { tracking, alerts } = settings
  const usual = { requestTimeoutMs, retry: { ...usualRetry, ...options.retry }, onError }
  const services: Partial<Record<ServiceEvent['route'], Service>> = {
    ...(tracking && {
      patterns: service(system, settings, {
        name: 'patterns',
        address: below(tracking.url, 'events'),
        healthUrl: tracking.url,
        ...usual,
      }),
    }),
    ...(alerts && { alerts: service(system, settings, { name: 'alerts', address: alerts.webhook, ...usual }) }),
  }

  const post = async (event: ServiceEvent): Promise<Outcome> =>
    (await services[event.route]?.post(event, messageOf(event))) ?? {
      kind: 'failed',
      cause: `no address is set for ${event.route}`,
    }

  const deliver: Deliver = async (events) => {
    const receipts: Receipt[] = []
    const failing = new Set<ServiceEvent['route']>()
    for (const event of events) {
      if (failing.has(event.route)) continue
      const outcome = await post(event)
      if (outcome.kind === 'failed') failing.add(event.route)
      receipts.push({ id: event.id, ...outcome })
    }
    return receipts
  }

  const sendNow = async (event: ServiceEvent): Promise<Receipt | Spooled> => {
    const { id } = event
    const isWaitedFor = await hasPending()
    const outcome: Outcome = isWaitedFor ? { kind: 'failed', cause: 'others wait already' } : await post(event)
    if (outcome.kind !== 'failed' || spool === undefined) return { id, ...outcome }
    try {
      spool.add(event)
      return { id, kind: 'spooled', cause: outcome.cause }
    } catch (error) {
      return { id, kind: 'failed', cause: `${outcome.cause}; and it was not kept: ${causeLine(error)}` }
    }
  }

  const hasPending = async (): Promise<boolean> => {
    try {
      return spool !== undefined && (await spool.report()).pending > 0
    } catch (error) {
      onError(error)
      return false
    }
  }

  /** The end of the line of those that were given to `send`: one that is tried again must not be overtaken. */
  let last: Promise<unknown> = Promise.resolve()

  return {
    deliver,
    send(event) {
      const sent = last.then(() => sendNow(event))
      last = sent
      return sent
    },
    async tryAnew() {
      await Promise.all(Object.values(services).map((one) => one.tryAnew()))
    },
    async status() {
      const found = Object.entries(services).map(async ([route, one]) => [route, await one.status()] as const)
      return Object.fromEntries(await Promise.all(found))
    },
  }
}

/** What is sent of an event: to whom it goes it need not be told. */
function messageOf({ id, key, at, kind, body, route }: ServiceEvent): unknown {
  switch (route) {
    case 'patterns':
      return { id, key, at, kind, body }
    case 'alerts':
      return body
    default:
      return route satisfies never
  }
}
