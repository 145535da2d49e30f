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
    const incident = incidentOf(line)
    if (incident === undefined) damaged += 1
    else incidents.push(incident)
  }
  return { incidents, damaged }
}

/** What a line of the log tells; undefined for a damaged one. Its other fields are taken on trust. */
export function incidentOf(line: string): Incident | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (!isRecord(value) || typeof value['at'] !== 'string' || typeof value['kind'] !== 'string') return undefined
    return value as unknown as Incident
  } catch {
    return undefined
  }
}
