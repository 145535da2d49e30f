import { memoryLimits } from '../memory/limits.ts'
import { memoryReport } from '../memory/memory-report.ts'
import { circuitStateKind, mostStateBytes } from '../session/documents.ts'
import type { Project } from '../session/project.ts'
import { lookAtShared } from '../session/shared-look.ts'
import type { PastIncidents } from './past-incidents.ts'
import { type StatusReport, statusReport } from './status-report.ts'

/** The first moment of what a status says of the past, milliseconds since 1970. */
export const statusSince = (now: number): number => now - 24 * 60 * 60 * 1000

/**
 * What holds in a project now: for the command `circuit-status` and for a person who types it as a prompt. Changes nothing.
 *
 * @param past at least since `statusSince`.
 */
export async function projectStatus(
  project: Project,
  { incidents }: Pick<PastIncidents, 'incidents'>,
): Promise<StatusReport> {
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
  return statusReport({ config, configProblems, circuits: document.circuits, shared, memory, incidents }, now)
}
