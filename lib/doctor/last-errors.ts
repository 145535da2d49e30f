import { clean } from '../calls/result.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import { counted } from '../status/quantities.ts'
import { fine, note } from './finding.ts'
import type { Check } from './look.ts'

/** Bytes of the log's end that are read. */
const mostLog = 4_000_000
const week = 7 * 24 * 60 * 60 * 1000
const shown = 5

/** What went wrong inside hooks, and what was changed behind their back, in the last week. */
export const lastErrors: Check = {
  id: 'errors',
  group: 'History',
  examine({ system, project }) {
    const { incidents } = readIncidents(system, project.paths.incidents, mostLog)
    const recent = incidents.filter(
      ({ at, kind }) => (kind === 'error' || kind === 'tamper') && project.now - Date.parse(at) < week,
    )
    if (recent.length === 0) return [fine('errors', 'no errors of hooks in the last week')]
    const detail = recent
      .slice(-shown)
      .map(({ at, kind, subject, reason }) => clean(`${at} ${kind} ${subject ?? ''}: ${reason ?? ''}`, 300))
    const rest = recent.length > shown ? `; the last ${shown}` : ''
    return [note('recent-errors', `${counted(recent.length, 'error')} of hooks in the last week${rest}`, { detail })]
  },
}
