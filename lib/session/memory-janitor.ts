import { join } from 'node:path'
import { textField } from '../calls/json.ts'
import { modeOf } from '../engine/draft.ts'
import { memoryLimits } from '../memory/limits.ts'
import { describeReport } from '../memory/report.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { spoolPrepare, spoolWrite } from '../store/spool.ts'
import { causeLine } from '../system/known-error.ts'
import { cleanUp } from './cleanup.ts'
import { announceDepth } from './depth-file.ts'
import { shortId } from './hook-events.ts'
import { markInstalled } from './installed-mark.ts'
import { openProject, type Project } from './project.ts'
import { beginList } from './seen.ts'
import { sessionFileName } from './session-file.ts'
import { depthOf } from './under-client.ts'

/**
 * `memory-janitor` (SessionStart): brings the memory folder inside its limits, and says so if there was something to do. What
 * the session's Bash starts is told how deep the session is nested.
 *
 * The limits of the folder are no breakers: they hold in mode `observe` too, whose recording would otherwise grow without
 * bounds. In mode `off` nothing is cleaned.
 */
export const memoryJanitor: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd)
  const session = shortId(input.session_id)
  // No engine in here: what the start means to the session's windows, if it has any, the next hook takes in first.
  const known = system.files.facts(join(project.paths.sessions, `${sessionFileName(session)}.json`)) !== undefined
  if ('event' in received && known) spoolWrite(system, project.paths.spool, raw)
  const { limits, problems } = memoryLimits(project.config.memory_limits, system.env)
  // After a compaction or /clear the list is there already, or was taken away; a resumed session may be older than our hooks.
  const goesOn = ['compact', 'clear'].includes(textField(input, 'source') ?? '')
  const listProblem = await beginSession(project, goesOn)
  const report = project.config.mode === 'off' ? undefined : await cleanUp(project, limits, input.session_id)
  const told = report && describeReport(report)
  const counts = modeOf(project.config, 'hook_recursion') !== 'off'
  const depthProblem = counts ? announceDepth(system, depthOf(system)) : undefined
  const notes = [
    ...project.configProblems,
    ...(depthProblem === undefined ? [] : [depthProblem]),
    ...problems.map(({ name, value, cause }) => `${name}=${value}: ${cause}`),
    // Where the folder cannot be used, both failed for that reason.
    ...(report?.problem === undefined ? (listProblem ?? []) : [report.problem]),
  ]
  return { event: 'SessionStart', answer: told === undefined ? silence : { person: told }, notes }
}

/** What the hooks of this session find there from its first call on; the causes where it cannot be made. */
async function beginSession(project: Project, goesOn: boolean): Promise<readonly string[] | undefined> {
  try {
    if (!goesOn) {
      spoolPrepare(project.system, project.paths.spool)
      await beginList(project)
    }
    markInstalled(project)
    return undefined
  } catch (error) {
    return [causeLine(error)]
  }
}
