import type { Config } from '../config/schema.ts'
import {
  archiveFolder,
  baseName,
  type CutField,
  cutFieldNames,
  cutFields,
  dateOf,
  folderOf,
  packedEnding,
  seriesOf,
  sessionArchiveFolder,
  stampedName,
} from './names.ts'

/**
 * What the janitor would do, decided from facts alone: no file, no clock. A dry run, the status report and the real run ask
 * this one function, so they cannot differ.
 */

export type MemoryLimits = Config['memory_limits']

interface OneFile {
  /** Relative to the memory folder, parts joined by `/`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

/** A log that other programs append to. */
export interface LogFacts extends OneFile {
  /** Absent where it was not counted because size or age decide already. May stop at the limit + 1. */
  readonly lines?: number
  /** Time of the first entry, milliseconds since 1970; absent where it has none. */
  readonly firstEntryAt?: number
}

export interface SessionFacts extends OneFile {
  readonly id: string
  /** Numbers of entries; a field is absent where the file has none, or none that can be cut. */
  readonly entries: Readonly<Partial<Record<CutField, number>>>
}

/** A packed archive. */
export interface ArchiveFacts extends OneFile {
  /** What it is an archive of: a log's name, or a session's file. The newest of each is worth most. */
  readonly series: string
  /** When it was made, milliseconds since 1970. */
  readonly at: number
}

/** Something set aside that is not packed yet, or whose packing or cutting was interrupted. */
export interface StagedFacts extends OneFile {
  /** What it will be an archive of. */
  readonly series: string
  readonly at: number
  /** Its archive's path once it is packed. */
  readonly archive: string
  /** Some program still has it open for writing, so that it must stay as it is. */
  readonly held: boolean
}

export interface MemoryFacts {
  /** Bytes of everything in the folder, files of other programs included. */
  readonly totalBytes: number
  readonly logs: readonly LogFacts[]
  readonly sessions: readonly SessionFacts[]
  readonly archives: readonly ArchiveFacts[]
  readonly staged: readonly StagedFacts[]
  /** Our windows, `circuit_breaker_sessions/<id>.json`. */
  readonly windows: readonly (OneFile & { readonly session: string })[]
  readonly spool: readonly OneFile[]
  /** Damaged documents that the store has set aside. */
  readonly damaged: readonly OneFile[]
  /** Half-written files of runs that died. */
  readonly leftovers: readonly OneFile[]
  /** Names taken in the archive folders, relative paths, so that none is used twice. */
  readonly taken: ReadonlySet<string>
}

export type Action = {
  readonly path: string
  readonly bytes: number
  readonly reason: string
} /** `archive` is the final path, `.gz` included. */ & (
  | { readonly kind: 'finish'; readonly archive: string }
  /** `archive` is the path under which the file is set aside, `.gz` not included. */
  | { readonly kind: 'rotate' | 'archive-session' | 'archive-damaged'; readonly archive: string }
  | { readonly kind: 'truncate'; readonly cuts: readonly Cut[] }
  | { readonly kind: 'prune-archive'; readonly cause: 'series' | 'count' | 'ceiling' }
  | { readonly kind: 'remove-window' | 'sweep' }
)
export type ActionKind = Action['kind']

/** The oldest `entries - keep` entries of a field leave a session file for `archive`. */
export interface Cut {
  readonly field: CutField
  readonly entries: number
  readonly keep: number
  readonly archive: string
}

export interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number
  /** The id of the session that is running; its files are left alone. */
  readonly runningSession: string | undefined
  /** The name of its window file without `.json`, where that is not the id itself. */
  readonly runningWindow?: string | undefined
}

export const kilobyte = 1024
export const megabyte = 1024 * kilobyte
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Share of the ceiling from which the oldest archives go. */
const pruneAbove = 0.8
/** Days after which the window of a session that never ended is taken for dead. */
const windowMaxDays = 7
const spoolMaxDays = 1
const damagedMaxDays = 30

/** Bytes that a packed log is expected to need, at least until it is packed and the real number is known. */
export const expectedPackedBytes = (bytes: number): number => Math.ceil(bytes / 4)

/**
 * The actions that bring a folder inside its limits, in the order in which they are to be done: first what was interrupted,
 * then what saves data, last what deletes. Planning the outcome of a plan gives no action.
 *
 * Never planned: anything on a file of the running session, archiving a session that was touched within the last hour, and
 * deleting the newest archive of a log or session within an hour of its making (so that a run which has to pack more files
 * than archives may stay does not delete what it has just packed). These exceptions aside, the outcome is inside the limits.
 */
export function plan(facts: MemoryFacts, limits: MemoryLimits, moment: Moment): Action[] {
  const names = new FreeNames(facts.taken)
  const saving = [
    ...finishing(facts),
    ...rotations(facts, limits, moment, names),
    ...sessionActions(facts, limits, moment, names),
    ...damagedFiles(facts, moment, names),
  ]
  const removing = [...deadWindows(facts, moment), ...leftovers(facts, moment)]
  const before = [...saving, ...removing]
  return [...before, ...prunes(facts, limits, moment, before)]
}

