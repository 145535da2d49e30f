import { expect, test } from 'vitest'
import { graceful, gracefulTally } from '../../lib/resilience/graceful.ts'

const secret = 'password=hunter2hunter2'

test.each<[what: string, fn: () => unknown, result: unknown, failed: number]>([
  ['a value', () => 1, 1, 0],
  ['a promise', async () => 1, 1, 0],
  ['undefined', () => undefined, undefined, 0],
  [
    'a throw',
    () => {
      throw new Error(secret)
    },
    'fallback',
    1,
  ],
  ['a rejection', () => Promise.reject(new Error(secret)), 'fallback', 1],
  ['a rejection without an error', () => Promise.reject(secret), 'fallback', 1],
  ['a rejection with nothing', () => Promise.reject(), 'fallback', 1],
])('%s', async (_what, fn, result, failed) => {
  const lines: string[] = []
  const tally = { succeeded: 0, failed: 0 }
  expect(await graceful(fn, 'fallback', { onError: (line) => lines.push(line), tally })).toBe(result)
  expect(tally).toEqual({ succeeded: 1 - failed, failed })
  expect(lines).toHaveLength(failed)
  expect(lines.join()).not.toContain('hunter2')
})

test('whoever is told may fail too, and the process counts', async () => {
  const before = { ...gracefulTally }
  const onError = () => {
    throw new Error('nobody listens')
  }
  expect(await graceful(() => Promise.reject(new Error('no')), 2, { onError })).toBe(2)
  expect(gracefulTally).toEqual({ succeeded: before.succeeded, failed: before.failed + 1 })
})
