import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { configSchema } from '../../lib/config/schema.ts'
import { check } from '../../lib/schema/check.ts'
import type { Rule } from '../../lib/schema/rule.ts'
import {
  anything,
  flag,
  integer,
  list,
  number,
  object,
  oneOf,
  others,
  type Schema,
  text,
  time,
  variants,
  withDefault,
} from '../../lib/schema/schema.ts'

const shape = variants(
  'kind',
  object({ kind: oneOf('circle'), radius: number(0) }),
  object({ kind: oneOf('box', 'tile'), sides: list(integer(1, 9), 1, 4) }, { at: time() }),
)

describe('one value against one rule', () => {
  test.each<[string, Schema<unknown>, unknown, boolean]>([
    ['anything', anything(), null, true],
    ['a flag', flag(), false, true],
    ['no flag', flag(), 0, false],
    ['a bound', integer(2, 4), 4, true],
    ['past a bound', integer(2, 4), 5, false],
    ['below a bound', integer(2, 4), 1, false],
    ['a broken number for a whole one', integer(2, 4), 2.5, false],
    ['a whole number that a double cannot hold', integer(), 2 ** 53, false],
    ['a number in a string', integer(2, 4), '3', false],
    ['a boxed number', number(), Object(3), false],
    ['no number', number(), Number.NaN, false],
    ['1e999 in JSON', number(), JSON.parse('1e999'), false],
    ['an empty string', text(), '', true],
    ['too short a string', text(1), '', false],
    ['too long a string', text(0, 3), 'long', false],
    ['a string in a list', text(), ['a'], false],
    ['a time', time(), '2026-07-01T10:00:00.000Z', true],
    ['no time', time(), 'soon', false],
    ['one of the values', oneOf(1, 'one'), 1, true],
    ['none of the values', oneOf(1, 'one'), '1', false],
    ['a list', list(flag()), [], true],
    ['too short a list', list(flag(), 1), [], false],
    ['too long a list', list(flag(), 0, 1), [true, true], false],
    ['an object like a list', list(flag()), { length: 0 }, false],
    ['a list for an object', object({}), [], false],
    ['null for an object', object({}), null, false],
    ['a name that every object inherits', object({ valueOf: anything() }), {}, false],
  ])('%s', (_name, schema, value, right) => {
    expect(schema.check(value).ok).toBe(right)
  })
})

describe('where it is wrong', () => {
  const schema = object({ shapes: list(shape), name: text(1) }, { size: integer(0) })
  const paths = (value: unknown) => check(schema.rule, value).problems.map(({ path }) => path.join('.'))

  test.each<[unknown, string[]]>([
    [{ shapes: [], name: 'a' }, []],
    [undefined, ['']],
    [{}, ['shapes', 'name']],
    [{ shapes: 0, name: 0, size: 0.5 }, ['shapes', 'name', 'size']],
    [
      { shapes: [{ kind: 'circle', radius: -1 }, { kind: 'circle' }], name: 'a' },
      ['shapes.0.radius', 'shapes.1.radius'],
    ],
    [{ shapes: [{ kind: 'ring' }, {}, 1], name: 'a' }, ['shapes.0.kind', 'shapes.1.kind', 'shapes.2']],
    [{ shapes: [{ kind: 'tile', sides: [1, 10], at: '' }], name: 'a' }, ['shapes.0.sides.1', 'shapes.0.at']],
  ])('%j: %j', (value, expected) => {
    expect(paths(value)).toEqual(expected)
  })

  test('a problem brings the rule that was broken; an unknown field has none', () => {
    const { problems } = check(others(false, object({ size: integer(0, 9) })).rule, { size: 10, colour: 'red' })
    expect(problems).toEqual([
      { path: ['size'], rule: { type: 'integer', minimum: 0, maximum: 9 } },
      { path: ['colour'] },
    ])
  })

  test('a wrong kind brings every kind there is', () => {
    expect(check(shape.rule, { kind: 'ring' }).problems).toEqual([
      { path: ['kind'], rule: { enum: ['circle', 'box', 'tile'] } },
    ])
  })

  test('parse names the first one', () => {
    expect(() => schema.parse({ shapes: [{ kind: 'ring' }] })).toThrow('field shapes.0.kind has a wrong value')
    expect(() => schema.parse(7)).toThrow('field (whole document) has a wrong value')
  })
})

