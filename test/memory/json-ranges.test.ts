import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countEntries, cutSessionText, entriesOf } from '../../lib/memory/cut.ts'
import { elementRanges, fieldRanges, onOneLine } from '../../lib/memory/json-ranges.ts'

const spacing = fc.constantFrom(undefined, 0, 1, 2, '\t')
const sliceOf = (text: string, { start, end }: { start: number; end: number }) => text.slice(start, end)

describe('for any JSON', () => {
  test('the fields of an object are found with their values', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spacing, (object, space) => {
        const text = ` ${JSON.stringify(object, null, space)}\n`
        const found = fieldRanges(text)?.map(({ key, value }) => [key, JSON.parse(sliceOf(text, value))])
        expect(found).toEqual(Object.entries(JSON.parse(text)))
      }),
    )
  })

  test('the elements of an array are found, and fit on one line', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), spacing, (array, space) => {
        const text = JSON.stringify(array, null, space)
        const ranges = elementRanges(text, { start: 0, end: text.length }) ?? []
        expect(ranges.map((range) => onOneLine(text, range))).toEqual(array.map((value) => JSON.stringify(value)))
      }),
    )
  })

  test('what is cut plus what stays is what was, and the rest of the text is untouched', () => {
    const list = fc.array(fc.jsonValue(), { maxLength: 12 })
    fc.assert(
      fc.property(
        list,
        list,
        fc.dictionary(fc.string(), fc.jsonValue()),
        spacing,
        fc.nat(5),
        (evidence, history, rest, space, keep) => {
          const { evidence_ledger: _e, tool_history: _t, evidence_ledger_summary: _s, ...others } = rest
          const text = JSON.stringify(
            { ...others, evidence_ledger: evidence, tool_history: history, last: 1 },
            null,
            space,
          )
          const result = cutSessionText(text, { evidence_ledger: keep, tool_history: keep })
          if (evidence.length <= keep && history.length <= keep) {
            expect(result).toBeUndefined()
            return
          }
          const after = result?.text ?? ''
          for (const name of ['evidence_ledger', 'tool_history'] as const) {
            expect([...(result?.cut[name] ?? []), ...(entriesOf(after, name) ?? [])]).toEqual(entriesOf(text, name))
            expect(entriesOf(after, name)?.length).toBeLessThanOrEqual(keep)
          }
          const { evidence_ledger, tool_history, evidence_ledger_summary, ...left } = JSON.parse(after)
          expect(left).toEqual(JSON.parse(JSON.stringify({ ...others, last: 1 })))
          expect(evidence_ledger_summary?.count).toBe(evidence.length > keep ? evidence.length - keep : undefined)
          expect([evidence_ledger.length, tool_history.length].every((length) => length <= keep)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})

test.each(['', '[]', '1', '{', '{"a"', '{"a":', '{"a":}', '{"a":1', '{a:1}', 'null', '"{}"'])(
  '%j has no fields to find',
  (text) => {
    expect(fieldRanges(text)).toBeUndefined()
  },
)

test.each([
  ['a list that stands twice', '{"tool_history":[1,2,3],"tool_history":[4,5,6]}'],
  ['something that is no list', '{"tool_history":{"a":[1,2,3]}}'],
  ['a list further in', '{"a":{"tool_history":[1,2,3]}}'],
])('%s is not cut', (_, text) => {
  expect(cutSessionText(text, { tool_history: 1 })).toBeUndefined()
})

test('nesting of any depth takes no stack', () => {
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"tool_history":[1,2]}`
  expect(entriesOf(deep, 'tool_history')).toEqual(['1', '2'])
})

test('another program’s field of the summary’s name is left alone', () => {
  const text = '{"evidence_ledger":[1,2],"evidence_ledger_summary":"mine"}'
  expect(cutSessionText(text, { evidence_ledger: 1 })?.text).toBe(
    '{"evidence_ledger":[2],"evidence_ledger_summary":"mine"}',
  )
})

test('cutting everything leaves an empty list', () => {
  expect(cutSessionText('{"tool_history": [ 1, 2 ]}', { tool_history: 0 })?.text).toBe('{"tool_history": [  ]}')
})

test.each([
  ['{"tool_history":[1,2,3]}', { tool_history: 3 }],
  ['\ufeff{"tool_history":[1,2,3],"evidence_ledger":[1]}', { tool_history: 3, evidence_ledger: 1 }],
  ['{"tool_history":[1,2]}', {}],
  ['{"tool_history":[1,2,3],"tool_history":[4,5,6]}', {}],
  ['{"tool_history":[1,2,3]', {}],
  ['["tool_history",1,2,3]', {}],
])('entries counted in %j', (text, counts) => {
  expect(countEntries(text, { evidence_ledger: 2, tool_history: 2 })).toEqual(counts)
})
