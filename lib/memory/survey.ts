import { matchesName } from '../config/name-pattern.ts'
import { countLines, type Streams } from '../system/streams.ts'
import type { Bytes, FileFacts, System } from '../system/system.ts'
import { countEntries, entryTime } from './cut.ts'
import {
  archiveFolder,
  incidentLogName,
  isDate,
  isPlainName,
  isTemporaryName,
  packedEnding,
  packingEnding,
  parsePendingCutName,
  parseStampedName,
  runLockName,
  seriesOf,
  sessionArchiveFolder,
  sessionIdOf,
  spoolFolder,
  windowFolder,
} from './names.ts'
import { quietWhenUnknown } from './packing.ts'
import { ageInDays, kilobyte, type LogFacts, type MemoryFacts, type MemoryLimits, megabyte } from './plan.ts'

/** A session file above this size, bytes, is not cut: it would have to be held in memory whole. */
const cuttableBytes = 4 * megabyte

/** What a look needs of the streams. */
export type LookStreams = Pick<Streams, 'openSource' | 'openForWriting'>

export interface SurveyOptions {
  /** Counts the lines of every log, also where size or age decide already: for reports, not for hooks. */
  readonly countAllLines?: boolean
  /** Asked inside long counts and between folders; when it says false, looking ends with what was found so far. */
  readonly goOn?: () => boolean
}

/**
 * Looks at a memory folder: one `lstat` per file, and the content only of logs and session files that neither size nor age
 * decide about. Nothing is changed, links are not followed, and only names that are ours by their form get into the facts;
 * the rest counts towards `totalBytes`.
 *
 * @param root absolute path of the folder, which must exist.
 */
export async function surveyMemory(
  system: System,
  streams: LookStreams,
  root: string,
  limits: MemoryLimits,
  options: SurveyOptions = {},
): Promise<MemoryFacts> {
  const { files } = system
  const now = system.clock()
  const keep = { evidence_ledger: limits.evidence_ledger_max, tool_history: limits.tool_history_max }
  let totalBytes = 0
  const taken = new Set<string>()
  const logs: LogFacts[] = []
  const sessions: MemoryFacts['sessions'][number][] = []
  const windows: MemoryFacts['windows'][number][] = []
  const spool: MemoryFacts['spool'][number][] = []
  const damaged: MemoryFacts['damaged'][number][] = []
  const leftovers: MemoryFacts['leftovers'][number][] = []
  const archives: MemoryFacts['archives'][number][] = []
  const staged: MemoryFacts['staged'][number][] = []

  const addFile = (folder: string, name: string, facts: FileFacts) => {
    const path = folder ? `${folder}/${name}` : name
    const { size, modifiedAt } = facts
    const file = { path, size, modifiedAt }
    totalBytes += size
    if (folder === '') {
      const id = sessionIdOf(name)
      if (id !== undefined) sessions.push({ ...file, id, entries: entriesIn(path, size) })
      else if (isTemporaryName(name)) leftovers.push(file)
      else if (isDamaged(name)) damaged.push(file)
      else if (isLog(name, limits)) logs.push(logFacts(file))
    } else if (folder === windowFolder) {
      if (isDamaged(name)) damaged.push(file)
      else if (name.endsWith('.json') && isPlainName(name)) windows.push({ ...file, session: name.slice(0, -5) })
    } else if (folder === spoolFolder) {
      spool.push(file)
    }
  }

  const addArchiveFolder = (folder: string, entries: readonly Entry[]) => {
    const sizes = new Map(entries.map(({ name, facts }) => [name, facts]))
    for (const { name, facts } of entries) {
      taken.add(`${folder}/${name}`)
      totalBytes += facts.size
      if (!isPlainName(name)) continue
      const path = `${folder}/${name}`
      const { size, modifiedAt } = facts
      const cut = parsePendingCutName(name)
      if (name.endsWith(packedEnding)) {
        // Beside the file it was made of it is still in the making.
        if (sizes.has(name.slice(0, -packedEnding.length))) continue
        const at = parseStampedName(name.slice(0, -packedEnding.length))?.at ?? modifiedAt
        archives.push({ path, size, modifiedAt, series: seriesOf(path), at })
      } else if (cut) {
        const archive = `${folder}/${cut.archive}`
        staged.push({ path, size, modifiedAt, series: seriesOf(archive), at: modifiedAt, archive, held: false })
      } else {
        const original = name.endsWith(packingEnding) ? path.slice(0, -packingEnding.length) : path
        const orphan = original !== path && !sizes.has(name.slice(0, -packingEnding.length))
        if (original !== path && !orphan) continue
        const at = stagedAt(folder, original, modifiedAt)
        // An empty file is a name that a run has reserved: a leftover when that was long ago.
        if (at === undefined) continue
        if (size === 0 && !sizes.has(name + packingEnding)) leftovers.push({ path, size, modifiedAt })
        else {
          const archive = original + packedEnding
          staged.push({ path: original, size, modifiedAt, series: seriesOf(original), at, archive, held: false })
        }
      }
    }
  }

  function entriesIn(path: string, size: number): MemoryFacts['sessions'][number]['entries'] {
    // So many entries need at least so many bytes.
    if (size <= 2 * Math.min(limits.evidence_ledger_max, limits.tool_history_max) || size > cuttableBytes) return {}
    try {
      return countEntries(files.readText(`${root}/${path}`), keep)
    } catch {
      return {}
    }
  }

  function logFacts(file: { path: string; size: number; modifiedAt: number }): LogFacts {
    const decided =
      file.size === 0 ||
      file.size > limits.telemetry_max_kb * kilobyte ||
      ageInDays(file, now) > limits.telemetry_max_age_days
    if (decided && !options.countAllLines) return file
    try {
      const firstEntryAt = firstEntryTime(files.readHead(`${root}/${file.path}`, 4096))
      const dated = { ...file, ...(firstEntryAt !== undefined && { firstEntryAt }) }
      // Each line has its line break.
      if (file.size <= limits.telemetry_max_lines && !options.countAllLines) return dated
      const source = streams.openSource(`${root}/${file.path}`)
      try {
        const stopAfter = options.countAllLines ? undefined : limits.telemetry_max_lines
        return { ...dated, lines: countLines(source, stopAfter, options.goOn) }
      } finally {
        source.close()
      }
    } catch {
      return file
    }
  }

  const walk = (folder: string, depth: number) => {
    const entries = entriesOfFolder(system, root, folder)
    const special =
      folder === archiveFolder ||
      (folder.startsWith(`${sessionArchiveFolder}/`) && isDate(folder.slice(sessionArchiveFolder.length + 1)))
    if (special)
      addArchiveFolder(
        folder,
        entries.filter(({ facts }) => facts.kind === 'file'),
      )
    for (const { name, facts } of entries) if (facts.kind === 'file' && !special) addFile(folder, name, facts)
    for (const { name, facts } of entries) {
      // Another program's tree may be large; what is not seen is neither counted nor touched.
      if (options.goOn && !options.goOn()) return
      if (facts.kind === 'folder' && depth < 16) walk(folder ? `${folder}/${name}` : name, depth + 1)
    }
  }
  walk('', 0)

  const held = await streams.openForWriting(staged.map(({ path }) => `${root}/${path}`))
  return {
    totalBytes,
    logs,
    sessions,
    archives,
    staged: staged.map((one) => ({
      ...one,
      held: held?.has(`${root}/${one.path}`) ?? now - one.modifiedAt < quietWhenUnknown,
    })),
    windows,
    spool,
    damaged,
    leftovers,
    taken,
  }
}

