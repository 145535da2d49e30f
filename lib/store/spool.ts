/**
 * The spool: raw hook inputs that could not be processed at once (the lock was busy, or no Node was started for them)
 * wait here as one file each, until the next hook takes them in under the state's lock. Names sort by time:
 * `<milliseconds, 13 digits>-<process id>-<token>.json`, made under a name with a dot in front and renamed into place. The
 * shell entry of `PostToolBatch` writes `batch-<client>-<process>.json`, leaves the time to the file system and saves the
 * rename, a process of its own: the beginning of a JSON object is never JSON, so a batch that is still being written is
 * known by that and left for the next drain. So does that of a first prompt, under a name of its own.
 *
 * Taking in and removing are two steps: a process that is killed in between leaves files that are taken in again.
 * Whoever drains must recognise an event that it already knows.
 */
import { dirname, join } from 'node:path'
import { shortenedJson } from '../calls/shortened-json.ts'
import { asKnownError, causeLine, errorCode } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { parseJson } from './document-text.ts'
import { ensureMemoryFolder, ensureRealFolder, isRealFolder } from './real-folder.ts'

/** Bytes. A larger input is not kept; it is also the largest that a hook reads. */
export const largestSpoolFile = 16 * 1024 * 1024
/** Files. With one more the oldest are dropped. */
export const mostSpoolFiles = 1000
/** Bytes that one drain takes in; the rest waits for the next, so that no hook reads for seconds. */
export const drainAtMost = 16 * 1024 * 1024
/** Milliseconds after which a batch that is no JSON is not being written any more. */
const longestWriting = 10_000

/** The word behind the monitor's name with which a shell entry starts it to take in the spool, in the background. */
export const drainWord = 'drain'

/** Starts the names of turns that failed, which a shell leaves here for the next prompt; no drain takes them. */
export const failurePrefix = 'failure-'

/**
 * Starts the names of prompts that a shell leaves here for the next drain. Without the ending that shells look for: a prompt is no batch, and
 * whether enough of those have gathered to start Node is not to depend on it.
 */
export const promptPrefix = 'prompt-'

const spoolName = new RegExp(String.raw`^(?:[^.].*\.json|${promptPrefix}.*)$`)
const isOfShell = new RegExp(`^(?:batch-|${promptPrefix})`)

export type SpoolResult =
  /** `dropped`: files that had to go to make room. */
  | { readonly kind: 'spooled'; readonly name: string; readonly dropped: number }
  | { readonly kind: 'too_large'; readonly bytes: number }

export interface SpoolEntry {
  readonly name: string
  /** When it happened, milliseconds since 1970: by its name, or by the file system where a shell wrote it. */
  readonly at: number
  /** The parsed input, without `__proto__` keys and the middle of very long strings; anything that JSON can say. */
  readonly value: unknown
}

export interface Drain {
  /** In the order of their times, then of their names. */
  readonly entries: readonly SpoolEntry[]
  /** Files that were removed because they cannot be used: not JSON, too large, not a regular file. */
  readonly broken: readonly { readonly name: string; readonly cause: string }[]
  /** Files that this drain did not get to. */
  readonly left: number
}

/**
 * The last time stamp this process used: two inputs of one millisecond, or of a clock set back a little, keep their
 * order.
 */
let lastStamp = 0

/**
 * Keeps one input, owner-only. The folder is made where it is missing; it and the folder above it must not be links.
 *
 * @param folder absolute path of the spool, inside the memory folder.
 * @throws KnownError with the system's code, or `ELINK`.
 */
export function spoolWrite(system: System, folder: string, text: string): SpoolResult {
  const { files } = system
  const bytes = Buffer.byteLength(text)
  if (bytes > largestSpoolFile) return { kind: 'too_large', bytes }
  try {
    ensureMemoryFolder(files, dirname(folder))
    ensureRealFolder(files, folder)
    const waiting = spoolList(system, folder)
    const surplus = waiting.slice(0, Math.max(0, waiting.length + 1 - mostSpoolFiles))
    const dropped = spoolRemove(system, folder, surplus)
    lastStamp = nextStamp(system.clock())
    const name = `${String(lastStamp).padStart(13, '0')}-${system.processes.pid}-${system.token()}.json`
    const unfinished = join(folder, `.${name}`)
    files.create(unfinished, text)
    files.rename(unfinished, join(folder, name))
    return { kind: 'spooled', name, dropped }
  } catch (error) {
    throw asKnownError('write', folder, error)
  }
}

