import { describe, expect, it } from 'vitest'
import { isProbe, probeReleased, probeSucceeded } from '../../lib/breaker/transitions.ts'
import { ask, jumps, noon } from './circuit.ts'

const free = { state: 'half_open', successes: 0 } as const
const probing = { ...free, probe: { id: 'me', claimedAt: new Date(noon).toISOString() } } as const

it('without a probe the next call is one', () => {
  expect(ask(free, 0, { id: 'me' })).toEqual({ kind: 'probe', next: probing })
})

it('the holder of the claim passes again, at any time', () => {
  for (const seconds of [0, 60, 120, 1e6, -3600]) expect(ask(probing, seconds, { id: 'me' })).toEqual({ kind: 'pass' })
})

it.each([
  [0, 120],
  [119, 1],
])('%i s after the claim others wait, at most %i s', (later, left) => {
  expect(ask(probing, later)).toEqual({ kind: 'refuse', because: 'probing', seconds: left })
})

it.each([120, 121, 1e6])('%i s after the claim it has expired and the next call takes it', (later) => {
  expect(ask(probing, later)).toMatchObject({ kind: 'probe', next: { probe: { id: 'x' } } })
})

it('a probe that is known to be gone is taken over at once', () => {
  expect(ask(probing, 1, { probeIsGone: true })).toMatchObject({ kind: 'probe', next: { probe: { id: 'x' } } })
})

describe('a clock that jumps frees the probe', () => {
  it.each(jumps)('%s', (_what, seconds) => expect(ask(probing, seconds).kind).toBe('probe'))
})

describe('what a probe comes to', () => {
  it('knows its holder', () => {
    expect(isProbe(probing, 'me')).toBe(true)
    expect(isProbe(probing, 'x')).toBe(false)
    expect(isProbe(free, 'me')).toBe(false)
  })

  it('closes after as many successes as asked for', () => {
    expect(probeSucceeded(probing, 1)).toEqual({ state: 'closed' })
    const once = probeSucceeded(probing, 2)
    expect(once).toEqual({ state: 'half_open', successes: 1 })
    expect(probeSucceeded(once, 2)).toEqual({ state: 'closed' })
  })

  it('keeps the successes when the next probe is claimed or given back', () => {
    const once = { state: 'half_open', successes: 1 } as const
    expect(ask(once, 0)).toMatchObject({ next: { successes: 1 } })
    expect(probeReleased({ ...probing, successes: 1 })).toEqual(once)
  })

  it('given back, it is free', () => expect(probeReleased(probing)).toEqual(free))
})
