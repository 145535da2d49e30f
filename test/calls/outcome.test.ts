import { describe, expect, it } from 'vitest'
import { isFailure, type Outcome, outcomeOfFailure, outcomeOfResponse } from '../../lib/calls/outcome.ts'

/** What the model reads, and what it means. Recorded forms, with paths and names of our own. */
const texts: readonly (readonly [text: string, outcome: Outcome])[] = [
  ['hello', 'succeeded'],
  ['', 'succeeded'],
  ['Exit code 1\nboom', 'succeeded'],
  ['The file /p/a.ts has been updated successfully.', 'succeeded'],
  ['a line\nThis command requires approval', 'succeeded'],
  ['the log says: <tool_use_error>x</tool_use_error>', 'succeeded'],
  ['x\nClaude requested permissions to use WebFetch', 'succeeded'],

  ['<tool_use_error>String to replace not found in file.\nString: zzz</tool_use_error>', 'invalid'],
  ['<tool_use_error>Error: No such tool available: NoSuchTool</tool_use_error>', 'invalid'],
  ['<tool_use_error>InputValidationError: Read failed due to the following issue: …</tool_use_error>', 'invalid'],
  ['<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>', 'invalid'],

  ["Claude requested permissions to use WebFetch, but you haven't granted it yet.", 'refused'],
  ["Claude requested permissions to write to /p/a.ts, but you haven't granted it yet.", 'refused'],
  ['This command requires approval', 'refused'],
  ["rm in '/p/a' needs approval. The path is inside the working directories for this session ('/p').", 'refused'],
  ["touch in '/tmp/x' needs approval. The path is outside the working directories for this session ('/p').", 'refused'],
  ["Output redirection to '/tmp/x' needs approval. The path is outside the working directories.", 'refused'],
  ["A nested command in this command can't be checked before it runs", 'refused'],
  ["Permission to use Bash has been denied because Claude Code is running in don't ask mode. IMPORTANT: …", 'refused'],
  ['Permission to use Bash with command rm -rf x has been denied.', 'refused'],
  ['<tool_use_error>File is in a directory that is denied by your permission settings.</tool_use_error>', 'refused'],
  ["The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was …", 'refused'],
  ["The user doesn't want to take this action right now. STOP what you are doing and wait.", 'refused'],
  ['PreToolUse:Bash hook error: not on Fridays', 'refused'],
  ['PreToolUse:WebFetch hook error: [circuit_breaker] Refused: …', 'refused'],
  ['PreToolUse:mcp__db__query hook error: no', 'refused'],

  ['<tool_use_error>Sibling tool call errored</tool_use_error>', 'cancelled'],
  ['Sibling tool call errored', 'cancelled'],
  ['<tool_use_error>Cancelled: parallel tool call Bash(ls) errored</tool_use_error>', 'cancelled'],
  ['[Request interrupted by user for tool use]', 'cancelled'],
  ['[Request interrupted by user]', 'cancelled'],
]

describe('a text of the batch', () => {
  it.each(texts)('%j: %s', (text, outcome) => {
    expect(outcomeOfResponse(text, 'Bash')).toBe(outcome)
  })
})

describe('a tool that edits files succeeds only where the client says so', () => {
  it.each<[tool: string, text: string, outcome: Outcome]>([
    ['Edit', 'The file /p/a.ts has been updated successfully.', 'succeeded'],
    ['Edit', "The file /p/a.ts has been updated. Here's the result of running `cat -n` on a snippet", 'succeeded'],
    ['Write', 'File created successfully at: /p/a.ts', 'succeeded'],
    ['Write', 'The file /p/a.ts has been updated successfully.', 'succeeded'],
    ['Edit', 'State the facts about this file first, then ask again.', 'refused'],
    ['Write', '[circuit_breaker] Refused: Write(a.ts) failed 3 times.', 'refused'],
    ['Edit', '<tool_use_error>String to replace not found in file.</tool_use_error>', 'invalid'],
    ['Read', 'State the facts about this file first, then ask again.', 'succeeded'],
  ])('%s: %j: %s', (tool, text, outcome) => expect(outcomeOfResponse(text, tool)).toBe(outcome))
})

describe('the error of a failure event', () => {
  it.each(texts)('%j', (text, outcome) => {
    expect(outcomeOfFailure(text, false)).toBe(outcome === 'succeeded' ? 'failed' : outcome)
    expect(outcomeOfFailure(text, true)).toBe('cancelled')
  })
})

it.each<[Outcome, boolean]>([
  ['failed', true],
  ['invalid', true],
  ['pending', false],
  ['succeeded', false],
  ['refused', false],
  ['denied', false],
  ['cancelled', false],
])('%s is a failure: %s', (outcome, expected) => expect(isFailure(outcome)).toBe(expected))
