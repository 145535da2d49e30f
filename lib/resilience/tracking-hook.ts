import { hash } from '../calls/hash.ts'
import { isRecord, textField } from '../calls/json.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { namesWord } from './names-word.ts'
import type { PatternAction, PatternChange } from './pattern-event.ts'
import { openTracker } from './tracker.ts'

/**
 * `pattern-tracker` (PostToolUse of Write, Edit and MultiEdit): what was written goes into the spool, and the service that the
 * user has named hears of it later. Without such a service, or turned off, it does nothing.
 *
 * @param words behind the program's name: `--no-content` keeps contents back.
 */
export const trackingHook =
  (words: readonly string[]): HookHandler =>
  async (system, received) => {
    const input = 'event' in received ? received.event : received.plain
    const handled = { event: 'PostToolUse', answer: silence, notes: [] }
    const seen = changeIn(input)
    if (seen === undefined) return handled
    const use = textField(input, 'tool_use_id')
    const tracker = openTracker(system, {
      ...(words.includes(namesWord) ? { content: false } : {}),
      ...(input.cwd === undefined || system.env['CLAUDE_PROJECT_DIR'] ? {} : { project: input.cwd }),
      // The same call, told twice because a hook is registered twice, has the same key.
      ...(use === undefined ? {} : { id: (action) => hash(`${input.session_id}\n${use}\n${action}`) }),
    })
    const { action, change } = seen
    const tracked = action === 'created' ? tracker.trackCreation(change) : tracker.trackModification(change)
    return tracked.kind === 'lost' ? { ...handled, notes: [`not reported: ${tracked.cause}`] } : handled
  }

/** What a call has done to which pattern; undefined for a call that writes no file. */
function changeIn(
  input: Readonly<Record<string, unknown>> & { readonly session_id: string },
): { readonly action: PatternAction; readonly change: PatternChange } | undefined {
  const given = input['tool_input']
  const file = textField(given, 'file_path')
  const tool = textField(input, 'tool_name')
  if (file === undefined || tool === undefined) return undefined
  const agent = textField(input, 'agent_id')
  const frame = { file, tool, session: input.session_id, ...(agent === undefined ? {} : { agent }) }
  const content = textField(given, 'content')
  if (content !== undefined) {
    const isNew = textField(input['tool_response'], 'type') !== 'update'
    return { action: isNew ? 'created' : 'modified', change: { ...frame, content } }
  }
  const edits = isRecord(given) && Array.isArray(given['edits']) ? given['edits'] : [given]
  const before = textsOf(edits, 'old_string')
  const after = textsOf(edits, 'new_string')
  // An edit of nothing makes the file.
  if (before === '') return { action: 'created', change: { ...frame, content: after } }
  return { action: 'modified', change: { ...frame, before, content: after } }
}

const textsOf = (edits: readonly unknown[], field: string): string =>
  edits.map((edit) => textField(edit, field) ?? '').join('\n')
