import { join } from 'node:path'
import { textField } from '../calls/json.ts'
import { modeOf } from '../engine/draft.ts'
import { memoryLimits } from '../memory/limits.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { spoolPrepare, spoolWrite } from '../store/spool.ts'
import { causeLine } from '../system/known-error.ts'
import { cleanUp, toldOf } from './cleanup.ts'
import { announceDepth } from './depth-file.ts'
import { holdLook } from './held-look.ts'
import { shortId } from './hook-events.ts'
import { lookAround } from './inventory.ts'
import { openProject, type Project } from './project.ts'
import { sessionFileName } from './session-file.ts'
import { markFirstPrompt, markInstalled } from './session-marks.ts'
import { depthOf } from './under-client.ts'

/**
 * `memory-janitor` (SessionStart): brings the memory folder inside its limits, looks around, and says so if there was something to do
 * or to be seen. What the session's Bash starts is told how deep the session is nested.
 *
 * The limits of the folder are no breakers: they hold in mode `observe` too, whose recording would otherwise grow without
 * bounds. In mode `off` nothing is cleaned.
 */
export const memoryJanitor: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd)
  const { config } = project
  const session = shortId(input.session_id)
  // No engine in here: what the start means to the session's windows, if it has any, the next hook takes in first.
  const known = system.files.facts(join(project.paths.sessions, `${sessionFileName(session)}.json`)) !== undefined
  if ('event' in received && known) spoolWrite(system, project.paths.spool, raw)
  const { limits, problems } = memoryLimits(config.memory_limits, system.env)
  // After a compaction or /clear what a session needs is there already, or was taken away; a resumed session may be older than our hooks.
  const begins = !['compact', 'clear'].includes(textField(input, 'source') ?? '')
  const folderProblem = beginSession(project, begins)
  const watch = await lookAround(project, session, begins)
  const report = config.mode === 'off' ? undefined : await cleanUp(project, limits, input.session_id)
  const told = report && toldOf(project, report)
  const counts = modeOf(config, 'hook_recursion') !== 'off'
  const depth = counts ? depthOf(system) : 0
  const depthProblem = counts ? announceDepth(system, depth) : undefined
  const notes = [
    ...project.configProblems,
    ...(depthProblem === undefined ? [] : [depthProblem]),
    ...problems.map(({ name, value, cause }) => `${name}=${value}: ${cause}`),
    // Where the folder cannot be used, all failed for that reason.
    ...(report?.problem === undefined ? [...folderProblem, ...watch.notes] : [report.problem]),
  ]
  const isPlain = 'event' in received && !known && notes.length === 0 && depth <= 1
  const person = [...watch.person, ...(told === undefined ? [] : [told])]
  // How the fleet's model is only its server knows.
  if (isPlain && config.circuit_breakers.llm_api.scope !== 'fleet') {
    markFirstPrompt(project)
    // Of a session in another project that has started this one a shell knows by the environment alone, and may not know of the first.
    const mayBeNested = config.circuit_breakers.hook_recursion.max_depth > 1
    if (counts && mayBeNested && report?.kind === 'clean' && person.length === 0) holdLook(project)
  }
  return { event: 'SessionStart', answer: person.length === 0 ? silence : { person: person.join('\n') }, notes }
}

/** What the hooks of this session find there from its first call on; the cause where it cannot be made. */
function beginSession(project: Project, begins: boolean): readonly string[] {
  try {
    if (begins) spoolPrepare(project.system, project.paths.spool)
    markInstalled(project)
    return []
  } catch (error) {
    return [causeLine(error)]
  }
}
