import { textField } from '../calls/json.ts'
import { bypassed } from '../engine/messages.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { answerOf } from './answer-of.ts'
import { applyPrompt } from './apply.ts'
import { isAttended, promptEvent, shortId } from './hook-events.ts'
import { lookAround } from './inventory.ts'
import { openProject } from './project.ts'
import { resetByPrompt, resetCommand } from './reset-by-prompt.ts'

/**
 * `prompt-intake` (UserPromptSubmit): a person's prompt counts refusals anew, and `SUDO BYPASS` in it lifts the limits for
 * that prompt. The words are a candidate here; the gate honours them unless the transcript names a machine as the author.
 */
export const promptIntake: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd)
  const quiet = { event: 'UserPromptSubmit', answer: silence, notes: project.configProblems }
  const prompt = textField(input, 'prompt')
  if (prompt === undefined) return quiet
  const asked = resetCommand(prompt)
  if (asked !== undefined) return { ...quiet, answer: await resetByPrompt(project, asked) }
  const event = promptEvent(prompt, input.prompt_id, isAttended(system.env))
  const kept = 'event' in received ? raw : undefined
  const watch = await lookAround(project, shortId(input.session_id))
  const { verdict, notes } = await applyPrompt(
    project,
    { session: shortId(input.session_id), event, at: project.now },
    kept,
  )
  const answer = answerOf(verdict)
  const told = event.bypass ? [`${bypassed}: for this prompt no call is refused.`] : []
  const person = [...watch.person, ...(answer.person === undefined ? [] : [answer.person]), ...told]
  return {
    ...quiet,
    answer: { ...answer, ...(person.length === 0 ? {} : { person: person.join('\n') }) },
    notes: [...quiet.notes, ...watch.notes, ...notes],
  }
}
