import { hookStates } from '../guard/hook-states.ts'
import type { Project } from '../session/project.ts'
import { lookAtHalt, lookAtStatus } from '../status/look-at-status.ts'
import { readPast } from '../status/past-incidents.ts'
import { prometheusText } from '../status/prometheus.ts'
import { type CommandResult, printed } from './result.ts'
import { version } from './version.ts'

/** `circuit-status --prometheus`. Reads no transcript: it is run every minute. */
export async function printMetrics(project: Project): Promise<CommandResult> {
  const { system, paths, now } = project
  // All that is on disk: when something last happened may be long ago.
  const past = await readPast(system, paths, 0)
  const facts = {
    project: paths.project,
    version,
    status: await lookAtStatus(project, past),
    halted: (await lookAtHalt(project)) !== null,
    past,
    hooks: await hookStates(system).health(),
  }
  return { ...printed(), out: prometheusText(facts, now) }
}
