import { describe, expect, it } from 'vitest'
import {
  type Beat,
  cancelled,
  edits,
  endedIn,
  errs,
  fails,
  lasting,
  play,
  prints,
  prompt,
  refused,
  refusedIn,
  sleeps,
  spawns,
  succeeds,
  times,
  told,
  turn,
} from '../engine/story.ts'

const clock = (minutes: number) => `Wed Mar  4 09:${10 + minutes}:00 UTC 2026`

/** Seen in real sessions: what looks like a loop and is none. */
const stories: Record<string, readonly (Beat | readonly Beat[])[]> = {
  'the same job polled with growing sleeps in between': [
    ...[5, 10, 20, 40, 60, 120, 120, 240, 240, 240].map((wait, i) => [
      sleeps(wait),
      prints('tail -n 1 job.log', `[09:${10 + i}:07] still running`),
    ]),
  ],
  'the same job polled with growing sleeps in the same command line': [
    ...[10, 20, 40, 60, 120, 120, 240, 300].map((wait, i) =>
      lasting(wait, prints(`sleep ${wait} && tail -n 1 job.log`, `[09:${10 + i}:07] still running`)),
    ),
  ],
  'a teammate that sleeps 60 s and lists tasks, again and again, until work arrives': [
    times(15, () => [sleeps(60), succeeds('TaskList', {}, 'No tasks found')]),
    succeeds('TaskList', {}, '#1 [pending] Write the parser'),
  ],
  'the same command eleven times, each asked for by the person ("how is our progress?")': [
    times(11, () => [prompt('how is our progress?'), prints('cat progress.txt', 'building, no result yet')]),
  ],
  'a background job whose output grows: the first 400 characters equal, the tail new': [
    times(12, (i) =>
      lasting(
        4,
        succeeds(
          'BashOutput',
          { bash_id: 'b1' },
          `${'banner of the build\n'.repeat(25)}${'module compiled\n'.repeat(i + 1)}`,
        ),
      ),
    ),
  ],
  "the same test command failing five times with the same first lines (the runner's banner), an edit before each run": [
    times(5, (i) => [
      edits('src/price.ts', `${i}`, `${i + 1}`),
      fails('npm test', `\n> app@1.0.0 test\n> vitest run\n\nexpected ${['one', 'two', 'six', 'ten', 'nil'][i]}`),
    ]),
  ],
  'the same test command failing five times with the very same error, an edit before each run': [
    times(5, (i) => [edits('src/price.ts', `${i}`, `${i + 1}`), fails('npm test', 'expected 3, got 4')]),
  ],
  'one real failure and ten "sibling cancelled" results in one batch': [
    turn(fails('pytest test_a.py', 'no such file'), ...Array.from({ length: 10 }, (_, i) => cancelled(`ls d${i}`))),
  ],
  'one real failure and ten "sibling cancelled" results, three batches in a row': [
    ...['a', 'b', 'c'].map((name) =>
      turn(
        fails(`pytest test_${name}.py`, `file or directory not found: test_${name}.py`, 4),
        ...Array.from({ length: 10 }, (_, i) => cancelled(`ls d${i}`)),
      ),
    ),
  ],
  'a hook that blocks the first edit of each file on principle: the identical retry succeeds': [
    ...['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts'].map((file) => {
      const retry = edits(file)
      const { input } = retry.calls[0] as { input: Record<string, unknown> }
      return [refused('Edit', input, `State the facts about ${file} first, then ask again.`), retry]
    }),
  ],
  'one program with new arguments each time: 34 × find': [times(34, (i) => prints(`find . -name "*${i}.ts"`))],
  'one program with new arguments each time: 25 × ls, none of them there': [
    times(25, (i) => fails(`ls lib${i}`, `ls: cannot access 'lib${i}': No such file or directory`, 2)),
  ],
  'one program with new arguments each time: 22 × gh api': [
    times(22, (i) => prints(`gh api repos/a/b/pulls/${i}`, '{}')),
  ],
  'twelve probes of an unknown interface, five with a traceback': [
    times(12, (i) =>
      i % 5 < 2
        ? fails(
            `python3 -c "import api; print(api.f${i}())"`,
            `Traceback (most recent call last):\n  File "<string>", line 1, in <module>\nAttributeError: module 'api' has no attribute 'f${i}'`,
          )
        : prints(`python3 -c "import api; print(api.f${i}())"`, `answer ${'x'.repeat(i)}`),
    ),
  ],
  'nineteen task entries created in a turn': [
    turn(
      ...Array.from({ length: 19 }, (_, i) => succeeds('TaskCreate', { subject: `Step ${i}` }, `Task #${i} created`)),
    ),
  ],
  '`date` four times as a clock': [
    times(4, (i) => [lasting(40, prints(`make stage${i}`, `stage ${'ab'.repeat(i)} done`)), prints('date', clock(i))]),
  ],
  'a server that is restarted: `curl` "Exit code 7" until it is up': [
    prints('pkill -f server.js; node server.js > server.log 2>&1 &'),
    times(4, () => [fails('curl -s http://localhost:3000/health', '', 7), sleeps(3)]),
    prints('curl -s http://localhost:3000/health', '{"ok":true}'),
  ],
}

describe('looks like a loop and is not: nothing trips, nothing is refused', () => {
  it.each(Object.entries(stories))('%s', (_name, beats) => {
    const session = play(beats)
    expect(told(session, 'trip', 'halt', 'denial')).toEqual([])
    expect(refusedIn(session)).toEqual([])
    expect(endedIn(session)).toEqual([])
    expect(session.circuits).toEqual([])
  })

  it('sixteen planned agents after one prompt: a limit that people ask for, never a loop and never a halt', () => {
    const session = play([
      prompt('plan it, then start an agent for each part'),
      times(16, (i) => spawns(`part ${i}`, `agent${i}`)),
    ])
    expect(session.incidents.filter(({ pattern }) => pattern !== 'agent_spawn')).toEqual([])
    expect(endedIn(session)).toEqual([])
  })
})

describe('milder loops that are only told', () => {
  it('the same error with other arguments each time: told at three turns, never refused', () => {
    const session = play([
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((file) =>
        errs('Read', { file_path: `/home/dev/app/${file}.bin` }, 'File content exceeds maximum allowed size.'),
      ),
    ])
    expect(told(session, 'warning')).toEqual(['warning tool_failure Read'])
    expect(session.turns[2]?.told.join()).toMatch(/3 times/)
    expect(refusedIn(session)).toEqual([])
  })

  it.each([
    [7, 0],
    [8, 1],
    [15, 1],
    [16, 2],
  ])('an unchanged error after %i rounds of edit and re-run: told %i times', (rounds, warnings) => {
    const session = play([times(rounds, (i) => [edits('a.ts', `${i}`), fails('npm test', 'boom')])])
    expect(told(session, 'warning')).toHaveLength(warnings)
    expect(told(session, 'trip', 'halt')).toEqual([])
  })
})
