import { basename } from 'node:path'
import type { Incident } from '../engine/incident.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { runJanitor } from '../memory/janitor.ts'
import type { MemoryLimits } from '../memory/plan.ts'
import type { CleanupRecord, JanitorReport } from '../memory/report.ts'
import { sweepLeftovers } from '../store/leftovers.ts'
import { shortId } from './hook-events.ts'
import type { Project } from './project.ts'
import { sessionFileName } from './session-file.ts'

/**
 * Brings a project's memory folder inside its limits and writes each action into the incident log: the one way to clean,
 * for the hook and for a person.
 *
 * @param running id of the session whose files are left alone; undefined where none is known to run.
 * @param budgetMilliseconds default: that of `runJanitor`.
 */
export async function cleanUp(
  project: Project,
  limits: MemoryLimits,
  running: string | undefined,
  budgetMilliseconds?: number,
): Promise<JanitorReport> {
  const { system, paths, now } = project
  const session = running === undefined ? undefined : shortId(running)
  const rescued: string[] = []
  const report = await runJanitor(system, paths, limits, {
    runningSession: running,
    ...(session !== undefined && { runningWindow: sessionFileName(session) }),
    ...(budgetMilliseconds !== undefined && { budgetMilliseconds }),
    sweepLeftovers: (...where) => rescued.push(...sweepLeftovers(...where).rescued),
  })
  const of = session === undefined ? {} : { session }
  appendIncidents(system, paths.incidents, [
    ...rescued.map((path): Incident => ({ ...rescueIncident(path, now), ...of })),
    ...report.records.map((record): Incident => ({ ...cleanupIncident(record), ...of })),
  ])
  return report
}

/** A damaged document that a process was setting aside when it ended. */
const rescueIncident = (path: string, now: number): Incident => ({
  at: new Date(now).toISOString(),
  kind: 'error',
  subject: basename(path),
  reason: `a damaged document, set aside by a process that ended before it could tell; it is now ${path}`,
})

const cleanupIncident = (record: CleanupRecord): Incident => ({
  at: record.at,
  kind: 'cleanup',
  subject: record.file,
  reason: [record.action, record.outcome, record.because ?? record.reason, record.archive].filter(Boolean).join('; '),
})