describe('the copy', () => {
  const fields = object({ name: withDefault(text(), 'none') }, { tags: list(text()) })

  test.each<[string, Schema<object>, string, object | undefined]>([
    ['leaves others out', fields, '{"name":"a","colour":"red"}', { name: 'a' }],
    ['passes others', others(true, fields), '{"colour":"red"}', { name: 'none', colour: 'red' }],
    ['refuses others', others(false, fields), '{"colour":"red"}', undefined],
  ])('%s', (_name, schema, json, expected) => {
    const verdict = schema.check(JSON.parse(json))
    expect(verdict.ok ? verdict.value : undefined).toEqual(expected)
  })

  test('has defaults, also those of an object that is not there, and never the same one twice', () => {
    const schema = object({ inner: withDefault(object({ tags: withDefault(list(text()), ['a']) }), {} as never) })
    const first = schema.parse({})
    first.inner.tags.push('b')
    expect(schema.parse({})).toEqual({ inner: { tags: ['a'] } })
  })

  test('has no field that is undefined, and shares nothing with the value', () => {
    const value = { name: undefined, tags: ['a'] }
    const copy = fields.parse(value)
    expect(Object.entries(copy)).toEqual([
      ['name', 'none'],
      ['tags', ['a']],
    ])
    expect(copy.tags).not.toBe(value.tags)
  })

  test.each([true, undefined])('keeps its prototype whatever JSON says; others %s', (pass) => {
    const schema = pass === undefined ? fields : others(pass, fields)
    const copy = schema.parse(JSON.parse('{"__proto__": {"tags": 1, "admin": true}, "constructor": 1}'))
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect((copy as { admin?: unknown }).admin).toBeUndefined()
  })

  test('is right again', () => {
    fc.assert(
      fc.property(validFor(configSchema.rule), (value) => {
        const copy = configSchema.parse(value)
        expect(configSchema.parse(copy)).toEqual(copy)
      }),
      { numRuns: 50 },
    )
  })
})

/**
 * Our own reader of the rules against zod's, which reads the same rules as the JSON Schema that they are: the verdict has to
 * be the same for right values and for right values with one part of them replaced.
 */
describe('agrees with another reader of JSON Schema', () => {
  const documents: Record<string, Rule> = {
    config: configSchema.rule,
    shapes: object({ shapes: list(shape) }, { note: text(1, 5), on: flag() }).rule,
    'others passed': others(true, object({ size: number(0, 1) }, { at: time(), tags: list(text(), 1) })).rule,
  }

  test.each(Object.entries(documents))('%s', (_name, rule) => {
    const other = z.fromJSONSchema(JSON.parse(JSON.stringify(rule)))
    fc.assert(
      fc.property(validFor(rule), fc.array(fc.nat(9), { maxLength: 5 }), junk, (right, route, bad) => {
        expect(check(rule, right).problems).toEqual([])
        expect(other.safeParse(right).success).toBe(true)
        const { value, path } = replaced(right, route, bad)
        const { problems, copy } = check(rule, value)
        const parsed = other.safeParse(value)
        expect(problems.length === 0).toBe(parsed.success)
        if (rule.additionalProperties !== undefined && parsed.success) expect(copy).toMatchObject(value as object)
        for (const problem of problems) {
          // another kind makes its neighbours wrong, so the last step may differ
          const common = Math.min(problem.path.length, path.length - 1)
          expect(problem.path.slice(0, common).map(String)).toEqual(path.slice(0, common))
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** Values that a rule allows. */
function validFor(rule: Rule): fc.Arbitrary<unknown> {
  if (rule.enum !== undefined) return fc.constantFrom(...rule.enum)
  if (rule.oneOf !== undefined) return fc.oneof(...rule.oneOf.map(validFor))
  switch (rule.type) {
    case undefined:
      return fc.jsonValue()
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: rule.minimum ?? -1e6, max: rule.maximum ?? 1e6 })
    case 'number':
      return fc.double({ min: rule.minimum ?? -1e6, max: rule.maximum ?? 1e6, noNaN: true })
    case 'string':
      return rule.format === undefined
        ? fc.string({ minLength: rule.minLength ?? 0, maxLength: rule.maxLength ?? 20 })
        : fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString())
    case 'array':
      return fc.array(validFor(rule.items ?? {}), { minLength: rule.minItems ?? 0, maxLength: rule.maxItems ?? 5 })
    case 'object': {
      const properties = rule.properties ?? {}
      const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, validFor(field)]))
      return fc.record(fields, { requiredKeys: [...(rule.required ?? [])], noNullPrototype: true })
    }
    default:
      return rule.type satisfies never
  }
}

/** What stands in files by mistake; texts that only some call a time are left out. */
const junk = fc.oneof(
  fc.constantFrom(null, true, '', 'block', 'circle', 0, -1, 0.5, 3, 1e9, 2 ** 53, 1e300, 'now', [], {}, [1], ['']),
  fc.constant('x'.repeat(300)),
  fc.constant(Array.from({ length: 300 }, () => 'a')),
)

/** The value with the part that a route of numbers leads to replaced, or a new field put there. */
function replaced(value: unknown, route: readonly number[], by: unknown): { value: unknown; path: string[] } {
  const [turn, ...rest] = route
  if (turn === undefined || typeof value !== 'object' || value === null) return { value: by, path: [] }
  const names = [...Object.keys(value), ...(Array.isArray(value) ? [] : ['colour'])]
  const name = names[turn % names.length]
  if (name === undefined) return { value: by, path: [] }
  const inner = replaced((value as Record<string, unknown>)[name], rest, by)
  const changed = Object.assign(Array.isArray(value) ? [...value] : { ...value }, { [name]: inner.value })
  return { value: changed, path: [name, ...inner.path] }
}
