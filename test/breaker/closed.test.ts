import { expect, it } from 'vitest'
import { isProbe, probeReleased, probeSucceeded, remainingSeconds } from '../../lib/breaker/transitions.ts'
import { ask, jumps, noon } from './circuit.ts'

const closed = { state: 'closed' } as const

it.each([['no time', 0] as const, ...jumps])('lets every call pass, after %s', (_what, seconds) => {
  expect(ask(closed, seconds)).toEqual({ kind: 'pass' })
  expect(remainingSeconds(closed, noon + seconds * 1000, 30)).toBe(0)
})

it('holds no probe, and late results of one change nothing', () => {
  expect(isProbe(closed, 'x')).toBe(false)
  expect(probeSucceeded(closed, 1)).toEqual(closed)
  expect(probeReleased(closed)).toEqual(closed)
})
