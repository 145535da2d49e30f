import type { Incident } from '../engine/incident.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { runJanitor } from '../memory/janitor.ts'
import { memoryLimits } from '../memory/limits.ts'
import { type CleanupRecord, describeReport } from '../memory/report.ts'
import { silence } from '../protocol/answer.ts'
import type { HookHandler } from '../protocol/run-hook.ts'
import { sweepLeftovers } from '../store/leftovers.ts'
import { apply } from './apply.ts'
import { sessionFileName } from './documents.ts'
import { eventOf, isAttended, shortId } from './hook-events.ts'
import { openProject } from './project.ts'

/** `memory-janitor` (SessionStart): brings the memory folder inside its limits, and says so if there was something to do. */
export const memoryJanitor: HookHandler = async (system, received, raw) => {
  const input = 'event' in received ? received.event : received.plain
  const project = openProject(system, input.cwd)
  const session = shortId(input.session_id)
  const event = 'event' in received ? eventOf(received.event, isAttended(system.env)) : undefined
  const applied = event === undefined ? undefined : await apply(project, { session, event, at: project.now }, raw)
  const { limits, problems } = memoryLimits(project.config.memory_limits, system.env)
  const report = await runJanitor(system, project.paths, limits, {
    runningSession: input.session_id,
    runningWindow: sessionFileName(session),
    sweepLeftovers,
  })
  appendIncidents(
    system,
    project.paths.incidents,
    report.records.map((record) => cleanupIncident(record, session)),
  )
  const person = describeReport(report)
  const notes = [
    ...project.configProblems,
    ...problems.map(({ name, value, cause }) => `${name}=${value}: ${cause}`),
    ...(applied?.notes ?? []),
    ...(report.problem === undefined ? [] : [report.problem]),
  ]
  return { event: 'SessionStart', answer: person === undefined ? silence : { person }, notes }
}

const cleanupIncident = (record: CleanupRecord, session: string): Incident => ({
  at: record.at,
  kind: 'cleanup',
  session,
  subject: record.file,
  reason: [record.action, record.outcome, record.because ?? record.reason, record.archive].filter(Boolean).join('; '),
})
