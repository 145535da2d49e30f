import { describe, expect, it } from 'vitest'
import { isProbe, open, probeReleased, probeSucceeded, remainingSeconds } from '../../lib/breaker/transitions.ts'
import { ask, jumps, noon } from './circuit.ts'

const state = open(noon, 30)

it('says when it opened and until when', () => {
  expect(state).toEqual({
    state: 'open',
    openedAt: '2026-03-04T12:00:00.000Z',
    retryAt: '2026-03-04T12:00:30.000Z',
  })
})

it.each([
  [0, 30],
  [1, 29],
  [29.999, 0.001],
])('%f s later it refuses for %f s more', (later, left) => {
  expect(ask(state, later)).toMatchObject({ kind: 'refuse', because: 'open', seconds: expect.closeTo(left, 6) })
})

it.each([30, 30.001, 31, 1e6])('%f s later the next call is the probe, and claims it', (later) => {
  expect(ask(state, later, { id: 'me' })).toEqual({
    kind: 'probe',
    next: {
      state: 'half_open',
      successes: 0,
      probe: { id: 'me', claimedAt: new Date(noon + later * 1000).toISOString() },
    },
  })
})

it('a cooldown of nothing probes at once', () => {
  expect(ask(open(noon, 0), 0, { cooldownSeconds: 0 }).kind).toBe('probe')
})

describe('a clock that jumps never makes a wait longer than the rung', () => {
  it.each(jumps)('%s', (_what, seconds) => {
    const left = remainingSeconds(state, noon + seconds * 1000, 30)
    expect(left).toBe(0)
    expect(ask(state, seconds).kind).toBe('probe')
  })

  it('within the cooldown it is an ordinary moment', () => {
    expect(remainingSeconds(state, noon + 10_000, 30)).toBe(20)
  })

  it.each([
    ['far ahead', { openedAt: '2026-03-04T11:59:00.000Z', retryAt: '2031-01-01T00:00:00.000Z' }],
    ['opened in the future', { openedAt: '2026-03-04T13:00:00.000Z', retryAt: '2026-03-04T13:00:30.000Z' }],
    ['no time at all', { openedAt: 'x', retryAt: 'y' }],
    ['half of one', { openedAt: '2026-03-04T12:00:00.000Z', retryAt: '' }],
  ])('saved times that make no sense: %s', (_what, times) => {
    expect(remainingSeconds({ state: 'open', ...times }, noon, 30)).toBe(0)
  })

  it('a rung that was made shorter in the config ends the wait with it', () => {
    expect(remainingSeconds(open(noon, 300), noon + 1000, 5)).toBeLessThanOrEqual(4)
    expect(remainingSeconds(open(noon, 300), noon + 5000, 5)).toBe(0)
  })

  it('a clock that lags a moment behind the one that opened it waits one rung at most', () => {
    expect(remainingSeconds(state, noon - 1000, 30)).toBeLessThanOrEqual(30)
  })
})

it('holds no probe, and late results of one change nothing', () => {
  expect(isProbe(state, 'x')).toBe(false)
  expect(probeSucceeded(state, 1)).toEqual(state)
  expect(probeReleased(state)).toEqual(state)
})

it('reading changes nothing', () => {
  const frozen = Object.freeze({ ...state })
  ask(frozen, 0)
  ask(frozen, 60)
  expect(frozen).toEqual(open(noon, 30))
})