interface Entry {
  readonly name: string
  readonly facts: FileFacts
}

function entriesOfFolder({ files }: System, root: string, folder: string): Entry[] {
  const path = folder ? `${root}/${folder}` : root
  let names: string[]
  try {
    names = files.list(path)
  } catch (error) {
    // Removed meanwhile, or not ours to read; the root itself must be readable.
    if (folder === '') throw error
    return []
  }
  return names.flatMap((name) => {
    const facts = files.facts(`${path}/${name}`)
    return facts ? [{ name, facts }] : []
  })
}

/** When something was set aside; undefined where the name is not one that this janitor gives. */
function stagedAt(folder: string, path: string, modifiedAt: number): number | undefined {
  const name = path.slice(folder.length + 1)
  const stamped = parseStampedName(name)
  if (stamped) return stamped.at
  return folder !== archiveFolder && name.endsWith('_state.json') ? modifiedAt : undefined
}

/** Documents of ours are never logs, whatever patterns a project's config names. */
function isLog(name: string, limits: MemoryLimits): boolean {
  if (!isPlainName(name)) return false
  if (name.startsWith('circuit_breaker_') && name !== incidentLogName) return false
  // What a person had restored is theirs, however wide the patterns are.
  if (name.includes('.restored.')) return false
  return name !== runLockName && limits.telemetry_files.some((pattern) => matchesName(pattern, name))
}

/** A document that the store has set aside: `<name>.damaged.<something>`. */
const isDamaged = (name: string): boolean => isPlainName(name) && name.includes('.damaged.')

/** Time of a log's first line, where it is a JSON object that tells one. */
function firstEntryTime(head: Bytes): number | undefined {
  const end = head.indexOf(10)
  try {
    const entry: unknown = JSON.parse(head.subarray(0, end < 0 ? head.length : end).toString('utf8'))
    return typeof entry === 'object' && entry !== null ? entryTime(entry) : undefined
  } catch {
    return undefined
  }
}
