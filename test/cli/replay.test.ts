import { describe, expect, it } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { progressBar } from '../../lib/cli/progress-bar.ts'
import type { Invocation, Progress } from '../../lib/cli/result.ts'
import { patternNames } from '../../lib/patterns/patterns.ts'
import { failing, logged, loggedSession } from '../replay/logged.ts'
import { systemIn, tempFolder, write } from '../replay/temp-files.ts'
import { Transcript } from '../replay/transcript-builder.ts'

const silent: Progress = { add: () => {}, end: () => {} }
const run = (folder: string, words: readonly string[], more: Partial<Invocation> = {}) =>
  breakerbox(systemIn(folder), {
    words: ['replay', ...words],
    colour: false,
    folder: '/nowhere',
    progress: () => silent,
    ...more,
  })

/** Three failures trip, and the same call goes on for a minute. */
const runaway = loggedSession([...Array(10).keys()].map((i) => failing(i)))
const line = (value: unknown) => `${JSON.stringify(value)}\n`

function recorded(files: Readonly<Record<string, string>> = { 'log.jsonl': line(runaway) }): string {
  const folder = tempFolder()
  write(folder, files)
  return folder
}

describe('replay --json', () => {
  it('has the promised fields', async () => {
    const folder = recorded()
    const { exitCode, out, err } = await run(folder, ['log.jsonl', '--json'])
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    const trip = {
      pattern: 'tool_failure',
      agent: 'main',
      turn: 2,
      callIndex: 2,
      toolUseId: 'c2',
      subject: 'Bash(npm test)',
      action: 'block',
    }
    expect(JSON.parse(out)).toEqual({
      sessions: [
        expect.objectContaining({
          session: 'S',
          file: expect.stringMatching(/\/log\.jsonl$/),
          source: 'made',
          calls: 10,
          turns: 10,
          trips: [expect.objectContaining(trip)],
          warnings: expect.any(Array),
        }),
      ],
      totals: expect.objectContaining({
        sessions: 1,
        calls: 10,
        turns: 10,
        trips: 1,
        warnings: expect.any(Number),
        tripsPer1000Calls: 100,
        sessionsWithTrips: 1,
      }),
    })
  })

  it('counts a warning like a trip, and calls in file order', async () => {
    const other = Array.from({ length: 3 }, (_, i) => logged(i, { agent: 'a1', id: `a${i}` }))
    const folder = recorded({ 'log.jsonl': line(loggedSession(other)) })
    const [session] = JSON.parse((await run(folder, ['.', '--json'])).out).sessions
    expect(session).toMatchObject({
      trips: [],
      warnings: [{ pattern: 'repeated_call', agent: 'a1', turn: 2, callIndex: 2, toolUseId: 'a2', action: 'advise' }],
    })
  })

  it('of a call that is rejected before it runs: advise, then halt', async () => {
    const invalid = (i: number) => failing(i, { fail_kind: 'validation', validation_error: true })
    const folder = recorded({ 'log.jsonl': line(loggedSession([...Array(8).keys()].map(invalid))) })
    const [session] = JSON.parse((await run(folder, ['.', '--json'])).out).sessions
    expect(session.warnings.map(({ action }: { action: string }) => action)).toContain('advise')
    expect(session.trips.map(({ action }: { action: string }) => action)).toEqual(['halt'])
  })

  it('counts damaged lines and names files that are no recording', async () => {
    const folder = recorded({ 'log.jsonl': `${line(runaway)}{"half`, 'app.jsonl': '{"level":"info"}\n' })
    const { exitCode, out } = await run(folder, ['.', 'nope.jsonl', '--json'])
    const { totals } = JSON.parse(out)
    expect(exitCode).toBe(0)
    expect(totals).toMatchObject({ sessions: 1, damagedLines: 1 })
    expect(totals.problems).toEqual([
      expect.stringContaining('nope.jsonl'),
      expect.stringMatching(/app\.jsonl is no transcript/),
    ])
  })
})

describe('replay for a person', () => {
  it('shows the evidence, what would have been said, and what came after it', async () => {
    const { out } = await run(recorded(), ['.'])
    expect(out).toContain('blocked  Bash(npm test)  tool_failure')
    expect(out).toMatch(/failed 3 times in 3 turns with the same error.*boom/)
    expect(out).toMatch(/session S, turn 2, call 2, 2026-03-04 09:00 UTC/)
    expect(out).toMatch(/after it: 5 calls of the same loop in 63 s would not have run, and the run ended at call \d/)
    expect(out).toMatch(/> \[circuit_breaker\].*npm test/)
    expect(out).toMatch(
      /1 sessions, 10 calls in 10 turns\n.*\(100 per 1000 calls\), in 1 sessions \(100\.0 %\)\n.*5 calls/,
    )
  })

  it('names the result of a call that succeeds again and again', async () => {
    const calls = [...Array(4).keys()].map((i) => logged(i, { result_head: 'nothing to commit' }))
    const { out } = await run(recorded({ 'l.jsonl': line(loggedSession(calls)) }), ['.'])
    expect(out).toMatch(/result: nothing to commit/)
  })

  it('lets no sign of a transcript steer the terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\r\nfake line'
    const transcript = new Transcript({ session: `S${evil}`, agent: `a${evil}` })
    for (const id of ['a', 'b', 'c', 'd', 'e']) transcript.runs(id, `echo ${evil}`, `Exit code 1\n${evil}`, true)
    const [first, ...rest] = [...Array(10).keys()].map((i) =>
      failing(i, { agent: 'main', tool: `T${evil}`, input: { query: evil }, result_head: `Exit code 1\n${evil}` }),
    )
    const log = loggedSession(first === undefined ? [] : [first, ...rest], `L${evil}`)
    const folder = recorded({ 't.jsonl': transcript.text, 'l.jsonl': line(log), 'bad\u001b[2J.jsonl': 'x\n' })
    const { out, err } = await run(folder, ['.'])
    expect(out).toMatch(/blocked .*tool_failure/)
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    const json = (await run(folder, ['.', '--json'])).out
    expect(json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(JSON.parse(json).sessions.map(({ session }: { session: string }) => session)).toContain(`L${evil}`)
  })

  it('is painted only where colours are wanted', async () => {
    const folder = recorded()
    expect((await run(folder, ['.'], { colour: true })).out).toContain('\u001b[')
    expect((await run(folder, ['.'])).out).not.toContain('\u001b[')
  })
})

