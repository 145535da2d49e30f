/**
 * What a handler wants said, and the JSON by which the client takes it. A handler returns, only the runner writes.
 * Letting a call run is silence: `permissionDecision: "allow"` would skip the person's own permission prompt.
 */
export interface Answer {
  /** Refuse the call; the model reads the text. PreToolUse only. */
  readonly deny?: string
  /** End the whole run; why. PreToolUse together with `deny`, PostToolBatch alone. */
  readonly stop?: string
  /** Hold the prompt back and erase it; the person reads the text. UserPromptSubmit only. */
  readonly block?: string
  /** With `block`: the client does not repeat the prompt beside that text. */
  readonly unquoted?: true
  /** Text for the model. */
  readonly context?: string
  /** Text for the person. */
  readonly person?: string
}

export const silence: Answer = {}

/** Longest text of one kind, characters; the client cuts context at 10,000. */
const longest = 8000

/** Events whose output may carry `additionalContext`. */
const withContext = new Set(['PostToolUse', 'PostToolUseFailure', 'PostToolBatch', 'UserPromptSubmit'])

/**
 * The line for stdout; undefined for silence.
 *
 * @param event `hook_event_name`, which the output must repeat.
 */
export function renderAnswer(event: string, answer: Answer): string | undefined {
  const out: Record<string, unknown> = {}
  if (answer.block !== undefined) {
    Object.assign(out, { decision: 'block', reason: cut(answer.block) })
    if (answer.unquoted) out['hookSpecificOutput'] = { hookEventName: event, suppressOriginalPrompt: true }
  } else if (answer.deny !== undefined) {
    out['hookSpecificOutput'] = {
      hookEventName: event,
      permissionDecision: 'deny',
      permissionDecisionReason: cut(answer.deny),
    }
    if (answer.stop !== undefined) Object.assign(out, { continue: false, stopReason: cut(answer.stop) })
  } else if (answer.stop !== undefined) Object.assign(out, { decision: 'block', reason: cut(answer.stop) })
  else if (answer.context !== undefined && withContext.has(event)) {
    out['hookSpecificOutput'] = { hookEventName: event, additionalContext: cut(answer.context) }
  }
  if (answer.stop !== undefined) out['terminalSequence'] = haltNotice
  if (answer.person !== undefined) out['systemMessage'] = cut(answer.person)
  return Object.keys(out).length === 0 ? undefined : JSON.stringify(out)
}

/** A notification of the terminal (OSC 9) for who looks elsewhere, and a bell for terminals that show none. */
export const haltNotice = '\u001b]9;Breakerbox: the run was halted\u0007\u0007'

const cut = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest)}…`)
