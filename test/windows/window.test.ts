import { describe, expect, it } from 'vitest'
import type { CallEntry, Entry } from '../../lib/windows/entry.ts'
import { isEdit } from '../../lib/windows/entry.ts'
import { medianSpacing, turnsOf, withinSeconds, withinTurns } from '../../lib/windows/window.ts'

const noon = Date.parse('2026-03-04T12:00:00.000Z')
const entry = (id: string, turn: number, more: Partial<CallEntry> & { seconds?: number } = {}): CallEntry => {
  const { seconds = 0, ...fields } = more
  return {
    kind: 'call',
    id,
    at: new Date(noon + seconds * 1000).toISOString(),
    agent: 'main',
    turn,
    tool: 'Bash',
    fingerprint: 'f',
    operationKey: 'o',
    outcome: 'succeeded',
    ...fields,
  }
}
const ids = (entries: readonly CallEntry[]) => entries.map(({ id }) => id).join('')
const prompt: Entry = { kind: 'prompt', at: new Date(noon).toISOString() }

describe('a window of turns', () => {
  const entries: Entry[] = [
    entry('a', 1),
    entry('b', 2),
    prompt,
    entry('c', 3),
    entry('x', 3, { agent: 'a1' }),
    entry('d', 5),
  ]
  const latest = entry('e', 5)

  it.each([
    [1, 'de'],
    [2, 'de'],
    [3, 'cde'],
    [4, 'bcde'],
    [5, 'abcde'],
    [200, 'abcde'],
  ])('of %i turns, counted back from the latest call, holds %s', (turns, expected) => {
    expect(ids(withinTurns([...entries, latest], latest, turns))).toBe(expected)
  })

  it('leaves out what lies ahead, as after a turn number that was set back', () => {
    expect(ids(withinTurns([entry('a', 9), entry('b', 2)], entry('b', 2), 5))).toBe('b')
  })
})

describe('a window of seconds', () => {
  const entries = [-61, -60, -59, 0, 6, 3600].map((seconds, i) => entry(String(i), 1, { seconds }))

  it('holds what is younger than its length, of all agents', () => {
    expect(ids(withinSeconds(entries, noon, 60))).toBe('23')
    expect(ids(withinSeconds([entry('x', 1, { agent: 'a1' })], noon, 60))).toBe('x')
  })

  it.each([
    ['a year ahead', 365 * 86_400],
    ['a year back', -365 * 86_400],
    ['back to 1970', -noon / 1000],
  ])('after a clock that jumped %s it forgets what does not fit', (_what, seconds) => {
    expect(withinSeconds([entry('a', 1)], noon + seconds * 1000, 60)).toEqual([])
  })

  it('leaves out a time that is none', () => {
    expect(withinSeconds([{ ...entry('a', 1), at: 'x' }, prompt], noon, 60)).toEqual([])
  })
})

describe('turns', () => {
  it.each([
    [[], 0],
    [[1], 1],
    [[1, 1, 1], 1],
    [[1, 2, 1, 5], 3],
  ])('of calls in turns %j: %i', (turns, count) => {
    expect(turnsOf((turns as number[]).map((turn, i) => entry(String(i), turn)))).toBe(count)
  })
})

describe('the median of the times between neighbours', () => {
  it.each<[seconds: number[], median: number]>([
    [[], Number.POSITIVE_INFINITY],
    [[0], Number.POSITIVE_INFINITY],
    [[0, 4], 4],
    [[0, 4, 8, 12], 4],
    [[0, 4, 8, 68], 4],
    [[0, 60, 120, 124], 60],
  ])('of looks at %j s: %f s', (seconds, median) => {
    expect(medianSpacing(seconds.map((at, i) => entry(String(i), i, { seconds: at })))).toBe(median)
  })
})

it.each<[what: string, entry: Entry, edit: boolean]>([
  ['a successful edit', entry('a', 1, { edits: true }), true],
  ['a failed one', entry('a', 1, { edits: true, outcome: 'failed' }), false],
  ['a rejected one', entry('a', 1, { edits: true, outcome: 'invalid' }), false],
  ['a refused one', entry('a', 1, { edits: true, outcome: 'refused' }), false],
  ['a pending one', entry('a', 1, { edits: true, outcome: 'pending' }), false],
  ['another success', entry('a', 1), false],
  ['a prompt', prompt, false],
])('%s is an edit: %s', (_what, each, edit) => expect(isEdit(each)).toBe(edit))