describe('other limits', () => {
  const trips = async (folder: string, ...words: string[]) => {
    const { out } = await run(folder, ['log.jsonl', '--json', ...words])
    const [session] = JSON.parse(out).sessions
    return session.trips.map(
      ({ pattern, callIndex }: { pattern: string; callIndex: number }) => `${pattern} ${callIndex}`,
    )
  }
  const strict = { circuit_breakers: { tool_failure: { threshold: 5 } } }

  it.each<[what: string, words: string[], found: string[]]>([
    ['the defaults', [], ['tool_failure 2']],
    ['--set', ['--set', 'circuit_breakers.tool_failure.threshold=2'], ['tool_failure 1']],
    [
      '--set twice',
      ['--set', 'circuit_breakers.tool_failure.mode=off', '--set', 'circuit_breakers.repeated_call.threshold=6'],
      ['repeated_call 5'],
    ],
    ['--config', ['--config', 'strict.json'], ['repeated_call 3', 'tool_failure 4']],
    [
      '--config, and --set over it',
      ['--config', 'strict.json', '--set', 'circuit_breakers.tool_failure.threshold=3'],
      ['tool_failure 2'],
    ],
    ['--only', ['--only', 'repeated_call'], ['repeated_call 3']],
    ['--only a pattern that does not trip', ['--only', 'agent_spawn'], []],
    ['--set of the whole suite', ['--set', 'mode=off'], []],
  ])('%s', async (_what, words, found) => {
    expect(
      await trips(recorded({ 'log.jsonl': line(runaway), 'strict.json': JSON.stringify(strict) }), ...words),
    ).toEqual(found)
  })

  it.each<[words: string[], said: RegExp[]]>([
    [['--set', 'circuit_breakers.tool_failure.treshold=4'], [/circuit_breakers\.tool_failure\.treshold is no field/]],
    [
      ['--set', 'circuit_breakers.tool_failure.threshold=many'],
      [/threshold/, /"many"/, /whole number/],
    ],
    [
      ['--set', 'circuit_breakers.tool_failure.threshold=1'],
      [/threshold/, /at least 2/],
    ],
    [
      ['--set', 'nonsense'],
      [/"nonsense"/, /FIELD=VALUE/],
    ],
    [['--config', 'missing.json'], [/missing\.json/]],
    [['--config', 'broken.json'], [/broken\.json/]],
    [
      ['--config', 'wrong.json'],
      [/halt_after_denials/, /-1/],
    ],
    [
      ['--only', 'loops'],
      [/loops/, ...patternNames.map((name) => new RegExp(name))],
    ],
    [
      ['--format', 'csv'],
      [/csv/, /claude-code/, /calls/],
    ],
    [['--jsno'], [/--jsno/, /--json/]],
  ])('%j is named, with what is allowed: exit code 2', async (words, said) => {
    const folder = recorded({
      'log.jsonl': line(runaway),
      'broken.json': '{',
      'wrong.json': '{"halt_after_denials":-1}',
    })
    const { exitCode, out, err } = await run(folder, ['log.jsonl', ...words])
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    for (const each of said) expect(err).toMatch(each)
    expect(err).not.toMatch(/\n\s+at /)
  })
})

describe('nothing to replay', () => {
  it('is said with the name, exit code 1', async () => {
    const { exitCode, out, err } = await run(recorded({ 'notes.md': '' }), ['.', 'nope'])
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
    expect(err).toMatch(/nope/)
  })

  it('and no path at all is a wrong command', async () => {
    expect((await run(recorded(), [])).exitCode).toBe(2)
  })
})

describe('the progress bar', () => {
  it('is told of every byte, and taken away in the end', async () => {
    const folder = recorded()
    let total = 0
    let done = 0
    let ended = 0
    await run(folder, ['.'], {
      progress: (whole) => {
        total = whole
        return { add: (bytes) => (done += bytes), end: () => (ended += 1) }
      },
    })
    expect([total, done, ended]).toEqual([line(runaway).length, line(runaway).length, 1])
  })

  it('is drawn on a terminal only, once for each percent, and wiped', () => {
    const texts: string[] = []
    const bar = progressBar(1000, (text) => texts.push(text))
    for (let i = 0; i < 1000; i += 1) bar.add(1)
    bar.end()
    expect(texts.at(-2)).toContain('100 %')
    expect(texts.at(-1)).toBe('\r\u001b[K')
    expect(texts).toHaveLength(102)
    const off = progressBar(1000, undefined)
    expect(() => {
      off.add(1000)
      off.end()
    }).not.toThrow()
  })
})
