import { wordSet } from './word-set.ts'

/**
 * How a tool call ended.
 * - `pending`: asked for, not settled yet;
 * - `succeeded`;
 * - `failed`: the tool ran and reported an error;
 * - `invalid`: rejected before it ran (unknown tool, bad arguments, an Edit whose `old_string` is not there);
 * - `refused`: by the permission system, a person or another hook;
 * - `denied`: by us;
 * - `cancelled`: by an interrupt, or because a sibling of the same batch failed. Counts as nothing.
 */
export type Outcome = 'pending' | 'succeeded' | 'failed' | 'invalid' | 'refused' | 'denied' | 'cancelled'

/** Only these two are failures; the rest of the repeats are only repeats. */
export const isFailure = (outcome: Outcome): boolean => outcome === 'failed' || outcome === 'invalid'

/** First lines of what the client writes for a call that its permission system, a person or another hook refused. */
const refusals = [
  /^Claude requested permissions? to /,
  /^.{0,400}\b(?:requires approval|needs approval\.|can't be checked before it runs)/,
  /^Permission to use .{1,400} (?:has been|was) denied/,
  /^The user doesn't want to (?:proceed|take this action)/,
  /^(?:<tool_use_error>)?File is in a directory that is denied/,
  /^\w{1,40} operation blocked by hook/,
  /^(?:PreToolUse|PermissionRequest)(?::\S{1,100})? hook /,
]

const cancellations = [
  /^(<tool_use_error>)?(Error: )?Sibling tool call errored/,
  /^(<tool_use_error>)?Cancelled: parallel tool call/,
  /^\[Request interrupted by user/,
  /^Interrupted by user/,
]

const fits = (text: string, expressions: readonly RegExp[]): boolean => {
  const head = text.slice(0, 600).split('\n', 1)[0] as string
  return expressions.some((expression) => expression.test(head))
}

/** The outcome of a call that `PostToolUseFailure` reports, from its `error` and `is_interrupt`. */
export function outcomeOfFailure(error: string, isInterrupt: boolean): Outcome {
  if (isInterrupt || fits(error, cancellations)) return 'cancelled'
  if (fits(error, refusals)) return 'refused'
  return error.startsWith('<tool_use_error>') ? 'invalid' : 'failed'
}

/**
 * The outcome of a call as `PostToolBatch` shows it: the text that the model reads, which carries no error flag. A failed
 * command cannot be told from one that prints `Exit code 1`; the failure event, joined by `tool_use_id`, overrides this.
 * Another hook's refusal can be any text at all. For a tool that edits files it shows by what is missing: the client's own
 * word for a change (5,051 of 5,054 recorded edits have one; the other three are empty).
 */
export function outcomeOfResponse(text: string, tool: string): Outcome {
  if (fits(text, cancellations)) return 'cancelled'
  if (fits(text, refusals)) return 'refused'
  if (text.startsWith('<tool_use_error>')) return 'invalid'
  return editors.has(tool) && text !== '' && !changeWord.test(text.slice(0, 600)) ? 'refused' : 'succeeded'
}

/** Tools that change files and do nothing else. */
export const editors = wordSet('Edit MultiEdit Write NotebookEdit')

const changeWord = /\b(?:updated|created|applied|inserted|deleted|written|modified|overwritten)\b/i
