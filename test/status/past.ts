import type { Incident } from '../../lib/engine/incident.ts'
import type { PastIncidents } from '../../lib/status/past-incidents.ts'

export const noon = Date.parse('2026-03-04T12:00:00.000Z')
/** A moment before noon. */
export const at = (minutes: number): string => new Date(noon - minutes * 60_000).toISOString()

/** An incident of a loop in session S, so many minutes before noon. */
export const incident = (minutes: number, kind: Incident['kind'], more: Partial<Incident> = {}): Incident => ({
  at: at(minutes),
  kind,
  session: 'S',
  agent: 'main',
  pattern: 'tool_failure',
  subject: 'Bash(npm test)',
  ...more,
})

/** What was read, oldest first. */
export const past = (incidents: readonly Incident[], more: Partial<PastIncidents> = {}): PastIncidents => ({
  incidents: [...incidents].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
  files: 1,
  archives: 0,
  damaged: 0,
  leftOut: 0,
  begins: null,
  ...more,
})
