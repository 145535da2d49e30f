import { bypassed } from '../engine/messages.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { answerOf } from './answer-of.ts'
import { apply } from './apply.ts'
import { eventOf, isAttended, plainEventOf, shortId } from './hook-events.ts'
import { openProject } from './project.ts'

/**
 * `prompt-intake` (UserPromptSubmit): a person's prompt counts refusals anew, and `SUDO BYPASS` in it lifts the limits for
 * that prompt. The words are a candidate here; the gate honours them unless the transcript names a machine as the author.
 */
export const promptIntake: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd)
  const attended = isAttended(system.env)
  const event =
    'event' in received
      ? eventOf(received.event, attended)
      : plainEventOf(received.plain, 'prompt', system.token(), attended)
  const quiet = { event: 'UserPromptSubmit', answer: silence, notes: project.configProblems }
  if (event?.kind !== 'prompt') return quiet
  const kept = 'event' in received ? raw : undefined
  const { verdict, notes } = await apply(project, { session: shortId(input.session_id), event, at: project.now }, kept)
  const answer = answerOf(verdict)
  const told = event.bypass ? { person: `${bypassed}: for this prompt no call is refused.` } : {}
  return { ...quiet, answer: { ...answer, ...told }, notes: [...quiet.notes, ...notes] }
}
