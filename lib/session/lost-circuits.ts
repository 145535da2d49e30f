import type { Config } from '../config/schema.ts'
import type { Incident } from '../engine/incident.ts'
import { isShared } from '../engine/shared-config.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import type { CircuitState } from './documents.ts'
import type { Project } from './project.ts'
import { stateFile, tampered } from './seal.ts'

/**
 * An incident for circuits that the log opened in the last 24 hours, that nobody closed, and that a state without a seal
 * does not hold. Reads the log: for the moments when time matters little.
 */
export function lostCircuits(project: Project, state: CircuitState, session: string): Incident | undefined {
  if (state.seal !== undefined) return undefined
  const open = new Map<string, Incident>()
  for (const incident of readLog(project)) {
    const key = nameOf(incident)
    // A looping hook trips beside the state, and how deep a session was nested ends with its client.
    if (!isKeptHere(project.config, incident.pattern)) continue
    // Told already, as tampering or as damage.
    if ((incident.kind === 'tamper' || incident.kind === 'error') && incident.subject === stateFile) open.clear()
    else if (opening.has(incident.kind)) open.set(key, incident)
    else if (incident.kind === 'recovery' || incident.kind === 'reset') open.delete(key)
  }
  for (const circuit of state.circuits) open.delete(nameOf(circuit))
  const names = [...new Set([...open.values()].map(({ subject }) => subject))]
  if (names.length === 0) return undefined
  const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`
  const why = `was emptied or removed while circuits were open (${shown}); the next failing call opens them again`
  return tampered(project, session, stateFile, why)
}

/** Whether circuits of this pattern are kept in the state file: hooks, the model API and what sessions share are kept elsewhere. */
const isKeptHere = (config: Config, pattern: Incident['pattern']): boolean =>
  pattern !== 'hook_recursion' && pattern !== 'llm_api' && !(pattern !== undefined && isShared(config, pattern))

const longest = 24 * 60 * 60 * 1000
const opening: ReadonlySet<Incident['kind']> = new Set(['trip', 'reopen', 'probe', 'denial', 'eased'])

const nameOf = ({ pattern, session, subject }: Pick<Incident, 'pattern' | 'session' | 'subject'>): string =>
  [pattern, session, subject].join('\n')

/** The end of the log that is read, bytes: twenty times what the janitor leaves of it. */
const longestLog = 1_000_000

/** The last day in order of time: two processes may have written their lines the other way round. */
function readLog({ system, paths, now }: Project): Incident[] {
  try {
    const { incidents } = readIncidents(system, paths.incidents, longestLog)
    return incidents
      .filter(({ at }) => Math.abs(now - Date.parse(at)) < longest)
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
  } catch {
    // A log that cannot be read says nothing.
    return []
  }
}
