/**
 * Finds where the values of a JSON text stand without turning them into JavaScript values, so that a part can be cut out
 * while every other character, 64-bit numbers and key order included, stays as its author wrote it. `JSON.parse` followed
 * by `JSON.stringify` would change `9007199254740993`, `1.0`, `1e400`, escapes and layout.
 *
 * These functions find their way in valid JSON; whoever edits with them validates with `JSON.parse` first.
 */

/** Characters from `start` up to, not including, `end`. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

export interface FieldRange {
  readonly key: string
  /** From the key's opening quote. */
  readonly start: number
  readonly value: TextRange
}

const isSpace = (code: number) => code === 32 || code === 10 || code === 13 || code === 9

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

/** Behind the closing quote of the string that opens at `from`. */
function skipString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34) return at + 1
  }
  return text.length
}

/** Behind the value that starts at `from`; nesting of any depth takes no stack. */
function skipValue(text: string, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const character = text[at] as string
    if (character === '"') at = skipString(text, at)
    else if (character === '{' || character === '[') {
      depth++
      at++
    } else if (character === '}' || character === ']') {
      depth--
      at++
    } else if (depth > 0) at++
    else while (at < text.length && !/[\s,\]}]/.test(text[at] as string)) at++
    if (depth <= 0) return at
  }
  return at
}

/** The fields of the object that a text consists of, in order; undefined where it is something else. */
export function fieldRanges(text: string): FieldRange[] | undefined {
  const fields: FieldRange[] = []
  // A byte order mark may stand before it.
  let at = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0)
  if (text[at] !== '{') return undefined
  at = skipSpace(text, at + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = skipString(text, start)
    at = skipSpace(text, keyEnd)
    if (text[at] !== ':') return undefined
    const valueStart = skipSpace(text, at + 1)
    const valueEnd = skipValue(text, valueStart)
    if (valueEnd <= valueStart) return undefined
    const key = keyOf(text.slice(start, keyEnd))
    if (key === undefined) return undefined
    fields.push({ key, start, value: { start: valueStart, end: valueEnd } })
    at = skipSpace(text, valueEnd)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return text[at] === '}' ? fields : undefined
}

function keyOf(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}

/** The elements of the array that stands at `array`; undefined where something else does. */
export function elementRanges(text: string, array: TextRange): TextRange[] | undefined {
  if (text[array.start] !== '[') return undefined
  const elements: TextRange[] = []
  let at = skipSpace(text, array.start + 1)
  while (at < array.end - 1) {
    const end = skipValue(text, at)
    if (end <= at) return undefined
    elements.push({ start: at, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return elements
}

/** A value's text on one line: the same without the spaces and line breaks between its parts. */
export function onOneLine(text: string, { start, end }: TextRange): string {
  let line = ''
  let at = start
  while (at < end) {
    const code = text.charCodeAt(at)
    const from = at
    if (code === 34) at = skipString(text, at)
    else if (isSpace(code)) at++
    else while (at < end && text.charCodeAt(at) !== 34 && !isSpace(text.charCodeAt(at))) at++
    if (!isSpace(code)) line += text.slice(from, at)
  }
  return line
}
