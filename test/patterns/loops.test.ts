import { describe, expect, it } from 'vitest'
import {
  type Beat,
  cancelled,
  editNotFound,
  edits,
  endedIn,
  errs,
  fails,
  inAgent,
  interrupted,
  lasting,
  play,
  prints,
  prompt,
  reads,
  refused,
  refusedIn,
  rejected,
  sleeps,
  succeeds,
  times,
  told,
  toldIn,
  turn,
  writes,
} from '../engine/story.ts'

type Story = readonly (Beat | readonly Beat[])[]

/** Plays a story and says what tripped, in which turn: `tool_failure Bash(npm test) @3`. */
const trips = (story: Story, config: Record<string, unknown> = {}): string[] =>
  play(story, { config })
    .incidents.filter(({ kind }) => kind === 'trip')
    .map(({ pattern, subject, turn: at }) => `${pattern} ${subject} @${at}`)

const boom = fails('npm test', 'boom')

describe('tool_failure', () => {
  it.each<[what: string, story: Story, trips: string[]]>([
    ['the same failure in three turns', [boom, boom, boom], ['tool_failure Bash(npm test) @3']],
    ['in two turns', [boom, boom], []],
    ['three failures in one turn count once', [turn(boom, boom, boom)], []],
    ['three times three in three turns', times(3, () => turn(boom, boom, boom)), ['tool_failure Bash(npm test) @3']],
    ['in three of five turns', [boom, reads('a'), boom, reads('b'), boom], ['tool_failure Bash(npm test) @5']],
    ['the first one too old', [boom, reads('a'), boom, reads('b'), reads('c'), boom], []],
    ['reading is no progress', [boom, reads('a'), boom, reads('a'), boom], ['tool_failure Bash(npm test) @5']],
    ['an edit in between', [boom, boom, edits('a.ts'), boom, boom], []],
    ['a written file in between', [boom, boom, writes('a.ts'), boom, boom], []],
    ['an edit made by Bash in between', [boom, boom, prints("sed -i 's/a/b/' a.ts"), boom, boom], []],
    [
      'an edit that is not found is no progress',
      [boom, boom, editNotFound('a.ts'), boom],
      ['tool_failure Bash(npm test) @4'],
    ],
    [
      'an edit that failed is no progress',
      [boom, boom, errs('Edit', { file_path: '/a' }, 'EACCES'), boom],
      ['tool_failure Bash(npm test) @4'],
    ],
    [
      'an edit that was refused is no progress',
      [
        boom,
        boom,
        refused(
          'Edit',
          { file_path: '/a' },
          "Claude requested permissions to write to /a, but you haven't granted it yet.",
        ),
        boom,
      ],
      ['tool_failure Bash(npm test) @4'],
    ],
    [
      'an edit that another hook refused in words of its own is no progress',
      [boom, boom, refused('Edit', { file_path: '/home/dev/app/a.ts' }, 'State the facts about a.ts first.'), boom],
      ['tool_failure Bash(npm test) @4'],
    ],
    ['another error each time', [fails('npm test', 'no a'), fails('npm test', 'no b'), fails('npm test', 'no c')], []],
    [
      'the same error but for its duration',
      [fails('npm test', 'boom in 12 ms'), fails('npm test', 'boom in 7 ms'), fails('npm test', 'boom in 1.5 s')],
      ['tool_failure Bash(npm test) @3'],
    ],
    [
      'the same error but for a temp path',
      times(3, (i) => fails('make', `cannot open /tmp/cc${i}xYz.o`)),
      ['tool_failure Bash(make) @3'],
    ],
    [
      'another command each time',
      [fails('npm test', 'boom'), fails('npm run build', 'boom'), fails('npm run lint', 'boom')],
      [],
    ],
    [
      'the same command in other words for the person',
      times(3, (i) =>
        errs('Bash', { command: 'npm test', description: `try ${i}`, timeout: 1000 * i }, 'Exit code 1\nboom'),
      ),
      ['tool_failure Bash(npm test) @3'],
    ],
    [
      'any tool',
      times(3, () => errs('mcp__db__query', { sql: 'select' }, 'no connection')),
      ['tool_failure mcp__db__query @3'],
    ],
    ['cancelled calls', times(5, () => cancelled('npm test')), []],
    ['interrupted calls', times(5, () => interrupted('npm test')), []],
    ['failures of two agents are not added up', [...inAgent('a1', boom), ...inAgent('a2', boom), boom], []],
    ['three failures of one subagent', inAgent('a1', boom, boom, boom), ['tool_failure Bash(npm test) @3']],
  ])('%s', (_what, story, expected) => {
    expect(trips(story)).toEqual(expected)
  })

  it('a text that merely looks like a failure is none', () => {
    const looksFailed = prints('cat log', 'Exit code 1\nboom')
    expect(trips([looksFailed, looksFailed, looksFailed])).toEqual([])
  })

  it('says how often, in how many turns and the first telling line of the error', () => {
    const session = play([
      fails('npm test', '\n> app test\n\nexpected 3, got 4'),
      times(2, () => fails('npm test', '\n> app test\n\nexpected 3, got 4')),
    ])
    expect(session.circuits[0]?.lastTrip).toMatchObject({ turn: 3 })
    expect(session.circuits[0]?.lastTrip.reason).toMatch(/3 times in 3 turns.*expected 3, got 4/)
  })

  it('with match "tool" any failures of the tool count', () => {
    const config = { circuit_breakers: { tool_failure: { match: 'tool' } } }
    expect(trips([fails('a', 'x'), fails('b', 'y'), fails('c', 'z')], config)).toEqual(['tool_failure Bash @3'])
    expect(trips([fails('a', 'x'), edits('a.ts'), reads('a')], config)).toEqual([])
  })

  it('follows threshold and window', () => {
    const config = { circuit_breakers: { tool_failure: { threshold: 2, window_turns: 2 } } }
    expect(trips([boom, boom], config)).toEqual(['tool_failure Bash(npm test) @2'])
    expect(trips([boom, reads('a'), boom], config)).toEqual([])
  })
})

