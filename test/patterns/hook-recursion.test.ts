import { describe, expect, it } from 'vitest'
import { blocksTooOften, depthByEnvironment, tooDeep } from '../../lib/patterns/hook-recursion.ts'

describe('a session is nested too deeply', () => {
  const chain = 'claude -p fix > sh stop.sh > claude -p fix'
  it.each([
    [1, 3, undefined],
    [3, 3, undefined],
    [4, 3, `is 4 deep, more than 3: ${chain}`],
    [2, 1, `is 2 deep, more than 1: ${chain}`],
  ])('at depth %i with %i allowed: %s', (depth, max_depth, why) => {
    expect(tooDeep({ depth, chain }, { max_depth })).toBe(why)
  })
})

describe('a hook blocks too often', () => {
  const limits = { threshold: 5, window_turns: 10 }
  const inTurns = (...turns: number[]) =>
    blocksTooOften(
      turns.map((turn) => ({ turn })),
      limits,
    )

  it.each([
    ['five times without any work', [3, 3, 3, 3, 3]],
    ['ten times, with two turns of work before each', [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]],
    ['never', []],
  ])('not: %s', (_how, turns) => {
    expect(inTurns(...turns)).toBeUndefined()
  })

  it.each([
    [
      'six times without any work',
      [3, 3, 3, 3, 3, 3],
      'blocked 6 times in 1 turn of one prompt, more than 5 times in 10',
    ],
    [
      'six times in ten turns',
      [1, 3, 5, 7, 9, 10],
      'blocked 6 times in 10 turns of one prompt, more than 5 times in 10',
    ],
    [
      'slowly at first',
      [1, 20, 21, 22, 23, 24, 25],
      'blocked 6 times in 6 turns of one prompt, more than 5 times in 10',
    ],
  ])('%s', (_how, turns, why) => {
    expect(inTurns(...turns)).toBe(why)
  })
})

it.each([
  [undefined, 1],
  ['', 1],
  ['0', 1],
  ['1', 2],
  ['3', 4],
  ['three', 1],
  ['-1', 1],
  ['1e9', 1],
  ['99999', 1],
])('BREAKERBOX_DEPTH=%s means depth %i', (outer, depth) => {
  expect(depthByEnvironment({ BREAKERBOX_DEPTH: outer })).toBe(depth)
})
