import { isRecord, textField } from '../calls/json.ts'
import type { ProjectPaths } from '../config/paths.ts'
import type { Incident } from '../engine/incident.ts'
import { incidentOf } from '../incidents/read-incidents.ts'
import { archiveFolder, incidentLogName, packedEnding, parseStampedName } from '../memory/names.ts'
import { patternNames } from '../patterns/patterns.ts'
import { readLines } from '../system/lines.ts'
import type { System } from '../system/system.ts'

/** Incidents that are held at most; of more the oldest are left out. */
export const mostIncidents = 50_000
/** Characters that are read at most: an archive is a packed file that may have come with a clone, and may hold anything. */
const mostCharacters = 256 * 1024 * 1024

/** What the incident log and its rotated parts still tell. */
export interface PastIncidents {
  /** In order of time. */
  readonly incidents: readonly Incident[]
  /** Files that were read: the log and those parts that may hold something of the time asked for. */
  readonly files: number
  /** Rotated parts that are there, read or not. */
  readonly archives: number
  /** Lines that are no incidents, and files that could not be read to their end. */
  readonly damaged: number
  /** Incidents beyond the number that is held. */
  readonly leftOut: number
  /** Time of the first incident that was read, ISO 8601 UTC; null where something older is there, or nothing at all. */
  readonly begins: string | null
}

interface Part {
  readonly path: string
  /** When it was set aside, milliseconds since 1970: nothing in it is younger. Infinity for the log itself. */
  readonly until: number
}

/**
 * What happened since a time, from the log and from the parts of it that the janitor has put into `archives/`. Memory is bounded
 * by the number of incidents that are held; the newest part is read first, and those that were set aside before that time are
 * not opened. Links are not followed. What cannot be read is counted, not thrown.
 *
 * @param since milliseconds since 1970.
 * @param most characters that are read; what is behind them counts as damaged.
 */
export async function readPast(
  { files }: Pick<System, 'files'>,
  { memory, incidents: log }: Pick<ProjectPaths, 'memory' | 'incidents'>,
  since: number,
  most = mostCharacters,
): Promise<PastIncidents> {
  const all = rotatedParts(files, memory)
  const young = all.filter(({ until }) => until >= since)
  const parts = files.facts(log)?.kind === 'file' ? [{ path: log, until: Number.POSITIVE_INFINITY }, ...young] : young
  let held: Incident[] = []
  let [damaged, leftOut] = [0, 0]
  let first = Number.POSITIVE_INFINITY
  let characters = 0
  for (const { path } of parts) {
    const found: Incident[] = []
    const room = mostIncidents - held.length
    try {
      for await (const line of readLines(path)) {
        characters += (line?.length ?? 0) + 1
        if (characters > most) throw new RangeError('there is more than is read')
        if (line === '') continue
        const incident = line === undefined ? undefined : soundIncident(line)
        if (incident === undefined) damaged += 1
        else {
          first = Math.min(first, Date.parse(incident.at))
          if (Date.parse(incident.at) >= since) found.push(incident)
        }
        if (found.length >= 2 * room + 1000) leftOut += found.splice(0, found.length - room).length
      }
    } catch {
      // It went away meanwhile, is damaged, or does not end: what was read of it counts.
      damaged += 1
    }
    if (found.length > room) leftOut += found.splice(0, found.length - room).length
    held = found.concat(held)
  }
  const reachesBack = first < since || young.length < all.length || first === Number.POSITIVE_INFINITY
  return {
    // Two processes may have written their lines the other way round.
    incidents: held.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
    files: parts.length,
    archives: all.length,
    damaged,
    leftOut,
    begins: reachesBack ? null : new Date(first).toISOString(),
  }
}

/** The newest first; of a part whose packing is not finished only the one that holds everything. */
function rotatedParts(files: System['files'], memory: string): Part[] {
  const folder = `${memory}/${archiveFolder}`
  if (files.facts(folder)?.kind !== 'folder') return []
  const names = files.list(folder)
  return names
    .filter((name) => !(name.endsWith(packedEnding) && names.includes(name.slice(0, -packedEnding.length))))
    .flatMap((name) => {
      const stamped = parseStampedName(name.endsWith(packedEnding) ? name.slice(0, -packedEnding.length) : name)
      if (stamped?.original !== incidentLogName || files.facts(`${folder}/${name}`)?.kind !== 'file') return []
      return [{ path: `${folder}/${name}`, until: stamped.at }]
    })
    .sort((a, b) => b.until - a.until)
}

const textFields = ['session', 'subject', 'agent', 'reason', 'toolUseId', 'since'] as const
const patterns: ReadonlySet<string> = new Set(patternNames)

/** An incident whose fields are what they should be; those that are not are left out. The log is a file that anybody may edit. */
function soundIncident(line: string): Incident | undefined {
  const value: unknown = incidentOf(line)
  const at = Date.parse(textField(value, 'at') ?? '')
  if (!isRecord(value) || Number.isNaN(at)) return undefined
  const pattern = textField(value, 'pattern') ?? ''
  const texts = textFields.flatMap((field) => {
    const text = textField(value, field)
    return text === undefined ? [] : [[field, text] as const]
  })
  const { count } = value
  return {
    ...Object.fromEntries(texts),
    ...(patterns.has(pattern) ? { pattern: pattern as Incident['pattern'] & string } : {}),
    ...(typeof count === 'number' && Number.isFinite(count) ? { count } : {}),
    kind: String(value['kind']) as Incident['kind'],
    at: new Date(at).toISOString(),
  }
}