const same = prints('git status', 'nothing to commit')

describe('repeated_call', () => {
  it.each<[what: string, story: Story, trips: string[]]>([
    ['the same result four times', [same, same, same, same], ['repeated_call Bash(git status) @4']],
    ['three times', [same, same, same], []],
    ['four times in one turn', [turn(same, same, same, same)], []],
    [
      'A-B-A-B-A-B-A',
      times(4, () => [same, reads('a')]),
      ['repeated_call Bash(git status) @7', 'repeated_call Read(a) @8'],
    ],
    [
      'a cycle of six',
      times(4, () => ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => reads(name))),
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name, i) => `repeated_call Read(${name}) @${19 + i}`),
    ],
    ['a cycle longer than the window', times(4, () => times(11, (i) => reads(`f${i}`))), []],
    ['an edit in between', [same, same, edits('a'), same, same, same], []],
    ["a person's prompt in between", [same, same, prompt(), same, same, same], []],
    [
      'a prompt that a program hands over',
      [same, same, prompt('next', { attended: false }), same, same],
      ['repeated_call Bash(git status) @4'],
    ],
    [
      'a report of a finished agent as a prompt',
      [same, same, prompt('<task-notification>done</task-notification>'), same, same],
      ['repeated_call Bash(git status) @4'],
    ],
    ['a result not seen before in between', [same, same, prints('git status', 'modified: a'), same, same, same], []],
    [
      'another call with another result in between',
      [same, same, prints('ls', 'x'), same, same],
      ['repeated_call Bash(git status) @5'],
    ],
    ['sleeping before each look', times(8, () => [sleeps(30), same]), []],
    [
      'a short sleep before each look doubles the fuse',
      times(8, () => lasting(20, prints('sleep 1; git status', 'nothing to commit'))),
      ['repeated_call Bash(sleep 1; git status) @8'],
    ],
    [
      'a permission refusal',
      times(4, () => refused('Bash', { command: 'npm install' }, 'This command requires approval')),
      ['repeated_call Bash(npm install) @4'],
    ],
    ['cancelled calls', times(6, () => cancelled('git status')), []],
    [
      'the path once absolute and once relative',
      [
        reads('a', 'x'),
        succeeds('Read', { file_path: 'a' }, 'x'),
        reads('a', 'x'),
        succeeds('Read', { file_path: './a' }, 'x'),
      ],
      ['repeated_call Read(a) @4'],
    ],
    ['in two sessions of agents', [...inAgent('a1', same, same), ...inAgent('a2', same, same)], []],
  ])('%s', (_what, story, expected) => {
    expect(trips(story)).toEqual(expected)
  })

  it('tells the model at three, once', () => {
    expect(toldIn(play([same, same, same]))).toEqual([3])
    expect(toldIn(play([same, same, same, same]))).toEqual([3, 4])
  })

  it('with warn_at 0 it tells nothing before', () => {
    expect(
      toldIn(play([same, same, same], { config: { circuit_breakers: { repeated_call: { warn_at: 0 } } } })),
    ).toEqual([])
  })
})

