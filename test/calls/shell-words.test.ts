import { expect, it } from 'vitest'
import { simpleCommands } from '../../lib/calls/shell-words.ts'

it.each<[line: string, commands: string[][]]>([
  ['npm test', [['npm', 'test']]],
  ['', []],
  ['   ', []],
  ['a && b || c; d | e & f', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
  ['a\nb', [['a'], ['b']]],
  ['echo "a b" \'c d\' e\\ f', [['echo', 'a b', 'c d', 'e f']]],
  ['echo "a \\" && b"', [['echo', 'a " && b']]],
  ["echo 'a && b'", [['echo', 'a && b']]],
  ['echo ""', [['echo', '']]],
  ['A=1 B=2 npm test', [['npm', 'test']]],
  ['A=1', []],
  ['sudo env A=1 time npm test', [['npm', 'test']]],
  ['timeout 60 npm test', [['npm', 'test']]],
  ['nohup npm start &', [['npm', 'start']]],
  ['(cd a; ls)', [['cd', 'a'], ['ls']]],
  ['echo $(date)', [['echo', '$'], ['date']]],
  ['echo `date`', [['echo'], ['date']]],
  ['if a; then b; else c; fi', [['a'], ['b'], ['c'], ['fi']]],
  ['npm test 2>&1 | tail', [['npm', 'test', '2>&1'], ['tail']]],
  ['npm \\\n test', [['npm', 'test']]],
  ["echo 'unfinished && a", [['echo', 'unfinished && a']]],
])('%j', (line, commands) => {
  expect(simpleCommands(line)).toEqual(commands)
})
