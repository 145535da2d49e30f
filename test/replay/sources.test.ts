import { symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findRecordings } from '../../lib/replay/sources.ts'
import { systemIn, tempFolder, write } from './temp-files.ts'

const files = {
  'one/s1.jsonl': '',
  'one/s1/subagents/agent-a.jsonl': '',
  'one/s1/subagents/agent-b.jsonl': '',
  'one/s1/tool-results/x.txt': '',
  'one/notes.md': '',
  'two/deep/.hidden/s2.jsonl': '',
  'two/s3.jsonl.gz': '',
  'two/s4/subagents/agent-c.jsonl': '',
  'home/.claude/projects/p/s5.jsonl': '',
  'odd [x]/s6.jsonl': '',
}

function found(...named: string[]) {
  const folder = tempFolder()
  write(folder, files)
  symlinkSync(join(folder, 'two'), join(folder, 'one', 'link'))
  symlinkSync(join(folder, 'two', 's3.jsonl.gz'), join(folder, 'one', 'linked.jsonl.gz'))
  const { recordings, missing } = findRecordings(
    systemIn(folder),
    named.map((name) => name.replace('$', folder)),
  )
  const short = (path: string) => relative(folder, path)
  return {
    recordings: recordings.map(({ main, agents }) => [short(main), ...agents.map(short)]),
    missing: missing.map((name) => name.replace(folder, '$')),
  }
}

describe('what a person named', () => {
  it.each<[what: string, named: string[], recordings: string[][]]>([
    ['a file', ['one/s1.jsonl'], [['one/s1.jsonl']]],
    ['a file by its whole path', ['$/one/s1.jsonl'], [['one/s1.jsonl']]],
    ['a file of a subagent alone', ['one/s1/subagents/agent-a.jsonl'], [['one/s1/subagents/agent-a.jsonl']]],
    [
      'a folder: everything below it, subagents with their session, links not followed',
      ['one'],
      [['one/s1.jsonl', 'one/s1/subagents/agent-a.jsonl', 'one/s1/subagents/agent-b.jsonl']],
    ],
    [
      'a folder of folders, hidden ones too; a subagent whose session is gone stands alone',
      ['two'],
      [['two/deep/.hidden/s2.jsonl'], ['two/s3.jsonl.gz'], ['two/s4/subagents/agent-c.jsonl']],
    ],
    ['a glob', ['*/s*.jsonl'], [['odd [x]/s6.jsonl'], ['one/s1.jsonl']]],
    ['a glob by its whole path', ['$/two/**/*.gz'], [['two/s3.jsonl.gz']]],
    ['the home folder', ['~/.claude/projects'], [['home/.claude/projects/p/s5.jsonl']]],
    ['the home folder alone', ['~'], [['home/.claude/projects/p/s5.jsonl']]],
    ['a glob in the home folder', ['~/.claude/projects/**/*.jsonl'], [['home/.claude/projects/p/s5.jsonl']]],
    ['a folder with the signs of a glob in its name', ['odd [x]'], [['odd [x]/s6.jsonl']]],
    ['a link that is named itself', ['one/linked.jsonl.gz'], [['one/linked.jsonl.gz']]],
    ['the same twice', ['one/s1.jsonl', './one/s1.jsonl', 'one/*.jsonl'], [['one/s1.jsonl']]],
  ])('%s', (_what, named, recordings) => {
    expect(found(...named)).toEqual({ recordings: recordings.map((each) => each), missing: [] })
  })

  it('names what matched nothing', () => {
    expect(found('nope', 'one/s1.jsonl', '$/no/*.jsonl')).toEqual({
      recordings: [['one/s1.jsonl']],
      missing: ['nope', '$/no/*.jsonl'],
    })
  })
})
