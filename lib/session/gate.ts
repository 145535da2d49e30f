import { isSpawn } from '../calls/call.ts'
import { concerns } from '../engine/circuit.ts'
import type { RequestEvent } from '../engine/event.ts'
import { outsideWeight } from '../engine/outside.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { answerOf } from './answer-of.ts'
import { applyRequest } from './apply.ts'
import { circuitStateKind, sessionKind } from './documents.ts'
import { plainRequestOf, requestOf, shortId } from './hook-events.ts'
import { openProject, type Project } from './project.ts'
import { promptOrigin } from './prompt-origin.ts'

/** A decision cannot be put off into the spool like an event, so the gate waits longer for the lock than the others. */
const waitMilliseconds = 900

/** `circuit-breaker-gate` (PreToolUse): may this call run? Silence lets it run. */
export const gate: HookHandler = async (system, received) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd, { waitMilliseconds })
  const quiet = { event: 'PreToolUse', answer: silence, notes: project.configProblems }
  const event = askedOf(project, received)
  if (event === undefined) return quiet
  const session = shortId(input.session_id)
  if (!(await isOfInterest(project, session, event))) return quiet
  const asked = await withOrigin(project, session, event, input.transcript_path)
  const { verdict, notes } = await applyRequest(project, { session, event: asked, at: project.now })
  return { ...quiet, answer: answerOf(verdict), notes: [...quiet.notes, ...notes] }
}

function askedOf({ system }: Project, received: Parameters<HookHandler>[1]): RequestEvent | undefined {
  if ('plain' in received) return plainRequestOf(received.plain, system.token())
  return received.event.hook_event_name === 'PreToolUse' ? requestOf(received.event) : undefined
}

/** Nearly every call is of none: no circuit concerns it, and it need not be counted before it runs. */
async function isOfInterest(project: Project, session: string, { call, agent }: RequestEvent): Promise<boolean> {
  const outside = outsideWeight(call, project.config.circuit_breakers.external_api) > 0
  if (isSpawn(call.tool) || (outside && call.tool !== 'Bash')) return true
  const { document } = await project.store.read(circuitStateKind)
  if (outside && (document.sharedUntil ?? document.fleetUntil) !== undefined) return true
  return document.circuits.some((circuit) => concerns(circuit, session, agent, call, outside))
}

/** While a bypass is claimed, the transcript is asked who wrote the prompt it stood in. */
async function withOrigin(
  project: Project,
  session: string,
  event: RequestEvent,
  transcript: string | undefined,
): Promise<RequestEvent> {
  if (event.promptId === undefined) return event
  const { document } = await project.store.read(sessionKind(session))
  if (document.bypass?.promptId !== event.promptId) return event
  const origin = promptOrigin(project.system.files, transcript, event.promptId)
  return origin === undefined ? event : { ...event, promptOrigin: origin }
}