/** A silent job that is asked again and again; only its clock moves. */
const poll = (round: number, every = 4) =>
  lasting(
    every,
    succeeds(
      'BashOutput',
      { bash_id: 'b1' },
      `<status>running</status>\n<timestamp>2026-03-04T09:00:${10 + (round % 50)}.123Z</timestamp>`,
    ),
  )

describe('busy_polling', () => {
  it.each<[what: string, story: Story, trips: string[]]>([
    ['a silent job every four seconds', times(6, (i) => poll(i)), ['busy_polling BashOutput(b1) @6']],
    ['five times', times(5, (i) => poll(i)), []],
    ['every twenty seconds', times(12, (i) => poll(i, 20)), []],
    ['an edit in between', [times(5, (i) => poll(i)), edits('a.ts'), times(5, (i) => poll(i))], []],
    ['a prompt in between', [times(5, (i) => poll(i)), prompt(), times(5, (i) => poll(i))], []],
    ['another call in between', times(6, (i) => [poll(i), reads(`f${i}`)]), ['busy_polling BashOutput(b1) @11']],
    [
      'an answer whose words are new',
      times(8, (i) => lasting(4, succeeds('BashOutput', { bash_id: 'b1' }, `ok ${'.'.repeat(i)}`))),
      [],
    ],
  ])('%s', (_what, story, expected) => {
    expect(trips(story)).toEqual(expected)
  })

  it('is first told what to do instead, at four, then refused', () => {
    const session = play([times(7, (i) => poll(i, 1))])
    expect(told(session, 'warning')).toEqual(['warning busy_polling BashOutput(b1)'])
    expect(session.turns[3]?.told.join()).toMatch(/sleep|notification/)
    expect(told(session, 'trip')).toEqual(['trip busy_polling BashOutput(b1)'])
    expect(refusedIn(session)).toEqual([7])
    expect(session.turns[6]?.refusals[0]).toMatch(/notification/)
  })

  it('a poller that goes on is halted', () => {
    const session = play([times(12, (i) => poll(i, 1))])
    expect(endedIn(session)).toEqual([9])
  })
})

describe('calls that are rejected before they run', () => {
  it.each<[what: string, beat: Beat, named: RegExp]>([
    ['an Edit whose old_string is not found', editNotFound('price.txt'), /Edit\(price\.txt\)/],
    ['an unknown tool', rejected('NoSuchTool', { a: 1 }, 'Error: No such tool available: NoSuchTool'), /NoSuchTool/],
    ['bad arguments', rejected('Read', { path: 'x' }, 'InputValidationError: Read failed'), /Read/],
  ])('%s, eight times: told at three, stopped at five', (_what, beat, named) => {
    const session = play([times(8, () => beat)])
    expect(toldIn(session)[0]).toBe(3)
    expect(session.turns[2]?.told.join()).toMatch(named)
    expect(endedIn(session)).toEqual([5])
    expect(session.turns[4]?.ended).toMatch(named)
    expect(session.turns[4]?.person.join()).toMatch(/halted/)
    expect(told(session, 'halt')).toHaveLength(1)
    expect(refusedIn(session)).toEqual([])
  })

  it('a successful edit in between starts anew', () => {
    const session = play([times(6, (i) => [editNotFound('a.txt'), editNotFound('a.txt'), edits('a.txt', `${i}`)])])
    expect(endedIn(session)).toEqual([])
  })

  it('several in one batch count once', () => {
    expect(endedIn(play([times(4, () => turn(editNotFound('a'), editNotFound('a'), editNotFound('a')))]))).toEqual([])
    expect(endedIn(play([times(6, () => turn(editNotFound('a'), editNotFound('a'), editNotFound('a')))]))).toEqual([5])
  })
})

describe('sequential_tools', () => {
  it.each([
    [10, 0],
    [11, 1],
    [25, 1],
  ])('%i calls of one tool in a turn: %i warnings, none refused', (count, warnings) => {
    const session = play([turn(...Array.from({ length: count }, (_, i) => prints(`echo ${i}`, `${i}`)))])
    expect(told(session, 'warning', 'trip')).toHaveLength(warnings)
    expect(refusedIn(session)).toEqual([])
    expect(session.circuits).toEqual([])
  })

  it('spread over turns nothing is said', () => {
    expect(told(play([times(25, (i) => prints(`echo ${i}`, `${i}`))]))).toEqual([])
  })
})
