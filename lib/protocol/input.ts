import type { Problem } from '../schema/check.ts'
import {
  anything,
  type Fields,
  flag,
  integer,
  list,
  object,
  oneOf,
  others,
  type TypeOf,
  text,
  variants,
  withDefault,
} from '../schema/schema.ts'

/**
 * What the client writes to a hook's stdin, as far as this project reads it; recorded samples of the fields are in the
 * tests. Unknown fields pass, wrong types are named.
 */

const anyText = text()
const name = text(1)

const must = { session_id: name }
const may = {
  transcript_path: anyText,
  cwd: anyText,
  prompt_id: anyText,
  agent_id: name,
  /** Plain input of direct runs and tests; the client sends none. Believed. */
  turn_count: integer(0, 1_000_000_000),
}

/** One event: what it has to bring, and what it may. */
const event = <Name extends string, Must extends Fields, May extends Fields>(name: Name, itsMust: Must, itsMay: May) =>
  others(true, object({ ...must, hook_event_name: oneOf(name), ...itsMust }, { ...may, ...itsMay }))

const toolName = { tool_name: name }
const toolUse = { tool_input: anything(), tool_use_id: anyText }
const toolResponse = { tool_response: anything() }

const hookInput = variants(
  'hook_event_name',
  event('PreToolUse', toolName, toolUse),
  event('PostToolUse', toolName, { ...toolUse, ...toolResponse }),
  event('PostToolUseFailure', { ...toolName, error: withDefault(anyText, '') }, { ...toolUse, is_interrupt: flag() }),
  event(
    'PostToolBatch',
    {
      tool_calls: list(
        others(true, object({ ...toolName, tool_use_id: anyText }, { tool_input: anything(), ...toolResponse })),
      ),
    },
    {},
  ),
  event('UserPromptSubmit', { prompt: anyText }, {}),
  event('SessionStart', {}, { source: anyText }),
  event('SessionEnd', {}, {}),
  event('SubagentStart', { agent_id: anyText }, {}),
  event('SubagentStop', { agent_id: anyText }, {}),
  event('Stop', {}, { background_tasks: list(anything()) }),
  event('StopFailure', {}, { error: anything() }),
)

/** The plain shape: no event name, the executable says what is meant. */
const plainInput = others(
  true,
  object(must, { ...may, ...toolUse, tool_name: name, tool_result: anything(), prompt: anyText }),
)

export type HookInput = TypeOf<typeof hookInput>
export type PlainInput = TypeOf<typeof plainInput>

/** Bad input: named in one line, and the tool runs. */
export class InputError extends Error {
  override name = 'InputError'
}

export type Received = { readonly event: HookInput } | { readonly plain: PlainInput }

/**
 * Parses a hook's stdin.
 *
 * @throws InputError in one line.
 */
export const parseHookInput = (stdin: string): Received => readHookInput(parseJson(stdin))

/** The same for a value that is parsed already. */
export function readHookInput(value: unknown): Received {
  const named = typeof value === 'object' && value !== null && 'hook_event_name' in value
  const verdict = named ? hookInput.check(value) : plainInput.check(value)
  if (!verdict.ok) throw new InputError(describe(verdict.problems[0], value))
  return named ? { event: verdict.value as HookInput } : { plain: verdict.value }
}

function parseJson(stdin: string): unknown {
  // a byte order mark goes with the blanks
  const body = stdin.trim()
  if (body === '') throw new InputError('stdin is empty; expected the JSON object that the client sends')
  try {
    return JSON.parse(body)
  } catch {
    throw new InputError(`stdin is no JSON (${body.length} characters)`)
  }
}

function describe(problem: Problem | undefined, value: unknown): string {
  const path = problem?.path.join('.') ?? ''
  if (path === 'hook_event_name') {
    const name = (value as { hook_event_name: unknown }).hook_event_name
    return `unknown event ${JSON.stringify(typeof name === 'string' ? name.slice(0, 60) : typeof name)}`
  }
  if (path === '') return 'stdin is no JSON object with a session_id'
  return `input field ${path.slice(0, 80)} is missing or has the wrong type`
}