function nextStamp(now: number): number {
  const behind = lastStamp - Math.floor(now)
  return behind >= 0 && behind < 60_000 ? lastStamp + 1 : Math.max(0, Math.floor(now))
}

/** Makes the folder, so that the shell entry finds it. */
export function spoolPrepare({ files }: System, folder: string): void {
  if (files.facts(folder) !== undefined) return
  ensureMemoryFolder(files, dirname(folder))
  ensureRealFolder(files, folder)
}

/** Names of the waiting files, oldest first; empty where there is no spool. */
export function spoolList(system: System, folder: string): string[] {
  try {
    if (!isRealFolder(system.files, folder)) return []
    return system.files.list(folder).filter((name) => spoolName.test(name))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw asKnownError('read', folder, error)
  }
}

/**
 * Reads what waits, oldest first, up to 16 MB. Files that cannot be used are removed and named. The others stay until
 * `spoolRemove`, which belongs after the commit of what was made of them.
 */
export function spoolTake(system: System, folder: string): Drain {
  const names = spoolList(system, folder)
  const entries: SpoolEntry[] = []
  const broken: { name: string; cause: string }[] = []
  let bytes = 0
  let seen = 0
  for (const name of names) {
    const path = join(folder, name)
    try {
      const facts = system.files.facts(path)
      if (facts === undefined) {
        seen += 1
        continue
      }
      if (entries.length > 0 && bytes + facts.size > drainAtMost) break
      seen += 1
      // A folder cannot be removed like a file, and what is in it is somebody's; with a dot in front nobody looks at it again.
      if (facts.kind === 'folder') system.files.rename(path, join(folder, `.${name}.${system.token()}.folder`))
      if (facts.kind !== 'file') throw new SyntaxError('it is not a regular file')
      if (facts.size > largestSpoolFile) throw new SyntaxError(`${facts.size} bytes are more than ${largestSpoolFile}`)
      bytes += facts.size
      const text = shortenedJson(system.files.readHead(path, facts.size))
      entries.push({ name, at: timeOf(name, facts.modifiedAt), value: parseJson(text) })
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw asKnownError('read', path, error)
      if (isOfShell.test(name) && isBeingWritten(system, path)) {
        seen -= 1
        continue
      }
      broken.push({ name, cause: causeLine(error) })
    }
  }
  spoolRemove(
    system,
    folder,
    broken.map(({ name }) => name),
  )
  // of the same moment in the order of their names, as they were read
  entries.sort((a, b) => a.at - b.at)
  return { entries, broken, left: names.length - seen }
}

/** Somebody wrote to it moments ago and may not have written it whole. */
function isBeingWritten({ files, clock }: System, path: string): boolean {
  const facts = files.facts(path)
  return facts?.kind === 'file' && Math.abs(clock() - facts.modifiedAt) < longestWriting
}

/** The time in a name, else the one given. */
function timeOf(name: string, otherwise: number): number {
  const stamp = /^(\d{13})-/.exec(name)?.[1]
  return stamp === undefined ? otherwise : Number(stamp)
}

/**
 * Takes out the turns that failed, oldest first: what the shell wrote, parsed. One that cannot be used is dropped, unless it is
 * being written.
 */
export function takeFailures(system: System, folder: string): unknown[] {
  if (!isRealFolder(system.files, folder)) return []
  const names = system.files.list(folder).filter((name) => name.startsWith(failurePrefix))
  return names
    .map((name) => ({ path: join(folder, name), at: system.files.facts(join(folder, name))?.modifiedAt ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .flatMap(({ path, at }) => {
      try {
        const value = parseJson(system.files.readText(path))
        system.files.remove(path)
        return [value]
      } catch {
        if (Math.abs(system.clock() - at) > longestWriting) quietly(() => system.files.remove(path))
        return []
      }
    })
}

function quietly(step: () => void): void {
  try {
    step()
  } catch {
    // It will be found again.
  }
}

/**
 * Deletes files of the spool and gives back how many; one that is gone already, or cannot be deleted, is passed over.
 */
export function spoolRemove(system: System, folder: string, names: readonly string[]): number {
  let removed = 0
  for (const name of names) {
    try {
      system.files.remove(join(folder, name))
      removed += 1
    } catch {
      // It will be found again, and recognised.
    }
  }
  return removed
}
