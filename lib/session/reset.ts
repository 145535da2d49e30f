import type { Circuit } from '../engine/circuit.ts'
import type { Incident } from '../engine/incident.ts'
import { closeCircuits, forget } from '../engine/reset.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { circuitStateKind, haltKind, sessionKind } from './documents.ts'
import type { Project } from './project.ts'

export type ResetResult =
  | { readonly kind: 'closed'; readonly circuits: readonly Circuit[] }
  /** The state is locked by another process. */
  | { readonly kind: 'busy' }

/**
 * Closes circuits at level 0, forgets the calls that they counted, ends a halt, and leaves an incident for each.
 *
 * @param chosen which ones.
 */
export async function resetCircuits(project: Project, chosen: (circuit: Circuit) => boolean): Promise<ResetResult> {
  let closed: readonly Circuit[] = []
  let incidents: readonly Incident[] = []
  const result = await project.store.update(circuitStateKind, async (state) => {
    closed = state.circuits.filter(chosen)
    if (closed.length === 0) return state
    for (const circuit of closed) {
      await project.store.update(sessionKind(circuit.session), (memory) => forget(memory, circuit))
    }
    const next = closeCircuits(state.circuits, closed, project.now)
    incidents = next.incidents
    return { ...state, circuits: next.circuits }
  })
  if (result.kind === 'busy') return { kind: 'busy' }
  appendIncidents(project.system, project.paths.incidents, incidents)
  const { document } = await project.store.read(haltKind)
  if (document.at !== undefined) await project.store.remove(haltKind)
  return { kind: 'closed', circuits: closed }
}
