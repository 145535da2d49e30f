import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admitHook, afterRun, halfOpenHook, resetHook } from '../../lib/guard/hook-circuit.ts'
import { type HookRecord, newRecord } from '../../lib/guard/hook-state.ts'
import { usualLimits } from './guarded-home.ts'

const start = Date.parse('2026-01-01T00:00:00Z')

/**
 * What happens to one hook, and what is then: `ok` and `bad` are runs that were admitted, `late ok` and `late bad` runs that
 * were admitted long before, `try` only asks, a number lets seconds pass. `skip` stands for a run that was not admitted.
 */
function play(steps: string): { record: HookRecord; seen: string } {
  let record: HookRecord = newRecord
  let now = start
  let serial = 0
  const seen = steps.split(', ').map((step) => {
    if (/^-?\d+$/.test(step)) {
      now += Number(step) * 1000
      return step
    }
    if (step === 'reset') record = resetHook(record)
    else if (step === 'half-open') record = halfOpenHook(record)
    else if (step.startsWith('late ')) {
      record = afterRun(record, { id: 'late', ...(step.endsWith('bad') ? { error: 'e' } : {}) }, usualLimits, now)
    } else {
      serial += 1
      const admission = admitHook(record, `run-${serial}`, usualLimits, now)
      if (admission.kind === 'skip') return 'skip'
      record = admission.next
      const ended = { id: `run-${serial}`, durationMs: 5 }
      if (step !== 'try') record = afterRun(record, step === 'bad' ? { ...ended, error: 'e' } : ended, usualLimits, now)
    }
    return record.state
  })
  return { record, seen: seen.join(', ') }
}

describe('stories', () => {
  test.each([
    ['ok, bad, bad, ok, bad, bad', 'closed, closed, closed, closed, closed, closed'],
    ['bad, bad, bad', 'closed, closed, open'],
    ['bad, bad, bad, ok, bad', 'closed, closed, open, skip, skip'],
    ['bad, bad, bad, 299, ok', 'closed, closed, open, 299, skip'],
    ['bad, bad, bad, 300, ok, ok', 'closed, closed, open, 300, half_open, closed'],
    ['bad, bad, bad, 300, bad, 299, ok', 'closed, closed, open, 300, open, 299, skip'],
    ['bad, bad, bad, 300, ok, bad, ok', 'closed, closed, open, 300, half_open, open, skip'],
    ['bad, bad, bad, 300, try, ok', 'closed, closed, open, 300, half_open, skip'],
    // A trial that never reports back: the time-out and ten seconds later comes the next.
    ['bad, bad, bad, 300, try, 39, ok', 'closed, closed, open, 300, half_open, 39, skip'],
    ['bad, bad, bad, 300, try, 40, ok', 'closed, closed, open, 300, half_open, 40, half_open'],
    ['bad, bad, bad, late ok, late bad', 'closed, closed, open, open, open'],
    ['bad, bad, bad, 300, ok, late bad, ok', 'closed, closed, open, 300, half_open, half_open, closed'],
    ['bad, bad, bad, 300, ok, late ok, try', 'closed, closed, open, 300, half_open, half_open, half_open'],
    ['bad, bad, bad, reset, bad, bad', 'closed, closed, open, closed, closed, closed'],
    ['bad, bad, bad, half-open, ok, ok', 'closed, closed, open, half_open, half_open, closed'],
    ['half-open', 'closed'],
    // A clock that jumps back ends the wait instead of making it longer.
    ['bad, bad, bad, -3600, ok', 'closed, closed, open, -3600, half_open'],
    ['bad, bad, bad, 300, try, -3600, ok', 'closed, closed, open, 300, half_open, -3600, half_open'],
  ])('%s', (steps, expected) => expect(play(steps).seen).toBe(expected))
})

test('what a record says after three failures', () => {
  expect(play('ok, 1, bad, 1, bad, 1, bad').record).toEqual({
    state: 'open',
    failure_count: 3,
    consecutive_failures: 3,
    consecutive_successes: 0,
    first_failure: '2026-01-01T00:00:01.000Z',
    last_failure: '2026-01-01T00:00:03.000Z',
    last_success: '2026-01-01T00:00:00.000Z',
    last_error: 'e',
    disabled_at: '2026-01-01T00:00:03.000Z',
    retry_after: '2026-01-01T00:05:03.000Z',
    class: 'convenience',
    execution_count: 4,
    durations_ms: [5, 5, 5, 5],
  })
})

test('any course of things fits a model of ten lines', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('bad') },
    { weight: 3, arbitrary: fc.constant('ok') },
    fc.constantFrom('try', 'late ok', 'late bad', 'reset', 'half-open', '10', '41', '150', '300'),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [state, fails, wins, until, claimed, runs, failures, now] = ['closed', 0, 0, 0, -1e9, 0, 0, 0]
      for (const each of steps) {
        if (/^\d+$/.test(each)) now += Number(each)
        else if (each === 'reset') [state, fails, wins, claimed] = ['closed', 0, 0, -1e9]
        else if (each === 'half-open')
          [state, wins, claimed] = state === 'closed' ? [state, wins, claimed] : ['half_open', 0, -1e9]
        else if (each.startsWith('late')) {
          runs += 1
          const bad = each === 'late bad'
          if (bad) failures += 1
          if (state === 'closed') [fails, wins] = bad ? [fails + 1, 0] : [0, wins + 1]
          else if (bad) fails += 1
          if (state === 'closed' && fails >= 3) [state, until] = ['open', now + 300]
        } else {
          if (state === 'open' && now < until) continue
          if (state === 'half_open' && now < claimed + 40) continue
          if (state === 'open') [state, wins] = ['half_open', 0]
          if (state === 'half_open') claimed = now
          if (each === 'try') continue
          runs += 1
          claimed = -1e9
          if (each === 'bad') {
            failures += 1
            ;[fails, wins] = [fails + 1, 0]
            if (state === 'half_open' || fails >= 3) [state, until] = ['open', now + 300]
          } else {
            ;[fails, wins] = [0, wins + 1]
            if (state === 'half_open' && wins >= 2) state = 'closed'
          }
        }
      }
      const { record } = play(['reset', ...steps].join(', '))
      expect([record.state, record.consecutive_failures, record.execution_count, record.failure_count]).toEqual([
        ...[state, fails, runs, failures],
      ])
    }),
    { numRuns: 2000 },
  )
})
