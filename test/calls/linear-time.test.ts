import { describe, expect, it } from 'vitest'
import { describeCall } from '../../lib/calls/call.ts'
import { outcomeOfFailure, outcomeOfResponse } from '../../lib/calls/outcome.ts'
import { redact } from '../../lib/calls/redact.ts'
import { clean, errorLine, resultFingerprints, withoutColour } from '../../lib/calls/result.ts'
import { simpleCommands } from '../../lib/calls/shell-words.ts'
import { matchesName } from '../../lib/config/name-pattern.ts'
import { isTyped } from '../../lib/engine/prompt-text.ts'

const size = 65_536
const fill = (piece: string, end = '') => piece.repeat(Math.ceil(size / piece.length)).slice(0, size - end.length) + end

/** Texts that make a careless expression try everything again from every place. */
const texts: readonly (readonly [name: string, text: string])[] = [
  ['one letter', fill('a', '!')],
  ['one digit', fill('1')],
  ['digits and dots', fill('1.')],
  ['digits and colons', fill('1:')],
  ['half a date', fill('2026-03-04T')],
  ['half a time', fill('09:00:')],
  ['weekdays', fill('Mon ')],
  ['half a uuid', fill('deadbeef-')],
  ['hex', fill('deadbeef')],
  ['hex letters', fill('abcdef')],
  ['blanks', fill(' ', 'x')],
  ['tabs and blanks', fill('\t ', 'x')],
  ['line ends', fill('\n')],
  ['blanks before line ends', fill('      \n')],
  ['escapes', fill('\u001b')],
  ['half an escape', fill('\u001b[')],
  ['half an escape with numbers', fill('\u001b[1;')],
  ['half a link', fill('\u001b]8;;')],
  ['control characters', fill('\u0000')],
  ['quotes', fill('"')],
  ['single quotes', fill("'")],
  ['backslashes', fill('\\')],
  ['half an address', fill('https://')],
  ['half an address with a name', fill('a://b:')],
  ['an endless scheme', fill('a.')],
  ['half a header', fill('authorization: ')],
  ['bearer', fill('bearer ')],
  ['password', fill('password')],
  ['password=', fill('password=')],
  ['options', fill(' --token')],
  ['options with a blank', fill(' -u ')],
  ['dashes', fill('-')],
  ['words and dashes', fill('a-')],
  ['half a key', fill('sk-a-')],
  ['half a token', fill('eyJaaaaaaaa.')],
  ['half a private key', fill('-----BEGIN PRIVATE KEY-----')],
  ['mixed letters', fill('aA1_')],
  ['temp paths', fill('/tmp/')],
  ['npm notices', fill('npm notice ')],
  ['redirections', fill('>')],
  ['redirections and blanks', fill('> ')],
  ['permission', `Permission to use ${fill('a ')}`],
  ['approval', fill('needs approval')],
  ['tags', fill('<tool_use_error>')],
  ['smileys', fill('😀')],
]

const functions: readonly (readonly [name: string, run: (text: string) => unknown])[] = [
  ['resultFingerprints', resultFingerprints],
  ['withoutColour', withoutColour],
  ['errorLine', errorLine],
  ['clean', (text) => clean(text, 160)],
  ['redact', redact],
  ['simpleCommands', simpleCommands],
  ['describeCall of a command', (command) => describeCall('id', 'Bash', { command }, '/work')],
  ['describeCall of a path', (file_path) => describeCall('id', 'Edit', { file_path }, '/work')],
  ['outcomeOfResponse', (text) => outcomeOfResponse(text, 'Edit')],
  ['outcomeOfFailure', (text) => outcomeOfFailure(text, false)],
  ['isTyped', isTyped],
  ['matchesName', (text) => matchesName('*a*b*c*', text)],
]

const fastest = (run: () => unknown, tries: number): number => {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < tries; i += 1) {
    const before = performance.now()
    run()
    best = Math.min(best, performance.now() - before)
  }
  return best
}

/** A plain walk over the same number of characters that no engine can skip. */
function plainScan(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0
  return sum
}

describe('64 kB of adversarial text costs no more than a fixed number of plain scans', () => {
  const scan = fastest(() => plainScan(fill('abc ')), 50)
  // a quadratic expression needs tens of thousands of scans here; the slowest honest one a few hundred
  const most = 3000

  it.each(functions)('%s', (_name, run) => {
    for (const [what, text] of texts) {
      const first = fastest(() => run(text), 1)
      const took = first / scan < most ? first : fastest(() => run(text), 2)
      expect.soft(took / scan, what).toBeLessThan(most)
    }
  })
})
