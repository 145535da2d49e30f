import { textField } from '../calls/json.ts'
import type { HookRecord } from './hook-state.ts'

/**
 * What the client is answered in place of a hook that is down and that something relies on: on `PreToolUse` the person is
 * asked, or the call refused where nobody is there; elsewhere, where nothing can be asked, the person is told.
 *
 * @param input what the client wrote to the hook.
 * @param seconds until it is tried again.
 */
export function downAnswer(
  input: unknown,
  key: string,
  record: HookRecord,
  seconds: number,
  attended: boolean,
): string {
  const event = textField(input, 'hook_event_name') ?? ''
  const why = downReason(key, record, seconds)
  if (event !== 'PreToolUse') return JSON.stringify({ systemMessage: `${why} It was skipped.` })
  const ask = `${why} Nothing has checked this call; is it to run?`
  const deny = `${why} Nothing has checked this call and nobody is there to ask, so it does not run. Do something that needs no ${
    textField(input, 'tool_name') ?? 'such call'
  }, or stop and say that this hook is down.`
  return JSON.stringify({
    hookSpecificOutput: {
      hookEventName: event,
      permissionDecision: attended ? 'ask' : 'deny',
      permissionDecisionReason: attended ? ask : deny,
    },
  })
}

function downReason(key: string, record: HookRecord, seconds: number): string {
  const since = record.disabled_at ?? 'an unknown time'
  const error = record.last_error === null ? '' : ` (${record.last_error})`
  const many = record.consecutive_failures === 1 ? '1 failure' : `${record.consecutive_failures} failures in a row`
  const failures = `${many}${error}`
  const again = `It is tried again in ${Math.ceil(seconds)} s; a person can bring it back with: hook-health reset --all`
  return `The guard hook ${JSON.stringify(key)} is down since ${since} after ${failures}. ${again}.`
}
