import { isRecord } from '../calls/json.ts'
import type { Incident } from '../engine/incident.ts'
import type { System } from '../system/system.ts'

/** What the log holds, oldest first; damaged lines are counted, not thrown. An absent log is an empty one. */
export function readIncidents(system: System, path: string): { incidents: Incident[]; damaged: number } {
  const incidents: Incident[] = []
  let damaged = 0
  if (system.files.facts(path)?.kind !== 'file') return { incidents, damaged }
  for (const line of system.files.readText(path).split('\n')) {
    if (line === '') continue
    try {
      const value: unknown = JSON.parse(line)
      if (isRecord(value) && typeof value['at'] === 'string' && typeof value['kind'] === 'string') {
        incidents.push(value as unknown as Incident)
      } else damaged += 1
    } catch {
      damaged += 1
    }
  }
  return { incidents, damaged }
}
