import { expect, test } from 'vitest'
import { joinedLines } from '../../lib/status/joined-lines.ts'

const ours = '⚡ npm test 23s'
const red = '\u001b[31m'
const off = '\u001b[0m'

test.each<[what: string, theirs: string, columns: number | undefined, joined: string]>([
  ['one line', 'main | Opus', undefined, `main | Opus | ${ours}`],
  ['its line end goes', 'main\n', undefined, `main | ${ours}`],
  ['nothing', '', undefined, ours],
  ['blank lines only', ' \n\t\n', undefined, ours],
  ['several lines: the first that says something', '\n one\ntwo\n', undefined, `\n one | ${ours}\ntwo`],
  ['other line ends', 'one\r\ntwo\r\n', undefined, `one | ${ours}\ntwo`],
  ['a first line that is full', `${'x'.repeat(70)}\ntwo`, 80, `${'x'.repeat(70)}\ntwo | ${ours}`],
  ['all lines full', `${'x'.repeat(70)}\n${'y'.repeat(70)}`, 80, `${'x'.repeat(70)}\n${'y'.repeat(70)}\n${ours}`],
  ['a line that just has room', 'x'.repeat(58), 80, `${'x'.repeat(58)} | ${ours}`],
  ['a line that just has none', 'x'.repeat(59), 80, `${'x'.repeat(59)}\n${ours}`],
  ['colours take no room', `${red}${'x'.repeat(58)}${off}`, 80, `${red}${'x'.repeat(58)}${off} | ${ours}`],
  ['a colour that is left on', `${red}x`, undefined, `${red}x${off} | ${ours}`],
  ['a terminal that is narrower than we are', 'x', 10, `x\n${ours}`],
])('%s', (_, theirs, columns, joined) => {
  expect(joinedLines(theirs, ours, columns)).toBe(joined)
})

test('nothing of ours leaves theirs as it is', () => {
  expect(joinedLines('  a\r\n\r\n b \n', '', 80)).toBe('  a\r\n\r\n b \n')
})
