import { hash } from './hash.ts'

/**
 * What a result is compared by. `exact` ignores nothing but terminal colours; `stable` leaves out what differs between two
 * runs that mean the same (times, durations, addresses, temporary paths, process ids, package-manager notices); `shape`
 * leaves out every number, so that a log which only ticks on looks the same.
 */
export interface ResultFingerprints {
  readonly exact: string
  readonly stable: string
  readonly shape: string
}

/**
 * Texts above this many UTF-16 units are compared by their two ends and their length. A hook is a process that has just started, in
 * which nothing is compiled yet: of a longer text the hash alone takes milliseconds.
 */
const longest = 16_384

export function resultFingerprints(text: string): ResultFingerprints {
  const plain = withoutColour(bounded(text))
  return {
    exact: hash(plain),
    // the dearest of the three, and read for failures only
    get stable() {
      return hash(withoutVolatile(plain))
    },
    shape: hash(withoutNumbers(plain)),
  }
}

function bounded(text: string): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest / 2)}\n[${text.length}]\n${text.slice(-longest / 2)}`
}

/** Terminal control sequences (CSI, OSC and two-byte escapes, ECMA-48) taken out. */
export function withoutColour(text: string): string {
  if (!text.includes('\u001b') && !text.includes('\u009b')) return text
  return text.replace(
    /\u001b\][^\u0007\u001b]{0,4096}(?:\u0007|\u001b\\)|(?:\u001b\[|\u009b)[0-?]{0,64}[ -/]{0,8}[@-~]|\u001b[ -~]/g,
    '',
  )
}

/** Order matters: the longer forms go first, so that a date is not cut in two by the rule for times. */
const volatile: readonly (readonly [RegExp, string])[] = [
  // npm, pnpm, yarn and pip tell of new versions of themselves now and then
  [/^npm (?:notice|warn)\b.*$/gim, ''],
  [/^\[notice\] .*$/gim, ''],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?/g, '<time>'],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? .{0,14}\d{1,2}:\d\d(?::\d\d)?[^\n]{0,12}/g, '<time>'],
  [/\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?: ?[AP]M)?/g, '<time>'],
  [/\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)\b/g, '<duration>'],
  [/\b0x[0-9a-f]+/gi, '<address>'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b(?=[a-f]*\d)[0-9a-f]{12,64}\b/g, '<hex>'],
  [/(?:\/private)?\/(?:tmp|var\/tmp|var\/folders)\/[^\s'":)]+/g, '<temp>'],
  [/\b(pid|process|PID)([ =:#]{1,3})\d+/g, '$1$2<pid>'],
]

/** Text with the parts taken out that differ between two runs of the same thing. */
export function withoutVolatile(text: string): string {
  let out = text
  for (const [expression, replacement] of volatile) out = out.replace(expression, replacement)
  // line by line: an expression for blanks at line ends takes quadratic time on long runs of them
  return out
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()
}

/** Text without digits and without hexadecimal runs of eight or more. */
export function withoutNumbers(text: string): string {
  return text.replace(/\b[0-9a-f]{8,}\b/gi, '').replace(/\d+/g, '')
}

/**
 * The first line of an error that says something: `Exit code N`, blank lines, banners of script runners and markup of the
 * client are passed over.
 *
 * @returns at most 160 characters, one line; empty where the text says nothing.
 */
export function errorLine(text: string): string {
  const lines = withoutColour(text.slice(0, 8192)).split(/\r?\n/)
  const said = lines.map((line) => line.replace(/<\/?tool_use_error>/g, '').trim()).filter((line) => line !== '')
  const telling = said.find((line) => !/^(Exit code \d+|> .*|\$ .*|npm (ERR|error|notice|warn)\b.*)$/i.test(line))
  // Node says where it crashed first, and what happened a few lines on.
  const crash = telling !== undefined && /^\S+:\d+$/.test(telling) ? said.find(isErrorName) : undefined
  // A part of our sentences, which have a full stop of their own.
  return clean(crash ?? telling ?? said[0] ?? '', 160).replace(/(?<=\w)\.$/, '')
}

const isErrorName = (line: string): boolean => /^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b/.test(line)

/** One line, without control characters, at most `most` characters. */
export function clean(text: string, most: number): string {
  const line = withoutColour(text)
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g, ' ')
    .trim()
  const units = Array.from(line.slice(0, most * 2))
  return units.length <= most ? line.slice(0, most * 2) : `${units.slice(0, most - 1).join('')}…`
}
