import type { Bytes } from '../system/system.ts'

/** A string of more bytes than that, as it stands between its quotes, is shortened. */
const longest = 512 * 1024
/**
 * Bytes that are kept of each end. Together they are less than what `resultFingerprints` compares whole, so that the length
 * which stands between them is compared too.
 */
const kept = 8000
/** Bytes of two escapes that are a pair. */
const mostOfCharacter = 12
const quote = 0x22
const backslash = 0x5c

/**
 * JSON, given in UTF-8, as text in which the middle of each very long string, key or value, is left out: `[N bytes]`, N being the
 * length of the whole. Inputs and results are compared by their ends and lengths, and to decode and parse ten megabytes of them
 * takes longer than all else that a hook does.
 *
 * How a string is shortened depends on that string alone, so that a call is the same call in every event that tells of it. Valid JSON
 * stays valid and keeps its structure; what is broken off stays broken off. What is left out is not checked.
 */
export function shortenedJson(bytes: Bytes): string {
  // no string in it can be too long
  if (bytes.length <= longest) return bytes.toString()
  let letters: string | undefined
  let text = ''
  let told = 0
  let close = -1
  for (;;) {
    const open = bytes.indexOf(quote, close + 1)
    close = bytes.indexOf(quote, open + 1)
    if (bytes[close - 1] === backslash) {
      // from here on no jumps from quote to quote: where one is escaped, there are many
      letters ??= bytes.toString('latin1')
      closing.lastIndex = open
      closing.test(letters)
      close = closing.lastIndex - 1
    }
    if (open < 0 || close < 0) return text + bytes.subarray(told)
    const length = close - open - 1
    if (length > longest) {
      text += `${bytes.subarray(told, characterFrom(bytes, open + 1 + kept))}[${length} bytes]`
      told = characterFrom(bytes, close - kept)
    }
  }
}

/** To the quote that ends a string, one letter a byte: the one with an even number of backslashes before it. */
const closing = /[^\\](?:\\\\)*?"/g

/** One character of a string: two escapes that are a pair, an escape, a letter of one byte or more; given one letter a byte. */
const character = /\\(?:ud[89ab]..\\ud[c-f]..|u....|.)|.[\x80-\xbf]*/gis

/** The first place from the given one on, within a string, at which a character begins. */
function characterFrom(bytes: Bytes, place: number): number {
  let from = place - mostOfCharacter
  // what follows no backslash is not the second half of an escape
  while (bytes[from - 1] === backslash) from -= 1
  const letters = bytes.subarray(from, place + mostOfCharacter).toString('latin1')
  character.lastIndex = 0
  while (character.lastIndex < place - from) character.test(letters)
  return from + character.lastIndex
}
