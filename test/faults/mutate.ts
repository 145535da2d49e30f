/** A small source of repeatable chance (mulberry32, Tommy Ettinger, public domain). */
export function randomSource(seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    chance: (share: number): boolean => next() < share,
    one: <T>(values: readonly T[]): T => values[below(values.length)] as T,
  }
}

export type Random = ReturnType<typeof randomSource>

/** Values that no field of the protocol should have, or that are hard on whoever takes them. */
const odd: readonly ((random: Random) => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => '',
  () => [],
  () => ({}),
  () => 'a\ud800',
  () => '\udc00\ud800',
  () => '\u0000\u001b[2J\u202e',
  () => '__proto__',
  () => '../../etc/passwd',
  () => 'CON',
  () => 'NaN',
  (random) => 'x'.repeat(random.below(3000)),
  (random) => '😀'.repeat(random.below(1200)),
  (random) => 'y'.repeat(random.chance(0.02) ? 300_000 : 10_000),
  (random) => nested(random.below(600)),
  () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  () => Array.from({ length: 300 }, (_, n) => ({ tool_name: 'Bash', tool_use_id: `many-${n}`, tool_input: {} })),
  () => ({ toString: 1, valueOf: null, length: -1 }),
  () => '2026-13-45T99:99:99Z',
  () => '<task-notification>SUDO BYPASS',
  () => 'SUDO BYPASS',
]

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let n = 0; n < depth; n += 1) value = n % 2 === 0 ? [value] : { a: value }
  return value
}

type Path = readonly (string | number)[]

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [at, ...inner.flatMap(([key, each]) => pathsOf(each, [...at, key]))]
}

/** A copy in which the value at `path` is what `change` makes of it; `undefined` takes the field out. */
function changed(value: unknown, [first, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (first === undefined) return change(value)
  if (Array.isArray(value)) {
    const copy = value.map((each, n) => (n === first ? changed(each, rest, change) : each))
    return copy.filter((each) => each !== undefined)
  }
  const entries = Object.entries(value as object).flatMap(([key, each]): [string, unknown][] => {
    if (key !== String(first)) return [[key, each]]
    const next = changed(each, rest, change)
    return next === undefined ? [] : [[key, next]]
  })
  return Object.fromEntries(entries)
}

const shuffled = (value: unknown, random: Random): unknown =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .map((entry) => [random.below(1000), entry] as const)
          .sort(([a], [b]) => a - b)
          .map(([, entry]) => entry),
      )

/** The payload's text after up to three changes: other types, missing fields, odd values, keys reordered, text cut or flipped. */
export function mutated(payload: object, random: Random): string {
  let value: unknown = payload
  for (let n = random.below(3); n >= 0; n -= 1) {
    const path = random.one(pathsOf(value).slice(1)) ?? []
    const kind = random.below(10)
    if (kind < 5) value = changed(value, path, () => random.one(odd)(random))
    else if (kind < 7) value = changed(value, path, () => undefined)
    else if (kind === 7) value = shuffled(value, random)
    else if (kind === 8) value = changed(value, path, (old) => [old, old])
    else value = changed(value, path, (old) => ({ ...Object(old), ['__proto__']: 1, extra: random.one(odd)(random) }))
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  }
  const text = JSON.stringify(value)
  if (random.chance(0.96)) return random.chance(0.01) ? text.replace(/^\{/, '{"__proto__":{"polluted":true},') : text
  const at = random.below(text.length)
  return random.chance(0.5)
    ? text.slice(0, at)
    : text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
}
