import { textField } from '../calls/json.ts'
import { modeOf } from '../engine/draft.ts'
import { bypassed } from '../engine/messages.ts'
import { type Answer, silence } from '../protocol/answer.ts'
import type { Received } from '../protocol/input.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { answerCommand } from './answer-command.ts'
import { answerOf } from './answer-of.ts'
import { applyPrompt } from './apply.ts'
import { isAttended, promptEvent, shortId } from './hook-events.ts'
import { lookAround } from './inventory.ts'
import { type ApiNews, apiFailed, apiWorked, beforePrompt } from './model-api.ts'
import { openProject, type Project } from './project.ts'
import { promptCommand } from './prompt-command.ts'
import { nestingOf } from './under-client.ts'

/**
 * `prompt-intake` (UserPromptSubmit): a person's prompt counts refusals anew, and `SUDO BYPASS` in it lifts the limits for
 * that prompt. The words are a candidate here; the gate honours them unless the transcript names a machine as the author.
 * In a session that is nested too deeply no prompt is taken; while the model's API is overloaded, runs that nobody watches wait.
 * It also hears how turns end (Stop, StopFailure), which is how it knows.
 */
export const promptIntake: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd)
  const quiet = { event: 'UserPromptSubmit', answer: silence, notes: project.configProblems }
  const session = shortId(input.session_id)
  const ended = await endOfTurn(project, session, received)
  if (ended !== undefined)
    return { event: ended.event, answer: toldTo(ended.person), notes: [...quiet.notes, ...ended.notes] }
  const prompt = textField(input, 'prompt')
  if (prompt === undefined) return quiet
  const command = promptCommand(prompt)
  if (command !== undefined) {
    const place = { session, transcript: textField(input, 'transcript_path') }
    return { ...quiet, answer: await answerCommand(project, place, command) }
  }
  const isEvent = 'event' in received
  const measured = isEvent && modeOf(project.config, 'hook_recursion') !== 'off'
  const event = {
    ...promptEvent(prompt, input.prompt_id, isAttended(system.env)),
    ...(measured ? { nesting: nestingOf(system) } : {}),
  }
  const watch = await lookAround(project, session)
  const { verdict, notes } = await applyPrompt(project, { session, event, at: project.now }, isEvent ? raw : undefined)
  const { deny: block, ...answer } = answerOf(verdict)
  const api =
    block === undefined && isEvent ? await beforePrompt(project, session, event.attended) : { person: [], notes: [] }
  const told = event.bypass && block === undefined ? [`${bypassed}: for this prompt no call is refused.`] : []
  const person = [...watch.person, ...(answer.person === undefined ? [] : [answer.person]), ...told, ...api.person]
  return {
    ...quiet,
    answer: {
      ...answer,
      ...(block === undefined ? {} : { block }),
      ...toldTo(person),
    },
    notes: [...quiet.notes, ...watch.notes, ...notes, ...api.notes],
  }
}

/** How a turn ended says how the model's API is; undefined for a prompt. */
async function endOfTurn(
  project: Project,
  session: string,
  received: Received,
): Promise<(ApiNews & { readonly event: string }) | undefined> {
  if (!('event' in received)) return undefined
  const { hook_event_name: event } = received.event
  if (event === 'Stop') return { event, ...(await apiWorked(project, session)) }
  if (event !== 'StopFailure') return undefined
  return { event, ...(await apiFailed(project, session, textField(received.event, 'error') ?? '')) }
}

const toldTo = (person: readonly string[]): Answer => (person.length === 0 ? {} : { person: person.join('\n') })
