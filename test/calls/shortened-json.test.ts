import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeCall } from '../../lib/calls/call.ts'
import type { Json } from '../../lib/calls/json.ts'
import { resultFingerprints } from '../../lib/calls/result.ts'
import { shortenedJson } from '../../lib/calls/shortened-json.ts'

/** Bytes of a string between its quotes up to which it is left alone. */
const longest = 512 * 1024
const shortened = (json: string): string => shortenedJson(Buffer.from(json))

/** As many whole pieces as make a string that is longer than `longest` as JSON. */
const over = (piece: string, bytes = longest + 1): string =>
  piece.repeat(Math.ceil(bytes / (Buffer.byteLength(JSON.stringify(piece)) - 2)))

const hasHalves = (text: string): boolean => Buffer.from(text).toString() !== text

/** Expects `short` to be `long` with the middle left out. */
function expectEnds(short: string, long: string, bytes: number): void {
  const marker = `[${bytes} bytes]`
  const at = short.indexOf(marker)
  expect(at).toBeGreaterThan(0)
  const [head, tail] = [short.slice(0, at), short.slice(at + marker.length)]
  expect(long.startsWith(head) && long.endsWith(tail)).toBe(true)
  for (const part of [head, tail]) {
    // eight thousand bytes, and a unit of UTF-16 has six of them at most; one character more or less
    expect(part.length).toBeGreaterThanOrEqual(1331)
    expect(part.length).toBeLessThanOrEqual(8002)
    if (!hasHalves(long)) expect(hasHalves(part)).toBe(false)
  }
}

/** Expects the same structure with the same strings, but for those that are too long. */
function expectSame(short: Json | undefined, long: Json, bytesOf: (text: string) => number): void {
  if (typeof long === 'string') {
    const bytes = bytesOf(long)
    if (bytes <= longest) expect(short === long).toBe(true)
    else expectEnds(short as string, long, bytes)
  } else if (long !== null && typeof long === 'object') {
    expect(Array.isArray(short)).toBe(Array.isArray(long))
    const [some, all] = [Object.entries(short as object), Object.entries(long)]
    expect(some.length).toBe(all.length)
    for (const [i, [key, value]] of all.entries()) {
      expectSame(some[i]?.[0], key, bytesOf)
      expectSame(some[i]?.[1], value, bytesOf)
    }
  } else expect(short).toBe(long)
}

const bytesAsWritten = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2
/** JSON that has no letter beyond ASCII, as other programs write it. */
const inAscii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

describe('what is left alone', () => {
  it.each([
    ['nothing', ''],
    ['a short text', '{"a":"b"}'],
    ['a string of just so many bytes', JSON.stringify('x'.repeat(longest))],
    ['just so many bytes of two each', JSON.stringify('ä'.repeat(longest / 2))],
    ['just so many bytes of escapes', JSON.stringify('"'.repeat(longest / 2))],
    ['many short strings', JSON.stringify(Array.from({ length: 100_000 }, (_, i) => `"${i}" \\`))],
    ['a long text that is no string', `[${'1,'.repeat(longest)}1]`],
    ['a string that is not closed', `["a","${'x'.repeat(longest * 2)}`],
    ['one whose last quote is escaped', `["a","${'x'.repeat(longest * 2)}\\"`],
  ])('%s', (_what, json) => expect(shortened(json) === json).toBe(true))
})

describe('a string that is too long', () => {
  it.each<[what: string, text: string]>([
    ['lines', over('line of a result\n')],
    ['nothing but quotes', over('"')],
    ['nothing but backslashes', over('\\')],
    ['a backslash at the end', `${over('x')}\\`],
    ['a quote at the end', `${over('x')}"`],
    ['letters of two bytes', over('ü')],
    ['letters of three', over('€')],
    ['letters of four', over('𝄞')],
    ['control characters', over('\u0001')],
    ['a surrogate alone', over('\ud83d')],
    ['one byte too many', over('x')],
    ['what looks like its end', over('"},{"a":"b\\",')],
  ])('%s', (_what, text) => {
    for (let shift = 0; shift < 13; shift += 1) {
      const long = { 'a key': [`${'-'.repeat(shift)}${text}`, 'b', `${text}${'-'.repeat(shift)}`] }
      const json = JSON.stringify(long)
      expectSame(JSON.parse(shortened(json)), long, bytesAsWritten)
      const ascii = inAscii(json)
      expectSame(JSON.parse(shortened(ascii)), long, (one) => inAscii(JSON.stringify(one)).length - 2)
    }
  })

  it('is shortened alike wherever it stands', () => {
    const text = over('a "line"\\ ü\n')
    const alone = JSON.parse(shortened(JSON.stringify(text)))
    const many = Array.from({ length: 2000 }, (_, i) => `"${i}`)
    for (const around of [
      [text],
      [text, text],
      [...many, text],
      ['\\', text, over('\\')],
      [over('"'), text, ...many],
    ]) {
      const { [text]: value, ...others } = { [text]: around }
      expect(others).toEqual({})
      const [key, list] = Object.entries(JSON.parse(shortened(JSON.stringify({ [text]: value }))))[0] ?? []
      expect(key === alone).toBe(true)
      expect((list as string[])[around.indexOf(text)] === alone).toBe(true)
    }
  })

  it('is left alone once it is shortened', () => {
    const once = shortened(JSON.stringify([over('ab"')]))
    expect(shortened(once) === once).toBe(true)
  })

  it('tells its length, and fingerprints see that', () => {
    const one = (text: string) => JSON.parse(shortened(JSON.stringify(text))) as string
    const [text, longer, other] = [over('x'), `${over('x')}x`, `${over('x').slice(0, -40_000)}y${'x'.repeat(39_999)}`]
    expect(one(text) === one(other)).toBe(true)
    for (const [a, b] of [
      [one(text), one(longer)],
      // with the other stream before it or behind it
      [`${one(text)}\n${'e'.repeat(90_000)}`, `${one(longer)}\n${'e'.repeat(90_000)}`],
      [`${'e'.repeat(2000)}\n${one(text)}`, `${'e'.repeat(2000)}\n${one(longer)}`],
    ] as const)
      expect(resultFingerprints(a).exact).not.toBe(resultFingerprints(b).exact)
    const written = (content: string) => describeCall('id', 'Write', { file_path: '/a', content }).fingerprint
    expect(written(one(text))).not.toBe(written(one(longer)))
  })
})

it('whatever JSON it is, the structure stays', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('"', '\\', 'n', 'u', 'd83d', ' '), minLength: 1, maxLength: 12 }),
  )
  const longText = fc
    .tuple(piece, fc.constantFrom(0, 1, 2, -6, -1, 1000, longest), piece)
    .map(([text, more, end]) => over(text, longest + more) + end)
  const text = fc.oneof({ weight: 3, arbitrary: fc.string({ unit: 'binary' }) }, { weight: 1, arbitrary: longText })
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      text,
      fc.constantFrom<Json>(null, true, 0, -1.5e300),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.nat(), (list, indented, place) => {
      const json = JSON.stringify([...list, over('"x\\')], null, indented ? 2 : 0)
      expectSame(JSON.parse(shortened(json)), JSON.parse(json), bytesAsWritten)
      const ascii = inAscii(json)
      const parsed = JSON.parse(ascii)
      expectSame(JSON.parse(shortened(ascii)), parsed, (one) => inAscii(JSON.stringify(one)).length - 2)
      // what has been broken off is not made whole
      const broken = json.slice(0, place % json.length)
      expect(() => JSON.parse(shortened(broken))).toThrow()
    }),
    { numRuns: 40 },
  )
}, 60_000)
