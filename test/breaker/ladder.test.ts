import { describe, expect, it } from 'vitest'
import { cooldownSeconds, isTopRung, rungs } from '../../lib/breaker/ladder.ts'

const ladder = [5, 10, 30, 60, 300]

describe('the ladder starts at the base and goes on with the rungs above it', () => {
  it.each<[base: number, ladder: number[], cooldowns: number[]]>([
    [5, ladder, [5, 10, 30, 60, 300]],
    [10, ladder, [10, 30, 60, 300]],
    [30, ladder, [30, 60, 300]],
    [7, ladder, [7, 10, 30, 60, 300]],
    [0, ladder, [0, 5, 10, 30, 60, 300]],
    [300, ladder, [300]],
    [1000, ladder, [1000]],
    [5, [60, 5, 10], [5, 10, 60]],
    [5, [0.5], [5]],
  ])('base %f on %j: %j', (base, steps, cooldowns) => {
    expect(rungs(base, steps)).toEqual(cooldowns)
    expect(cooldowns.map((_, i) => cooldownSeconds(i + 1, base, steps))).toEqual(cooldowns)
  })
})

it.each([
  [0, 5],
  [1, 5],
  [2, 10],
  [5, 300],
  [6, 300],
  [1000, 300],
  [-3, 5],
])('level %i waits %i s', (level, seconds) => expect(cooldownSeconds(level, 5, ladder)).toBe(seconds))

it.each([
  [1, 5, false],
  [4, 5, false],
  [5, 5, true],
  [9, 5, true],
  [4, 10, true],
  [1, 300, true],
])('level %i of base %i stands on the last rung: %s', (level, base, top) => {
  expect(isTopRung(level, base, ladder)).toBe(top)
})

it('changes no ladder that it is given', () => {
  const mixed = Object.freeze([60, 5])
  expect(rungs(1, mixed)).toEqual([1, 5, 60])
})
