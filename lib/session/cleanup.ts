import { basename } from 'node:path'
import type { Incident } from '../engine/incident.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { glance, type JanitorOptions } from '../memory/glance.ts'
import type { runJanitor } from '../memory/janitor.ts'
import { type MemoryLimits, megabyte } from '../memory/plan.ts'
import type { CleanupRecord, describeReport, JanitorReport } from '../memory/report.ts'
import { sweepLeftovers } from '../store/leftovers.ts'
import { partIfThere } from '../system/part.ts'
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
  const options: JanitorOptions = {
    runningSession: running,
    ...(session !== undefined && { runningWindow: sessionFileName(session) }),
    ...(budgetMilliseconds !== undefined && { budgetMilliseconds }),
    sweepLeftovers: (...where) => rescued.push(...sweepLeftovers(...where).rescued),
  }
  const found = await glance(system, paths, limits, options)
  const report = 'over' in found ? found.over : await work(project, limits, options, found.due.totalBytes)
  const of = session === undefined ? {} : { session }
  appendIncidents(system, paths.incidents, [
    ...rescued.map((path): Incident => ({ ...rescueIncident(path, now), ...of })),
    ...report.records.map((record): Incident => ({ ...cleanupIncident(record), ...of })),
  ])
  return report
}

/** File name, without its ending, of the part that packs, shortens and removes. */
const janitorPart = 'memory-work'

interface MemoryWork {
  runJanitor: typeof runJanitor
  describeReport: typeof describeReport
}

const loadWork = (system: Project['system']): MemoryWork | undefined => partIfThere(system, janitorPart)

/** Something is due, which is rare: what does it is loaded for it. */
async function work(
  { system, paths }: Project,
  limits: MemoryLimits,
  options: JanitorOptions,
  bytes: number,
): Promise<JanitorReport> {
  const part = loadWork(system)
  if (part !== undefined) return part.runJanitor(system, paths, limits, options)
  const problem = `the memory folder is above its limits, and ${janitorPart}.cjs is missing beside the hooks: run breakerbox install`
  const sizes = { bytesBefore: bytes, bytesAfter: bytes, limitBytes: limits.total_max_mb * megabyte }
  return { kind: 'unusable', problem, records: [], unfinished: true, ...sizes }
}

/** The line for the person, where there is one; what words it is loaded for it. */
export function toldOf({ system }: Project, report: JanitorReport): string | undefined {
  const isNews = report.records.length > 0 || report.bytesAfter > report.limitBytes
  return isNews ? loadWork(system)?.describeReport(report) : undefined
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
