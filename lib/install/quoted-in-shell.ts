/**
 * A command text put between the quotes of a longer one, as it stands in a settings text, and taken out again letter for letter: what is
 * wrapped holds all of the original. Pure.
 */

/**
 * The JSON spelling of `head` + the text + `tail`: an apostrophe ends the shell's quotes, is quoted itself, and begins them again.
 *
 * @param spelling the text as JSON spells it.
 * @param head ends with the opening quote.
 * @param tail begins with the closing one.
 */
export function quotedSpelling(spelling: string, head: string, tail: string): string {
  const body = spelling
    .slice(1, -1)
    .replace(/\\u0027|\\.|'/g, (part) => (part === "'" || part === '\\u0027' ? `'\\\\${part}'` : part))
  return `"${inJson(head)}${body}${inJson(tail)}"`
}

/**
 * The very spelling that `quotedSpelling` was given; where somebody spelled the text anew, one that means the same.
 *
 * @param quoted what stands between the quotes.
 */
export function unquotedSpelling(spelling: string, head: string, quoted: string, tail: string): string {
  const [before, after] = [`"${inJson(head)}`, `${inJson(tail)}"`]
  const original = unquoted(quoted)
  if (spelling.startsWith(before) && spelling.endsWith(after)) {
    const body = spelling.slice(before.length, -after.length).replace(/'\\\\('|\\u0027)'/g, '$1')
    if (JSON.parse(`"${body}"`) === original) return `"${body}"`
  }
  return JSON.stringify(original)
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What the shell reads where `quoted` stands between its quotes. */
export const unquoted = (quoted: string): string => quoted.replaceAll("'\\''", "'")

/** The source of an expression for what stands between the quotes. */
export const quotedText = "(?:[^']|'\\\\'')*"
