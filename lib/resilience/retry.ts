import type { System } from '../system/system.ts'

/** How often, and after what pauses, something is tried again. */
export interface RetryPolicy {
  /** In all, the first included; 3 by default. */
  readonly tries: number
  /** Longest pause before the second try, milliseconds; doubled for each further one. 200 by default. */
  readonly firstDelayMs: number
  /** No pause is longer, milliseconds; 5,000 by default. Who asks for a longer one is not tried again at all. */
  readonly longestDelayMs: number
}

export const usualRetry: RetryPolicy = { tries: 3, firstDelayMs: 200, longestDelayMs: 5000 }

/** Longest pause that a service may ask for, milliseconds: a slip of the other side must not silence us for a week. */
export const longestRetryAfterMs = 3_600_000

/**
 * Tries until a result is good, the tries are used up, or the pause that was asked for is too long to wait here.
 *
 * @param again undefined for a result that is final; else how long the other side wants to be left alone, milliseconds, 0 where
 *   it did not say.
 * @returns the last result.
 * @throws what `attempt` throws, at once.
 */
export async function retried<T>(
  attempt: () => Promise<T>,
  again: (result: T) => number | undefined,
  policy: RetryPolicy,
  sleep: System['sleep'],
  random: () => number = Math.random,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const result = await attempt()
    const askedMs = again(result)
    if (askedMs === undefined || tried >= policy.tries || askedMs > policy.longestDelayMs) return result
    await sleep(Math.min(policy.longestDelayMs, askedMs + backoffMs(tried, policy, random())))
  }
}

/**
 * Exponential backoff with full jitter, milliseconds: anything between nothing and the doubled pause, so that many who failed
 * at the same moment do not come back at the same moment (Marc Brooker, "Exponential Backoff And Jitter", 2015).
 *
 * @param tried tries so far, from 1 on.
 * @param chance 0 to 1.
 */
export const backoffMs = (tried: number, { firstDelayMs, longestDelayMs }: RetryPolicy, chance: number): number =>
  chance * Math.min(longestDelayMs, firstDelayMs * 2 ** (tried - 1))

/**
 * The `Retry-After` header of an answer (RFC 9110, 10.2.3) as milliseconds from now, 0 to `longestRetryAfterMs`; undefined where
 * it is missing or says nothing.
 *
 * @param now milliseconds since 1970 by the clock that a date is measured with: the answer's own `Date`, where it has one.
 */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? ''
  // Only a whole HTTP date: `Date.parse` would make a year of `-1`.
  const date = /^[A-Za-z]{3,9},? .* GMT$/.test(text) ? Date.parse(text) - now : Number.NaN
  const asked = /^\d+$/.test(text) ? Number(text) * 1000 : date
  return Number.isNaN(asked) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, asked))
}
