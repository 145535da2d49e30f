import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import { asLoggedSession, type LoggedCall, loggedEvents } from '../../lib/replay/call-log.ts'
import { Replayer } from '../../lib/replay/replayer.ts'
import { failing, logged, loggedSession } from './logged.ts'

const replay = (calls: readonly LoggedCall[]) => {
  const replayer = new Replayer('S', defaultConfig())
  for (const event of loggedEvents(loggedSession(calls))) replayer.play(event)
  return replayer.result()
}
const trips = (calls: readonly LoggedCall[]) =>
  replay(calls).trips.map(({ pattern, callIndex }) => `${pattern} ${callIndex}`)
const turns = (count: number, call: (turn: number) => LoggedCall) => Array.from({ length: count }, (_, i) => call(i))

describe('what was cut is compared by the hash of the whole', () => {
  const cut = { command: 'cat a very long …' }

  it.each<[what: string, call: (turn: number) => Partial<LoggedCall>, found: string[]]>([
    ['equal heads, equal whole', () => ({ input: cut, result_head: 'same …' }), ['repeated_call 3']],
    ['equal heads, inputs that differ behind the cut', (i) => ({ input: cut, input_sha: `i${i}` }), []],
    [
      'equal heads, results that differ behind the cut',
      (i) => ({ result_head: 'same …', result_sha: `r${i}`, result_norm_sha: `n${i}` }),
      [],
    ],
    ['an input that is whole is not compared by its hash', (i) => ({ input_sha: `i${i}` }), ['repeated_call 3']],
    ['a result that is whole is not compared by its hash', (i) => ({ result_sha: `r${i}` }), ['repeated_call 3']],
    ['no hashes at all', () => ({ input_sha: null, result_sha: null, result_norm_sha: null }), ['repeated_call 3']],
    ['no result at all', () => ({ result_sha: null, result_norm_sha: null, result_head: null }), ['repeated_call 3']],
    ['a cut nested in the input', (i) => ({ input: { edits: [{ old: 'a …' }] }, input_sha: `i${i}` }), []],
  ])('%s', (_what, call, found) => {
    expect(trips(turns(4, (i) => logged(i, call(i))))).toEqual(found)
  })

  it('a long result that differs in its numbers only is a poll', () => {
    const call = (i: number) => logged(i, { result_head: `at ${i} …`, result_sha: `r${i}` })
    expect(trips(turns(6, call))).toEqual(['busy_polling 5'])
  })

  it('an edit whose text was cut is still an edit of its file', () => {
    const call = (i: number) =>
      failing(i, {
        tool: 'Edit',
        input: { file_path: '/a.ts', old_string: `x${i} …`, new_string: 'y' },
        input_sha: `i${i}`,
        fail_kind: 'exit_code',
      })
    expect(trips(turns(3, call))).toEqual(['tool_failure 2'])
  })
})

describe('times', () => {
  it('that are missing are no busy polling, and no reason to stop', () => {
    const call = (i: number) => logged(i, { ts: null, result_head: `at ${i}` })
    expect(trips(turns(12, call))).toEqual([])
    expect(trips(turns(4, (i) => logged(i, { ts: null })))).toEqual(['repeated_call 3'])
  })

  it('that are damaged count as missing', () => {
    expect(replay([logged(0, { ts: 'yesterday' })])).toMatchObject({ calls: 1, turns: 1 })
  })
})

describe('how a call ended', () => {
  it.each<[kind: string, fields: Partial<LoggedCall>, found: string[]]>([
    ['exit_code', { fail_kind: 'exit_code' }, ['tool_failure 2']],
    ['timeout', { fail_kind: 'timeout' }, ['tool_failure 2']],
    ['other', { fail_kind: 'other' }, ['tool_failure 2']],
    ['sibling_cancelled', { fail_kind: 'sibling_cancelled' }, []],
    ['interrupted', { interrupted: true }, []],
    ['user_rejected: a repeat, no failure', { fail_kind: 'user_rejected' }, ['repeated_call 3']],
    ['permission', { fail_kind: 'permission' }, ['repeated_call 3']],
    ['hook_block', { fail_kind: 'hook_block' }, ['repeated_call 3']],
  ])('%s', (_kind, fields, found) => {
    expect(trips(turns(4, (i) => failing(i, fields)))).toEqual(found)
  })

  it('rejected before it ran: nothing can be refused, so the model is told and the run is ended', () => {
    const { trips, warnings } = replay(turns(8, (i) => failing(i, { fail_kind: 'validation', validation_error: true })))
    expect(warnings.map(({ action, callIndex }) => [action, callIndex])).toContainEqual(['advise', 2])
    expect(trips.map(({ action }) => action)).toEqual(['halt'])
  })
})

describe('the order of things', () => {
  it("a person's prompt starts the count of repeats anew", () => {
    expect(trips(turns(8, (i) => logged(i, { prompt: 1 + Math.floor(i / 3) })))).toEqual([])
  })

  it('several calls of one turn count once', () => {
    expect(trips(turns(9, (i) => failing(Math.floor(i / 5), { id: `c${i}` })))).toEqual([])
  })

  it('agents count apart', () => {
    expect(trips(turns(4, (i) => failing(i, { agent: i % 2 === 0 ? 'main' : 'a1' })))).toEqual([])
  })

  it('calls after a trip are counted, with the time they took, and a halt ends the run', () => {
    const [trip] = replay(turns(12, (i) => failing(i))).trips
    expect(trip).toMatchObject({ callIndex: 2, turn: 2, toolUseId: 'c2', subject: 'Bash(npm test)', action: 'block' })
    expect(trip?.callsAfter).toBeGreaterThanOrEqual(6)
    expect(trip?.secondsAfter).toBe(81)
    expect(trip?.haltedAtCall).toBeGreaterThan(4)
    expect(trip?.resultLine).toBe('boom')
  })
})

describe('a value that is no logged session', () => {
  it.each([
    null,
    [],
    'text',
    {},
    { session: 'S' },
    { session: 1, calls: [] },
    { session: 'S', calls: [{ tool: 'Bash' }] },
    { session: 'S', calls: [null] },
  ])('%j', (value) => expect(asLoggedSession(value)).toBeUndefined())
})
