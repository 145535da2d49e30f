import { clean } from '../calls/result.ts'
import type { Incident } from '../engine/incident.ts'
import type { System } from '../system/system.ts'

/** Longest text field of an incident, characters: one line stays under 2 kB. */
const longestField = 600

/**
 * Appends incidents to the log, one JSON line each, in one write. Texts are cut and freed of control characters; they were
 * redacted where they arose. The janitor rotates the file.
 *
 * @throws the system's error; callers on the hot path fail open.
 */
export function appendIncidents(system: System, path: string, incidents: readonly Incident[]): void {
  if (incidents.length === 0) return
  system.files.append(path, incidents.map((incident) => `${JSON.stringify(incident, bounded)}\n`).join(''))
}

const bounded = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? clean(value, longestField) : value