/** Whether a file's session is the running one; some programs name their files after an id's beginning. */
export function belongsTo(session: string, runningSession: string | undefined): boolean {
  if (runningSession === undefined || runningSession === '') return false
  return session === runningSession || (session.length >= 8 && runningSession.startsWith(session))
}

/** Hands out archive names that are neither on the disk nor in this plan. */
class FreeNames {
  readonly #taken: Set<string>

  constructor(taken: ReadonlySet<string>) {
    this.#taken = new Set(taken)
  }

  stamped(folder: string, name: string, now: number): string {
    for (let at = now; ; at++) {
      const path = `${folder}/${stampedName(name, at)}`
      if (this.#claim(path)) return path
    }
  }

  plain(folder: string, name: string, now: number): string {
    const path = `${folder}/${name}`
    return this.#claim(path) ? path : this.stamped(folder, name, now)
  }

  #claim(path: string): boolean {
    if (this.#taken.has(path) || this.#taken.has(path + packedEnding)) return false
    this.#taken.add(path)
    return true
  }
}

function finishing(facts: MemoryFacts): Action[] {
  return facts.staged
    .filter(({ held }) => !held)
    .map(({ path, size, archive }) => ({
      kind: 'finish',
      path,
      bytes: size,
      archive,
      reason: 'set aside by an earlier run and not packed yet',
    }))
}

/** Why a log is due, or undefined. An empty one has nothing to keep and is left alone. */
function dueBecause(log: LogFacts, limits: MemoryLimits, now: number): string | undefined {
  if (log.size === 0) return undefined
  if (log.size > limits.telemetry_max_kb * kilobyte) {
    return `${describeBytes(log.size)}, limit ${limits.telemetry_max_kb} kB`
  }
  if (log.lines !== undefined && log.lines > limits.telemetry_max_lines) {
    return `more than ${limits.telemetry_max_lines} lines`
  }
  const age = ageInDays(log, now)
  return age > limits.telemetry_max_age_days
    ? `${Math.floor(age)} days old, limit ${limits.telemetry_max_age_days}`
    : undefined
}

/** Days since a log's first entry, or since its last change where the entries tell no time. */
export const ageInDays = (log: Pick<LogFacts, 'firstEntryAt' | 'modifiedAt'>, now: number): number =>
  (now - Math.min(log.firstEntryAt ?? log.modifiedAt, log.modifiedAt)) / day

function rotations(facts: MemoryFacts, limits: MemoryLimits, { now }: Moment, names: FreeNames): Action[] {
  return facts.logs.flatMap((log): Action[] => {
    const reason = dueBecause(log, limits, now)
    if (reason === undefined) return []
    const archive = names.stamped(archiveFolder, log.path, now)
    return [{ kind: 'rotate', path: log.path, bytes: log.size, archive, reason }]
  })
}

function sessionActions(facts: MemoryFacts, limits: MemoryLimits, moment: Moment, names: FreeNames): Action[] {
  const { now, runningSession } = moment
  const running = (session: SessionFacts) => belongsTo(session.id, runningSession)
  // The running one takes the first of the places, whenever it was last written.
  const ranked = [...facts.sessions].sort(
    (a, b) => Number(running(b)) - Number(running(a)) || b.modifiedAt - a.modifiedAt || (a.path < b.path ? -1 : 1),
  )
  return ranked.flatMap((session, rank): Action[] => {
    if (running(session)) return []
    const idle = now - session.modifiedAt
    const { path, size, id } = session
    if (idle > hour) {
      const tooOld = idle > limits.session_max_age_days * day
      if (tooOld || rank >= limits.session_max_active) {
        const reason = tooOld
          ? `not touched for ${Math.floor(idle / day)} days, limit ${limits.session_max_age_days}`
          : `beyond the ${limits.session_max_active} most recent`
        const archive = names.plain(`${sessionArchiveFolder}/${dateOf(now)}`, `${id}_state.json`, now)
        return [{ kind: 'archive-session', path, bytes: size, archive, reason }]
      }
    }
    const cuts = cutFieldNames.flatMap((field): Cut[] => {
      const entries = session.entries[field] ?? 0
      const keep = limits[cutFields[field]]
      if (entries <= keep) return []
      const archive = names.stamped(`${sessionArchiveFolder}/${dateOf(now)}`, `${id}_${field}.jsonl`, now)
      return [{ field, entries, keep, archive: archive + packedEnding }]
    })
    if (cuts.length === 0) return []
    const reason = cuts.map(({ field, entries, keep }) => `${entries} entries in ${field}, limit ${keep}`).join('; ')
    return [{ kind: 'truncate', path, bytes: size, cuts, reason }]
  })
}

function damagedFiles(facts: MemoryFacts, { now }: Moment, names: FreeNames): Action[] {
  return facts.damaged.filter(olderThan(damagedMaxDays, now)).map(({ path, size }) => ({
    kind: 'archive-damaged',
    path,
    bytes: size,
    archive: names.stamped(archiveFolder, baseName(path), now),
    reason: `set aside as damaged more than ${damagedMaxDays} days ago`,
  }))
}

function deadWindows(facts: MemoryFacts, { now, runningSession, runningWindow }: Moment): Action[] {
  return facts.windows
    .filter(({ session }) => !belongsTo(session, runningSession) && session !== runningWindow)
    .filter(olderThan(windowMaxDays, now))
    .map(({ path, size }) => ({
      kind: 'remove-window',
      path,
      bytes: size,
      reason: `its session has been silent for more than ${windowMaxDays} days`,
    }))
}

function leftovers(facts: MemoryFacts, { now }: Moment): Action[] {
  const sweep =
    (reason: string) =>
    ({ path, size }: OneFile): Action => ({ kind: 'sweep', path, bytes: size, reason })
  return [
    ...facts.spool
      .filter(olderThan(spoolMaxDays, now))
      .map(sweep(`spooled more than ${spoolMaxDays} day ago and never drained`)),
    ...facts.leftovers.filter(olderThan(1 / 24, now)).map(sweep('half-written by a run that died')),
  ]
}

const olderThan =
  (days: number, now: number) =>
  ({ modifiedAt }: OneFile): boolean =>
    now - modifiedAt > days * day

/** An archive as it will be once the saving actions are done. */
type Kept = Pick<ArchiveFacts, 'path' | 'size' | 'series' | 'at'>

function prunes(facts: MemoryFacts, limits: MemoryLimits, { now }: Moment, before: readonly Action[]): Action[] {
  const archives: Kept[] = [...facts.archives]
  const stagedAt = new Map(facts.staged.map((staged) => [staged.path, staged]))
  let total = facts.totalBytes
  for (const action of before) {
    switch (action.kind) {
      case 'remove-window':
      case 'sweep':
        total -= action.bytes
        break
      case 'truncate':
        for (const { archive } of action.cuts) {
          archives.push({ path: archive, size: 0, series: seriesOf(archive), at: now })
        }
        break
      case 'finish': {
        const size = expectedPackedBytes(action.bytes)
        const { series, at } = stagedAt.get(action.path) ?? { series: seriesOf(action.archive), at: now }
        total += size - action.bytes
        archives.push({ path: action.archive, size, series, at })
        break
      }
      case 'rotate':
      case 'archive-session':
      case 'archive-damaged': {
        const size = expectedPackedBytes(action.bytes)
        const path = action.archive + packedEnding
        total += size - action.bytes
        archives.push({ path, size, series: seriesOf(path), at: now })
        break
      }
      case 'prune-archive':
        break
      default:
        action satisfies never
    }
  }

  const newestOf = new Map<string, Kept>()
  const newestFirst = archives.sort((a, b) => b.at - a.at || (a.path < b.path ? 1 : -1))
  for (const archive of newestFirst) if (!newestOf.has(archive.series)) newestOf.set(archive.series, archive)
  const spared = (archive: Kept) => newestOf.get(archive.series) === archive && now - archive.at < hour

  const actions: Action[] = []
  const gone = new Set<Kept>()
  const drop = (archive: Kept, cause: 'series' | 'count' | 'ceiling', reason: string) => {
    gone.add(archive)
    total -= archive.size
    actions.push({ kind: 'prune-archive', path: archive.path, bytes: archive.size, cause, reason })
  }
  const logArchives = newestFirst.filter(({ path }) => folderOf(path) === archiveFolder)

  const seen = new Map<string, number>()
  for (const archive of logArchives) {
    const rank = (seen.get(archive.series) ?? 0) + 1
    seen.set(archive.series, rank)
    if (rank > limits.telemetry_keep_rotations && !spared(archive)) {
      drop(archive, 'series', `beyond the last ${limits.telemetry_keep_rotations} of ${archive.series}`)
    }
  }
  let count = logArchives.length - gone.size
  for (const archive of logArchives.toReversed()) {
    if (count <= limits.archive_keep_count) break
    if (gone.has(archive) || spared(archive)) continue
    drop(archive, 'count', `beyond the ${limits.archive_keep_count} archives that stay`)
    count--
  }
  const ceiling = limits.total_max_mb * megabyte
  for (const archive of newestFirst.toReversed()) {
    if (total <= ceiling * pruneAbove) break
    if (gone.has(archive) || spared(archive)) continue
    drop(archive, 'ceiling', `the folder is above ${pruneAbove * 100} % of ${limits.total_max_mb} MB`)
  }
  return actions
}

/** `1.2 MB`, `50 kB`, `312 bytes`. */
export function describeBytes(bytes: number): string {
  if (bytes >= megabyte) return `${(bytes / megabyte).toFixed(1)} MB`
  if (bytes >= kilobyte) return `${Math.round(bytes / kilobyte)} kB`
  return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
}
