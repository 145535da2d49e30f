/**
 * Names inside the memory folder. All paths here are relative to it, parts joined by `/`.
 *
 * An archive passes through up to three names, so that whatever was interrupted can be told from its name alone:
 * `archives/a.20261121T120000000Z.jsonl` (set aside, not packed yet) → `….jsonl.gz.part` beside it (being packed) →
 * `….jsonl.gz` (packed; the one set aside is then removed).
 */

export const archiveFolder = 'archives'
export const sessionArchiveFolder = 'session_archives'
export const windowFolder = 'circuit_breaker_sessions'
export const spoolFolder = 'circuit_breaker_spool'
export const stateName = 'circuit_breaker_state.json'
export const incidentLogName = 'circuit_breaker_incidents.jsonl'
export const runLockName = 'circuit_breaker_janitor.lock'

export const packedEnding = '.gz'
export const packingEnding = '.gz.part'

/** The fields of a session file that are cut, with the name of the limit that says how many entries stay. */
export const cutFields = { evidence_ledger: 'evidence_ledger_max', tool_history: 'tool_history_max' } as const
export type CutField = keyof typeof cutFields
export const cutFieldNames = Object.keys(cutFields) as CutField[]

/** Compact UTC time for file names: `20261121T120000000Z`, milliseconds included. */
export const timeStamp = (at: number): string => new Date(at).toISOString().replace(/[-:.]/g, '')

/** Milliseconds of a compact UTC time, its milliseconds optional. */
export function timeOfStamp(stamp: string): number {
  const [, year, month, day, hour, minute, second, rest] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})?Z$/.exec(stamp) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${rest ?? '000'}Z`)
}

/** `a_telemetry.jsonl` set aside at a time: `a_telemetry.20261121T120000000Z.jsonl`. */
export function stampedName(name: string, at: number): string {
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  return `${stem}.${timeStamp(at)}${ending}`
}

/** What a stamped name was called, and when it was set aside; undefined for a name without a time in it. */
export function parseStampedName(name: string): { readonly original: string; readonly at: number } | undefined {
  const [, stem, stamp, ending] = /^(.+)\.(\d{8}T\d{6}(?:\d{3})?Z)(\.[^.]*)?$/.exec(name) ?? []
  if (stem === undefined || stamp === undefined) return undefined
  const at = timeOfStamp(stamp)
  return Number.isFinite(at) ? { original: stem + (ending ?? ''), at } : undefined
}

/**
 * What an archive, packed or not, is one of: the log's name for a rotated log, `session_archives/<name>` for what belongs
 * to a session, whatever date it lies under.
 */
export function seriesOf(path: string): string {
  const name = baseName(path).replace(/\.gz$/, '')
  const original = parseStampedName(name)?.original ?? name
  return path.startsWith(`${sessionArchiveFolder}/`) ? `${sessionArchiveFolder}/${original}` : original
}

/** The id in `session_<id>_state.json`; undefined for other names and for ids that no path should be made of. */
export function sessionIdOf(name: string): string | undefined {
  const id = /^session_(.+)_state\.json$/.exec(name)?.[1]
  return id !== undefined && isPlainName(id) ? id : undefined
}

/** Whether a name read from the disk may become part of a path of ours. */
export const isPlainName = (name: string): boolean =>
  name.length <= 200 && !/[\u0000-\u001f\u007f/\\:]/.test(name) && !name.startsWith('.')

export const isDate = (name: string): boolean => /^\d{4}-\d\d-\d\d$/.test(name)

/** `2026-11-21`, UTC. */
export const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/**
 * Entries cut out of a session file wait under this name until the shortened file stands: which file they came from, its
 * size and its time are in the name, so that a later run can tell whether the cut was made.
 */
export const pendingCutName = (archive: string, size: number, modifiedAt: number): string =>
  `${archive}.cut-${size}-${Math.floor(modifiedAt)}`

export interface PendingCut {
  /** The archive's final name, `<id>_<field>.<time>.jsonl.gz`. */
  readonly archive: string
  readonly session: string
  readonly field: CutField
  readonly size: number
  readonly modifiedAt: number
}

export function parsePendingCutName(name: string): PendingCut | undefined {
  const [, archive, size, modifiedAt] = /^(.+\.gz)\.cut-(\d+)-(\d+)$/.exec(name) ?? []
  if (archive === undefined) return undefined
  const original = parseStampedName(archive.slice(0, -packedEnding.length))?.original
  for (const field of cutFieldNames) {
    const ending = `_${field}.jsonl`
    if (original?.endsWith(ending)) {
      const session = original.slice(0, -ending.length)
      if (isPlainName(session)) return { archive, session, field, size: Number(size), modifiedAt: Number(modifiedAt) }
    }
  }
  return undefined
}

/** Where a shortened or restored file is written before it gets its place. */
export const temporaryName = (name: string, token: string): string => `.${name}.${token}.tmp`

/** A file of this janitor's that outlives only a run that died. */
export const isTemporaryName = (name: string): boolean =>
  /^\.(?:session_.+_state\.json|.+\.restored\..+)\.[0-9a-f]{8}\.tmp$/.test(name) || name.startsWith(`${runLockName}.`)
