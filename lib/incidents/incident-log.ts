import { basename } from 'node:path'
import { clean } from '../calls/result.ts'
import type { Incident } from '../engine/incident.ts'
import type { System } from '../system/system.ts'

/** Longest text field of an incident, characters: one line stays under 2 kB. */
const longestField = 600

/**
 * Appends incidents to the log, one JSON line each, in one write. Texts are cut and freed of control characters; they were
 * redacted where they arose. The janitor rotates the file. Anything but a regular file in its place (a link, a folder) is
 * set aside under a new name, unread, and a new log starts with an incident that says so.
 *
 * @throws the system's error; callers on the hot path fail open.
 */
export function appendIncidents(system: System, path: string, incidents: readonly Incident[]): void {
  if (incidents.length === 0) return
  const text = incidents.map(lineOf).join('')
  const { kind, size } = system.files.facts(path) ?? { kind: 'file', size: 0 }
  if (kind === 'file') {
    // A process that was killed in the middle of a line must not take ours along.
    const isTorn = size > 0 && system.files.readTail(path, 1)[0] !== 10
    system.files.append(path, isTorn ? `\n${text}` : text)
    return
  }
  const at = new Date(system.clock()).toISOString()
  const aside = path.replace(/(\.jsonl)?$/, `.damaged.${at.replace(/[-:]|\.\d+/g, '')}.${system.token()}$1`)
  system.files.rename(path, aside)
  const reason = `a ${kind} stood in the place of the incident log; it is now ${aside}`
  system.files.append(path, lineOf({ at, kind: 'error', subject: basename(path), reason }) + text)
}

const lineOf = (incident: Incident): string => `${JSON.stringify(incident, bounded)}\n`

const bounded = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? clean(value, longestField) : value
