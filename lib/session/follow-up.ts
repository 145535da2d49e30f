import type { SettledEvent } from '../engine/event.ts'
import type { Incident } from '../engine/incident.ts'
import type { StepOf, Verdict } from '../engine/step.ts'
import { causeLine } from '../system/known-error.ts'
import type { Happening } from './happening.ts'
import type { Project } from './project.ts'
import type { LoadReactions } from './reactions-part.ts'
import { uncounted } from './shared-calls.ts'
import { nothing } from './write.ts'

/**
 * What follows where events have been taken in: first files, the log, an alert, the limits that sessions share. Most events have
 * nothing of it, and what knows it is not loaded for them. The events are in by now, so what fails is a note.
 */
export async function followUp(
  project: Project,
  incidents: readonly Incident[],
  taken: readonly Happening[],
  step: StepOf<SettledEvent>,
  load: LoadReactions,
): Promise<{ readonly verdict: Verdict; readonly notes: readonly string[] }> {
  try {
    const { system, paths, config } = project
    const calls = uncounted(taken, config)
    const isFirstUse = system.files.facts(paths.config) === undefined
    if (incidents.length + calls.length === 0 && !isFirstUse) return { verdict: nothing, notes: [] }
    const { follow, applyRan } = load()
    const notes = await follow(project, incidents)
    const shared = await applyRan(project, calls, step)
    return { verdict: shared.verdict, notes: [...notes, ...shared.notes] }
  } catch (error) {
    return { verdict: nothing, notes: [causeLine(error)] }
  }
}
