import { describe, expect, it } from 'vitest'
import { InputError, parseHookInput, readHookInput } from '../../lib/protocol/input.ts'

const common = { session_id: 's', transcript_path: '/t.jsonl', cwd: '/p', prompt_id: 'p', permission_mode: 'default' }
const call = { tool_name: 'Bash', tool_input: { command: 'npm test' }, tool_use_id: 'toolu_1' }

const payloads: readonly Record<string, unknown>[] = [
  { ...common, hook_event_name: 'SessionStart', source: 'startup' },
  { ...common, hook_event_name: 'UserPromptSubmit', prompt: '' },
  { ...common, hook_event_name: 'PreToolUse', ...call },
  { ...common, hook_event_name: 'PostToolUse', ...call, tool_response: { stdout: 'hi', stderr: '' }, duration_ms: 41 },
  {
    ...common,
    hook_event_name: 'PostToolUseFailure',
    ...call,
    error: 'Exit code 1',
    is_interrupt: false,
    duration_ms: 7,
  },
  { ...common, hook_event_name: 'PostToolBatch', tool_calls: [{ ...call, tool_response: 'hi' }] },
  { ...common, hook_event_name: 'PostToolBatch', tool_calls: [] },
  {
    ...common,
    hook_event_name: 'PostToolBatch',
    tool_calls: [{ ...call, tool_response: [{ type: 'text', text: 'x' }] }],
  },
  { ...common, hook_event_name: 'SubagentStart', agent_id: 'a1', agent_type: 'general-purpose' },
  { ...common, hook_event_name: 'SubagentStop', agent_id: 'a1', stop_hook_active: false },
  { ...common, hook_event_name: 'Stop', stop_hook_active: false, background_tasks: [], session_crons: [] },
  { ...common, hook_event_name: 'StopFailure', error: 'rate_limit' },
  { ...common, hook_event_name: 'SessionEnd', reason: 'other' },
]

describe('what the client sends', () => {
  it.each(payloads.map((payload) => [payload['hook_event_name'], payload] as const))('%s', (name, payload) => {
    expect(parseHookInput(JSON.stringify(payload))).toMatchObject({ event: { hook_event_name: name, session_id: 's' } })
  })

  it('inside a subagent', () => {
    const payload = { ...common, agent_id: 'a1', agent_type: 'x', hook_event_name: 'PreToolUse', ...call }
    expect(readHookInput(payload)).toMatchObject({ event: { agent_id: 'a1' } })
  })

  it('with fields that nobody knows yet, a byte order mark or a line end', () => {
    expect(readHookInput({ ...payloads[0], new_field: { a: 1 } })).toHaveProperty('event')
    expect(parseHookInput(`\ufeff${JSON.stringify(payloads[0])}\n`)).toHaveProperty('event')
  })
})

it('the plain shape has no event', () => {
  const plain = { tool_name: 'Bash', tool_result: { isError: true }, session_id: 'test', turn_count: 1 }
  expect(parseHookInput(JSON.stringify(plain))).toMatchObject({ plain })
})

describe('what is wrong is named in one line', () => {
  it.each<[stdin: string, message: RegExp]>([
    ['', /stdin is empty/],
    [' \n', /stdin is empty/],
    ['{', /no JSON/],
    ['[]', /session_id/],
    ['null', /session_id/],
    ['7', /session_id/],
    ['{}', /session_id/],
    ['{"session_id":""}', /session_id/],
    ['{"session_id":7}', /session_id/],
    ['{"session_id":"s","turn_count":"x"}', /turn_count/],
    ['{"session_id":"s","turn_count":-1}', /turn_count/],
    ['{"session_id":"s","turn_count":1.5}', /turn_count/],
    ['{"session_id":"s","turn_count":1e300}', /turn_count/],
    ['{"session_id":"s","hook_event_name":"Nope"}', /unknown event "Nope"/],
    ['{"session_id":"s","hook_event_name":null}', /unknown event/],
    ['{"session_id":"s","hook_event_name":"PreToolUse"}', /tool_name/],
    ['{"session_id":"s","hook_event_name":"PreToolUse","tool_name":""}', /tool_name/],
    ['{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"x","tool_use_id":1}', /tool_use_id/],
    ['{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"x","agent_id":""}', /agent_id/],
    ['{"session_id":"s","hook_event_name":"PostToolBatch"}', /tool_calls/],
    [
      '{"session_id":"s","hook_event_name":"PostToolBatch","tool_calls":[{"tool_name":"x"}]}',
      /tool_calls\.0\.tool_use_id/,
    ],
    ['{"session_id":"s","hook_event_name":"UserPromptSubmit"}', /prompt/],
    ['{"session_id":"s","hook_event_name":"SubagentStart"}', /agent_id/],
  ])('%s', (stdin, message) => {
    let error: unknown
    try {
      parseHookInput(stdin)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(InputError)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toContain('\n')
    expect((error as Error).message.length).toBeLessThan(200)
  })

  it('a prototype in the input reaches nobody', () => {
    parseHookInput('{"session_id":"s","__proto__":{"polluted":true}}')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
