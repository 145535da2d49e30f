import { clean } from '../calls/result.ts'
import type { Circuit } from '../engine/circuit.ts'
import type { Incident } from '../engine/incident.ts'
import { closeCircuits, forget, goesBy } from '../engine/reset.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { patternNames } from '../patterns/patterns.ts'
import { circuitStateKind, haltKind, sessionKind } from './documents.ts'
import { setMarker, watched } from './marker.ts'
import type { Project } from './project.ts'
import { sealed } from './seal.ts'

type ResetResult =
  | { readonly kind: 'closed'; readonly circuits: readonly Circuit[] }
  /** The state is locked by another process. */
  | { readonly kind: 'busy' }

/**
 * Closes circuits at level 0, forgets the calls that they counted, ends a halt, and leaves an incident for each.
 *
 * @param chosen which ones.
 */
async function resetCircuits(project: Project, chosen: (circuit: Circuit) => boolean): Promise<ResetResult> {
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
    // what was near is forgotten with it
    const calm = closed.reduce((rest, { session }) => watched(rest, session, undefined, false), state)
    return sealed({ ...calm, circuits: next.circuits })
  })
  if (result.kind === 'busy') return { kind: 'busy' }
  setMarker(project, result.document)
  appendIncidents(project.system, project.paths.incidents, incidents)
  const { document } = await project.store.read(haltKind)
  if (document.at !== undefined) await project.store.remove(haltKind)
  return { kind: 'closed', circuits: closed }
}

/** What a person who named circuits is told. */
export interface ResetReport {
  /** `unknown`: there is no such circuit, and no such pattern. */
  readonly kind: 'done' | 'unknown' | 'busy'
  readonly lines: readonly string[]
}

/** Closes the circuits that go by a name, all of them without one. */
export async function resetByName(project: Project, name: string | undefined): Promise<ResetReport> {
  const { document } = await project.store.read(circuitStateKind)
  const meant = (circuit: Circuit) => name === undefined || goesBy(circuit, name)
  if (name !== undefined && !isPattern(name) && !document.circuits.some(meant)) {
    const known = document.circuits.map(({ pattern, subject }) => JSON.stringify(clean(`${pattern}:${subject}`, 160)))
    return {
      kind: 'unknown',
      lines: [
        `error: there is no circuit ${JSON.stringify(clean(name, 120))}`,
        `Allowed: ${[...known, ...patternNames].join(', ')}`,
      ],
    }
  }
  const result = await resetCircuits(project, meant)
  if (result.kind === 'busy')
    return { kind: 'busy', lines: ['reset-circuit: the state is locked by another process; try again'] }
  const none = `${name ?? 'All circuits'}: CLOSED already, backoff level 0.`
  return { kind: 'done', lines: result.circuits.length === 0 ? [none] : result.circuits.map(closedLine) }
}

const isPattern = (name: string): boolean => (patternNames as readonly string[]).includes(name)

const closedLine = ({ pattern, subject, session, status, level }: Circuit): string =>
  `${pattern} ${clean(subject, 120)} (session ${clean(session, 60)}): ${status.state.toUpperCase().replace('_', '-')} → CLOSED, backoff level ${level} → 0`
