import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { answerOf } from './answer-of.ts'
import { apply } from './apply.ts'
import { eventOf, isAttended, plainSettledOf, shortId } from './hook-events.ts'
import { openProject } from './project.ts'
import { reactionsBeside } from './reactions-part.ts'

/** `circuit-breaker-monitor` (everything that settles): takes in what happened, and says so when it loops. */
export const monitor: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const name = 'event' in received ? received.event.hook_event_name : 'PostToolUse'
  const project = openProject(system, input.cwd)
  const event =
    'event' in received
      ? eventOf(received.event, isAttended(system.env))
      : plainSettledOf(received.plain, system.token())
  const quiet = { event: name, answer: silence, notes: project.configProblems }
  if (event === undefined || event.kind === 'request' || event.kind === 'prompt') return quiet
  const kept = 'event' in received ? raw : undefined
  const happening = { session: shortId(input.session_id), event, at: project.now }
  const { verdict, notes } = await apply(project, happening, kept, reactionsBeside(system))
  return { ...quiet, answer: answerOf(verdict), notes: [...quiet.notes, ...notes] }
}
