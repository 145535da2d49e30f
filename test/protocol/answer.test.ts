import { describe, expect, it } from 'vitest'
import { type Answer, renderAnswer } from '../../lib/protocol/answer.ts'

const events = [
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PostToolBatch',
  'UserPromptSubmit',
  'SessionStart',
  'SubagentStart',
  'Stop',
]

it.each(events)('letting %s go on is silence', (event) => expect(renderAnswer(event, {})).toBeUndefined())

/** OSC 9, which the client hands to the terminal, and a bell. */
const terminalSequence = '\u001b]9;Breakerbox: the run was halted\u0007\u0007'

describe('the form by which the client takes it', () => {
  it.each<[event: string, answer: Answer, out: unknown]>([
    [
      'PreToolUse',
      { deny: 'no' },
      {
        hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: 'no' },
      },
    ],
    [
      'PreToolUse',
      { deny: 'no', stop: 'end', person: 'look' },
      {
        hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: 'no' },
        continue: false,
        stopReason: 'end',
        terminalSequence,
        systemMessage: 'look',
      },
    ],
    ['PostToolBatch', { stop: 'end' }, { decision: 'block', reason: 'end', terminalSequence }],
    [
      'PostToolBatch',
      { stop: 'end', context: 'lost', person: 'look' },
      { decision: 'block', reason: 'end', terminalSequence, systemMessage: 'look' },
    ],
    ['UserPromptSubmit', { block: 'no' }, { decision: 'block', reason: 'no' }],
    ['SessionStart', { person: 'look' }, { systemMessage: 'look' }],
    ...['PostToolUse', 'PostToolUseFailure', 'PostToolBatch', 'UserPromptSubmit'].map(
      (event): [string, Answer, unknown] => [
        event,
        { context: 'hint' },
        { hookSpecificOutput: { hookEventName: event, additionalContext: 'hint' } },
      ],
    ),
  ])('%s %j', (event, answer, out) => {
    expect(JSON.parse(renderAnswer(event, answer) as string)).toEqual(out)
  })
})

it('context goes to no event that would pay tokens for it or ignore it', () => {
  for (const event of ['PreToolUse', 'SessionStart', 'Stop'])
    expect(renderAnswer(event, { context: 'x' })).toBeUndefined()
})

it('is one line of JSON, whatever the text', () => {
  const text = 'a\nb\u2028c"\\\u0000'
  expect(renderAnswer('PreToolUse', { deny: text })).not.toContain('\n')
  expect(
    JSON.parse(renderAnswer('PostToolUse', { context: text }) as string).hookSpecificOutput.additionalContext,
  ).toBe(text)
})

it('never allows: that would skip the permission prompt of the person', () => {
  for (const event of events)
    for (const answer of [{}, { person: 'x' }, { context: 'x' }, { stop: 'x' }])
      expect(renderAnswer(event, answer) ?? '').not.toContain('allow')
})

it('stays under what the client cuts at', () => {
  const out = JSON.parse(
    renderAnswer('PostToolUse', { context: 'x'.repeat(50_000), person: 'y'.repeat(50_000) }) as string,
  )
  expect(out.hookSpecificOutput.additionalContext.length).toBeLessThanOrEqual(10_000)
  expect(out.systemMessage.length).toBeLessThanOrEqual(10_000)
})
