import { describe, expect, it } from 'vitest'
import { isProbe, probeReleased, probeSucceeded, remainingSeconds } from '../../lib/breaker/transitions.ts'
import { ask, jumps, noon } from './circuit.ts'

describe.each([
  ['forced_open', { kind: 'refuse', because: 'forced_open', seconds: Number.POSITIVE_INFINITY }],
  ['disabled', { kind: 'pass' }],
] as const)('%s', (name, answer) => {
  const state = { state: name }

  it.each([['no time', 0] as const, ...jumps])('answers the same after %s', (_what, seconds) => {
    expect(ask(state, seconds)).toEqual(answer)
    expect(remainingSeconds(state, noon + seconds * 1000, 30)).toBe(0)
  })

  it('is left by hand only', () => {
    expect(isProbe(state, 'x')).toBe(false)
    expect(probeSucceeded(state, 1)).toEqual(state)
    expect(probeReleased(state)).toEqual(state)
  })
})
