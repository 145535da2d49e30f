import { describe, expect, test } from 'vitest'
import { HookRunReader, mayTellOfHook, type RecordedRun } from '../../lib/status/hook-runs.ts'

/** What the client 2.1.330 writes into a transcript, but for the fields that nobody reads. */
const record = (attachment: object): object => ({
  parentUuid: null,
  isSidechain: false,
  attachment,
  type: 'attachment',
  timestamp: '2026-03-04T12:00:00.000Z',
  cwd: '/home/you/my-project',
})
const about = { hookName: 'PreToolUse:Bash', hookEvent: 'PreToolUse', toolUseID: 'toolu_1' }
const success = record({
  type: 'hook_success',
  ...about,
  content: '',
  stdout: '{}\n',
  stderr: '',
  exitCode: 0,
  command: './ok.sh',
  durationMs: 304,
})
const cancelled = {
  type: 'hook_cancelled',
  ...about,
  command: 'sleep 7',
  durationMs: 1011,
  timedOut: true,
  timeoutMs: 1000,
}
const at = Date.parse('2026-03-04T12:00:00.000Z')
const read = (...records: unknown[]): RecordedRun[] => {
  const reader = new HookRunReader()
  return records.flatMap((each) => reader.take(each))
}

describe('one record', () => {
  test.each<[string, object, RecordedRun]>([
    ['a success', success, { command: './ok.sh', hook: about.hookName, outcome: 'succeeded', durationMs: 304, at }],
    [
      'a time-out',
      record(cancelled),
      { command: 'sleep 7', hook: about.hookName, outcome: 'timed out', durationMs: 1011, at },
    ],
    [
      'an interrupt',
      record({ ...cancelled, timedOut: false }),
      { command: 'sleep 7', hook: about.hookName, outcome: 'cancelled', durationMs: 1011, at },
    ],
    [
      'a failure',
      record({
        type: 'hook_non_blocking_error',
        ...about,
        stderr: 'Failed with non-blocking status code: boom',
        stdout: '',
        exitCode: 1,
        command: 'false',
        durationMs: 23,
      }),
      { command: 'false', hook: about.hookName, outcome: 'failed', durationMs: 23, at },
    ],
    [
      'a refusal',
      record({ type: 'hook_blocking_error', ...about, blockingError: { blockingError: '[x]: no\n', command: 'x' } }),
      { command: 'x', hook: about.hookName, outcome: 'refused', at },
    ],
  ])('%s', (_, written, run) => {
    expect(mayTellOfHook(JSON.stringify(written))).toBe(true)
    expect(read(written)).toEqual([run])
  })

  test.each([
    null,
    'x',
    {},
    { type: 'attachment' },
    record({ type: 'skill_listing', command: 'x' }),
    record({ type: 'hook_success' }),
    { type: 'user', message: { content: '"hook_success"' } },
  ])('%j tells of no run', (written) => {
    expect(read(written)).toEqual([])
  })
})

test('the summary of a Stop tells of silent hooks, and of none twice', () => {
  const stop = { hookName: 'Stop', hookEvent: 'Stop', toolUseID: 'stop-1' }
  const loud = record({ type: 'hook_non_blocking_error', ...stop, exitCode: 1, command: 'loud', durationMs: 5 })
  const summary = {
    type: 'system',
    subtype: 'stop_hook_summary',
    hookInfos: [{ command: 'loud', durationMs: 5 }, { command: 'silent', durationMs: 40 }, {}],
    timestamp: '2026-03-04T12:00:00.000Z',
    toolUseID: 'stop-1',
  }
  expect(mayTellOfHook(JSON.stringify(summary))).toBe(true)
  expect(read(loud, summary).map(({ command, outcome }) => [command, outcome])).toEqual([
    ['loud', 'failed'],
    ['silent', 'succeeded'],
  ])
  expect(read(summary)).toHaveLength(2)
  expect(read({ ...summary, hookInfos: 'x' })).toEqual([])
})
