import { initialFiles } from '../config/initial-files.ts'
import type { Incident } from '../engine/incident.ts'
import { howToContinue } from '../engine/messages.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { alertPart } from '../resilience/alert-part.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import { damageIncident } from './damage.ts'
import { type HaltRecord, haltKind } from './documents.ts'
import type { Happening } from './happening.ts'
import type { Project } from './project.ts'

/** Config and state with their defaults, where no install has made them. */
function createOnFirstUse({ system, paths }: Project): void {
  if (system.files.facts(paths.config) !== undefined) return
  for (const { path, content } of initialFiles(paths)) {
    try {
      system.files.create(path, content)
    } catch (error) {
      // another hook was first
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }
}

/**
 * What follows outside the two documents: first files, the log, the record of a halt, and an alert. None of it is worth a refusal
 * that is already decided: what fails is a note, one for all.
 */
export async function follow(
  project: Project,
  incidents: readonly Incident[],
  happening?: Happening,
): Promise<readonly string[]> {
  const failures: string[] = []
  const steps = [
    () => createOnFirstUse(project),
    () => appendIncidents(project.system, project.paths.incidents, incidents),
    () => followHalt(project, incidents, happening),
    () => alert(project, incidents),
  ]
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(causeLine(error))
    }
  }
  return failures.length === 0 ? [] : [`not everything could be written: ${failures.join('; ')}`]
}

/** What a team may want to know of is looked at by a part that is loaded for it: most events are none of that. */
function alert({ system, paths }: Project, incidents: readonly Incident[]): void {
  if (!incidents.some(({ kind }) => kind === 'trip' || kind === 'reopen' || kind === 'halt')) return
  alertPart(system)?.alertIncidents(system, paths, incidents)
}

async function followHalt(project: Project, incidents: readonly Incident[], happening?: Happening): Promise<void> {
  const halt = incidents.findLast((incident) => incident.kind === 'halt')
  if (halt !== undefined) {
    const result = await project.store.update(haltKind, () => haltRecord(halt))
    if (result.kind !== 'busy' && result.damage !== undefined) {
      const { system, paths, now } = project
      appendIncidents(system, paths.incidents, [damageIncident(result.damage, now)])
    }
  } else if (happening?.event.kind === 'prompt' && happening.event.typed) {
    const { document } = await project.store.read(haltKind)
    // the person has answered: the halt is over
    if (document.session === happening.session) await project.store.remove(haltKind)
  }
}

const haltRecord = ({ at, session, agent, pattern, subject, reason, count }: Incident): HaltRecord => ({
  version: 1,
  at,
  session,
  agent,
  pattern,
  subject,
  reason,
  denials: count,
  howToContinue: howToContinue({ subject: subject ?? 'the call' }),
})
