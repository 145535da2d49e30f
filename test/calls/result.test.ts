import { describe, expect, it } from 'vitest'
import { clean, errorLine, resultFingerprints, withoutColour } from '../../lib/calls/result.ts'

const stable = (text: string) => resultFingerprints(text).stable
const shape = (text: string) => resultFingerprints(text).shape

describe('two results that mean the same', () => {
  it.each<[what: string, a: string, b: string]>([
    ['colours', '\u001b[31mboom\u001b[0m', 'boom'],
    ['a link sequence', '\u001b]8;;http://a\u0007boom\u001b]8;;\u0007', 'boom'],
    ['an ISO time', 'at 2026-03-04T09:00:00.123Z x', 'at 2026-03-05T10:11:12.999Z x'],
    ['a date and time', '2026-03-04 09:00:00,123 ERROR x', '2026-03-05 10:00:00,456 ERROR x'],
    ['a clock', '[09:00:01] failed', '[23:59:59] failed'],
    ['a clock in the morning', 'at 9:00:01 AM', 'at 11:20:33 PM'],
    ['a date of `date`', 'Wed Mar  4 09:10:00 UTC 2026', 'Thu Mar  5 11:12:13 UTC 2026'],
    ['a duration in ms', 'failed in 12 ms', 'failed in 1024 ms'],
    ['a duration in seconds', 'Ran 3 tests in 0.012s', 'Ran 3 tests in 4.5s'],
    ['a duration of changing unit', 'Time: 900ms', 'Time: 1.2s'],
    ['an address', 'at 0x7ffd12ab', 'at 0x55aa00'],
    ['a uuid', 'id 6f1d2c3b-4a59-4687-9bcd-ef0123456789', 'id 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'],
    ['a temp path', "open '/tmp/tmp.a1/x'", "open '/tmp/tmp.zz/y'"],
    ['a temp path of macOS', 'open /private/var/folders/zz/1/T/a', 'open /private/var/folders/yy/2/T/b'],
    ['a process id', 'pid 123 died', 'pid 45678 died'],
    ['a process id in brackets', 'process=12 died', 'process=9999 died'],
    ['a notice of npm', 'boom\nnpm notice New major version of npm available! 10.1.0 -> 11.0.0', 'boom'],
    ['a notice of pip', '[notice] A new release of pip is available: 24.0 -> 25.0\nboom', 'boom'],
    ['blanks at line ends', 'a  \nb', 'a\nb'],
  ])('%s', (_what, a, b) => expect(stable(a)).toBe(stable(b)))
})

describe('two results that do not', () => {
  it.each<[what: string, a: string, b: string]>([
    ['another number of failures', '1 failing', '2 failing'],
    ['another line', 'a.ts line 10: x', 'a.ts line 12: x'],
    ['another file', "no module 'a'", "no module 'b'"],
    ['another value', 'expected 3, got 4', 'expected 3, got 5'],
    ['another version', 'needs node 18.1.0', 'needs node 20.1.0'],
    ['another line order', 'a\nb', 'b\na'],
    ['a new last line', 'x\n'.repeat(300), `${'x\n'.repeat(300)}y`],
    ['more of the same', 'x\n'.repeat(300), 'x\n'.repeat(301)],
    ['a tail beyond 64 kB', `${'x'.repeat(100_000)}a`, `${'x'.repeat(100_000)}b`],
    ['another length beyond 64 kB', 'x'.repeat(100_000), 'x'.repeat(100_001)],
    ['another exit code', 'Exit code 1\nx', 'Exit code 2\nx'],
    ['another port', 'refused on port 3000', 'refused on port 3001'],
    ['nothing', '', 'x'],
  ])('%s', (_what, a, b) => expect(stable(a)).not.toBe(stable(b)))

  it('exactly compared, a digit tells two apart', () => {
    expect(resultFingerprints('at 09:00:01').exact).not.toBe(resultFingerprints('at 09:00:02').exact)
    expect(resultFingerprints('\u001b[1mx\u001b[0m').exact).toBe(resultFingerprints('x').exact)
  })
})

describe('the shape of a result', () => {
  it.each<[what: string, a: string, b: string]>([
    ['numbers', 'running 12 of 400', 'running 13 of 400'],
    ['a time stamp', '<timestamp>2026-03-04T09:00:00.1Z</timestamp>', '<timestamp>2026-03-04T09:00:04.7Z</timestamp>'],
    ['long hex', 'job deadbeefcafe', 'job 0123456789ab'],
  ])('has no %s', (_what, a, b) => expect(shape(a)).toBe(shape(b)))

  it.each<[what: string, a: string, b: string]>([
    ['words', 'running', 'done'],
    ['more lines', 'step 1\n', 'step 1\nstep 2\n'],
  ])('has %s', (_what, a, b) => expect(shape(a)).not.toBe(shape(b)))
})

describe('the first telling line of an error', () => {
  it.each<[text: string, line: string]>([
    ['Exit code 1\nboom', 'boom'],
    ['Exit code 1\n\n> app@1.0.0 test\n> vitest run\n\n1 failing\nmore', '1 failing'],
    ['Exit code 7', 'Exit code 7'],
    ['Exit code 1\n\n', 'Exit code 1'],
    [
      '<tool_use_error>String to replace not found in file.\nString: zzz</tool_use_error>',
      'String to replace not found in file',
    ],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\r\n\r\n  indented\r\n', 'indented'],
    ['npm ERR! code ELIFECYCLE\nreal cause', 'real cause'],
    ['', ''],
    ['   \n  ', ''],
    [
      "node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\nError: Cannot find module '/x.mjs'\n    at Module",
      "Error: Cannot find module '/x.mjs'",
    ],
    ['src/a.ts:12\nunexpected token', 'src/a.ts:12'],
  ])('%j: %j', (text, line) => expect(errorLine(text)).toBe(line))

  it('has at most 160 characters', () => expect(errorLine('x'.repeat(9000))).toHaveLength(160))
})

describe('clean text', () => {
  it.each<[text: string, out: string]>([
    ['a\nb\r\nc\td', 'a b c d'],
    ['\u001b[2J\u001b[1;1Hx', 'x'],
    ['\u001b]0;title\u0007x', 'x'],
    ['\u009b31mx', 'x'],
    ['a\u202eb\u2066c', 'a b c'],
    ['a\u2028b', 'a b'],
    ['a\u0000b', 'a b'],
    ['  x  ', 'x'],
  ])('%j: %j', (text, out) => expect(clean(text, 100)).toBe(out))

  it('is cut at a whole character', () => {
    for (const text of ['😀'.repeat(10), `a${'😀'.repeat(10)}`, `ab${'😀'.repeat(10)}`]) {
      expect(Array.from(clean(text, 5)).length).toBeLessThanOrEqual(5)
      expect(Buffer.from(clean(text, 5)).toString()).toBe(clean(text, 5))
    }
    expect(clean('abcdef', 6)).toBe('abcdef')
    expect(clean('abcdefg', 6)).toBe('abcde…')
  })

  it('holds no escape, however it is nested', () => {
    for (const text of [
      '\u001b\u001b[31m[31mx',
      '\u001b[\u001b[31m31mx',
      '\u001b]\u001b]0;a\u00070;b\u0007',
      '\u001b',
    ]) {
      expect(clean(text, 100)).not.toMatch(/[\u001b\u009b\u0007]/)
      expect(withoutColour(clean(text, 100))).toBe(clean(text, 100))
    }
  })
})
