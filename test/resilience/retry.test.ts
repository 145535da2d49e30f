import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs, longestRetryAfterMs, retried, retryAfterMs, usualRetry } from '../../lib/resilience/retry.ts'

/** Runs attempts with these results; a number asks to be tried again after so many milliseconds. */
async function run(results: readonly (number | 'good')[], tries = 3) {
  const slept: number[] = []
  let calls = 0
  const result = await retried(
    async () => results[calls++] ?? 'good',
    (given) => (given === 'good' ? undefined : given),
    { ...usualRetry, tries },
    async (milliseconds) => void slept.push(milliseconds),
    () => 0.5,
  )
  return { result, calls, slept }
}

test.each<[what: string, results: (number | 'good')[], tries: number, calls: number, slept: number[]]>([
  ['good at once', ['good'], 3, 1, []],
  ['good at the second try', [0, 'good'], 3, 2, [100]],
  ['good at the third', [0, 0, 'good'], 3, 3, [100, 200]],
  ['never good', [0, 0, 0, 0], 3, 3, [100, 200]],
  ['one try only', [0, 'good'], 1, 1, []],
  ['the other side wants time', [2000, 'good'], 3, 2, [2100]],
  ['the pause is capped', [4950, 'good'], 3, 2, [5000]],
  ['it wants more time than anybody waits here', [5001, 'good'], 3, 1, []],
])('%s', async (_what, results, tries, calls, slept) => {
  expect(await run(results, tries)).toMatchObject({ calls, slept })
})

test('an error of the attempt is passed on at once', async () => {
  let calls = 0
  const attempt = async (): Promise<never> => {
    calls += 1
    throw new Error('no')
  }
  await expect(
    retried(
      attempt,
      () => 0,
      usualRetry,
      async () => undefined,
    ),
  ).rejects.toThrow('no')
  expect(calls).toBe(1)
})

test('a pause lies between nothing and the doubled delay, and never above the longest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (tried, chance) => {
      const pause = backoffMs(tried, usualRetry, chance)
      expect(pause).toBeGreaterThanOrEqual(0)
      expect(pause).toBeLessThanOrEqual(Math.min(5000, 200 * 2 ** (tried - 1)))
    }),
  )
})

const now = Date.parse('2026-03-04T12:00:00Z')
test.each<[value: string | undefined, milliseconds: number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7000],
  ['99999999999999999999', longestRetryAfterMs],
  ['Wed, 04 Mar 2026 12:00:30 GMT', 30_000],
  ['Wed, 04 Mar 2026 11:00:00 GMT', 0],
  ['Wed, 04 Mar 2099 11:00:00 GMT', longestRetryAfterMs],
  ['Wednesday, 04-Mar-26 12:00:30 GMT', 30_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Wed, 99 Foo 2026 12:00:30 GMT', undefined],
])('Retry-After: %s is %s ms', (value, milliseconds) => {
  expect(retryAfterMs(value, now)).toBe(milliseconds)
})
