import { memoryLimits } from '../memory/limits.ts'
import { memoryReport } from '../memory/memory-report.ts'
import { circuitStateKind, type HaltRecord, haltKind, mostStateBytes } from '../session/documents.ts'
import type { Project } from '../session/project.ts'
import { lookAtShared } from '../session/shared-look.ts'
import type { PastIncidents } from './past-incidents.ts'
import { day } from './quantities.ts'
import { type StatusReport, statusReport } from './status-report.ts'

/** Gathers what a project's status is made of. Nothing here changes anything. */

/** The first moment of what a status says of the past, milliseconds since 1970. */
export const statusSince = (now: number): number => now - day

/** How a project stands. @param past at least since `statusSince`. */
export async function lookAtStatus(project: Project, past: PastIncidents): Promise<StatusReport> {
  const { system, config, paths, now } = project
  const { document, damage } = await project.store.read(circuitStateKind)
  const { limits, problems } = memoryLimits(config.memory_limits, system.env)
  const shared = await lookAtShared(project)
  const memory = await memoryReport(system, paths, limits, mostStateBytes)
  const configProblems = [
    ...project.configProblems,
    ...problems.map(({ name, value, cause }) => `${name}=${value}: ${cause}`),
    ...[damage, ...shared.damage].flatMap((each) =>
      each === undefined ? [] : [`${each.key}.json cannot be read (${each.cause}); it is replaced at the next event`],
    ),
  ]
  const { incidents } = past
  return statusReport({ config, configProblems, circuits: document.circuits, shared, memory, incidents }, now)
}

/** The halt that nobody has answered yet; null where there is none. @param session whose halt alone counts. */
export async function lookAtHalt({ store }: Project, session?: string): Promise<HaltRecord | null> {
  const { document } = await store.read(haltKind)
  return document.at !== undefined && (session === undefined || session === document.session) ? document : null
}
