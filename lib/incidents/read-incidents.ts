import { isRecord } from '../calls/json.ts'
import type { Incident } from '../engine/incident.ts'
import type { System } from '../system/system.ts'

/**
 * What the log holds, oldest first; damaged lines are counted, not thrown. An absent log is an empty one.
 *
 * @param most of a longer log only the end is read, so many bytes; its first line may then count as a damaged one.
 */
export function readIncidents(
  { files }: Pick<System, 'files'>,
  path: string,
  most = Number.POSITIVE_INFINITY,
): { incidents: Incident[]; damaged: number } {
  const incidents: Incident[] = []
  let damaged = 0
  const { kind, size = 0 } = files.facts(path) ?? {}
  if (kind !== 'file') return { incidents, damaged }
  const text = size > most ? files.readTail(path, most).toString('utf8') : files.readText(path)
  for (const line of text.split('\n')) {
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
