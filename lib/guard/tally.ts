import { join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { Bytes, Files } from '../system/system.ts'

/**
 * Runs that have ended and that the state does not know yet: one line each in a tally, `<id>.<token>.runs` in the runs
 * folder. A shell appends to it and starts no Node; Node appends too, before it waits for any lock. How far a tally is
 * counted into the state stands in the state itself, so a run is counted once, wherever a process is killed.
 */

/** Bytes beyond which a tally is left for a new one. */
const longest = 16 * 1024
/** A tally that is left and counted in may be deleted when nothing was written for so long, milliseconds: no hook runs longer. */
const keptFor = 2 * 3600 * 1000

const tallyName = /^([0-9a-f]{16})\.([0-9a-f]{8})\.runs$/
const readyName = /^([0-9a-f]{16})\.ready$/

/** One run, as a line `<exit code> [<milliseconds>] [<id>] [<error>]` tells of it; a shell tells the first two. */
export interface RunNote {
  readonly code: number
  /** Absent where the shell has no clock. */
  readonly durationMs?: number
  /** Who ran it: the holder of the trial, if it was one. */
  readonly id?: string
  /** Why it failed, one line, where more than the exit code is known. */
  readonly error?: string
}

/** One tally, read from where it was last counted. */
export interface Tally {
  /** `<id>.<token>`: what the state knows it by. */
  readonly name: string
  /** Of the hook. */
  readonly id: string
  /** Up to where it is counted with these notes, bytes. */
  readonly end: number
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
  readonly notes: readonly RunNote[]
}

export const noteLine = ({ code, durationMs, id = '-', error = '' }: RunNote): string =>
  `${code} ${durationMs === undefined ? '' : Math.round(durationMs)} ${id} ${error.replace(/[\r\n]+/g, ' ')}`.trimEnd()

function noteOf(line: string): RunNote | undefined {
  const [code = '', durationMs = '', id = '', ...error] = line.split(' ')
  if (!/^\d{1,3}$/.test(code)) return undefined
  return {
    code: Number(code),
    ...(/^\d{1,12}$/.test(durationMs) ? { durationMs: Number(durationMs) } : {}),
    ...(id === '' || id === '-' ? {} : { id }),
    ...(error.length === 0 ? {} : { error: error.join(' ') }),
  }
}

/**
 * All tallies, or those of these hooks, with what is new in them. Changes nothing.
 *
 * @param counted bytes by name, from the state.
 */
export function readTallies(
  files: Files,
  folder: string,
  counted: Readonly<Record<string, number>> = {},
  ids?: readonly string[],
): Tally[] {
  return names(files, folder).flatMap((file) => {
    const [, id = '', token = ''] = tallyName.exec(file) ?? []
    if (id === '' || ids?.includes(id) === false) return []
    const name = `${id}.${token}`
    const path = join(folder, file)
    const facts = files.facts(path)
    if (facts?.kind !== 'file') return []
    const known = counted[name] ?? 0
    const from = known > facts.size ? 0 : known
    const piece = from === facts.size ? Buffer.alloc(0) : headOf(files, path, facts.size).subarray(from)
    // A line without its end is being written.
    const whole = piece.subarray(0, piece.lastIndexOf(0x0a) + 1)
    const notes = whole
      .toString('utf8')
      .split('\n')
      .flatMap((line) => noteOf(line) ?? [])
    return [{ name, id, end: from + whole.length, size: facts.size, modifiedAt: facts.modifiedAt, notes }]
  })
}

/** Notes a run: in one append, so that lines of many processes stand side by side. Throws what the disk says. */
export function noteRun(files: Files, folder: string, id: string, note: RunNote, token: () => string): void {
  files.makeFolders(folder)
  files.append(join(folder, `${currentTally(files, folder, id, token)}.runs`), `${noteLine(note)}\n`)
}

/** The tally that takes the next run; need not exist yet. */
function currentTally(files: Files, folder: string, id: string, token: () => string): string {
  const own = names(files, folder).filter((file) => tallyName.exec(file)?.[1] === id)
  const short = own.find((file) => (files.facts(join(folder, file))?.size ?? 0) < longest)
  return short === undefined ? `${id}.${token()}` : short.slice(0, -'.runs'.length)
}

/** Deletes tallies that were left long ago and are counted in. */
export function sweepTallies(files: Files, folder: string, tallies: readonly Tally[], now: number): void {
  for (const { name, end, size, modifiedAt } of tallies) {
    if (size < longest || end < size || now - modifiedAt < keptFor) continue
    quietly(() => files.remove(join(folder, `${name}.runs`)))
  }
}

/** Deletes everything that is kept here of these hooks, and the folder with the last of it. Throws what the disk says. */
export function removeRuns(files: Files, folder: string, ids: readonly string[]): void {
  if (files.facts(folder)?.kind !== 'folder') return
  const ofHook = (name: string): string => (tallyName.exec(name) ?? readyName.exec(name))?.[1] ?? ''
  const all = files.list(folder)
  const meant = all.filter((name) => ids.includes(ofHook(name)))
  for (const name of meant) files.remove(join(folder, name))
  if (meant.length === all.length) quietly(() => files.removeFolder(folder))
}

/** What a shell is told that may run a hook alone. */
interface Readiness {
  /** It allows the hook so many seconds instead of what its command line says. */
  readonly seconds?: number
  /** What was told before this is told anew, milliseconds since 1970. */
  readonly since?: number | undefined
  /** Asked at last, before the file is made: it takes milliseconds. */
  isAllowed(): boolean
}

/**
 * Lets the shell run a hook alone: `<id>.ready` names the tally's token then, and the seconds if there are any. A missing or
 * unreadable one leaves the run to Node, so it is a shortcut and never the truth.
 *
 * @returns whether anything had to be changed. Never throws for the disk: without the file every run is Node's.
 */
export function setReady(
  files: Files,
  folder: string,
  id: string,
  { seconds, since = 0, isAllowed }: Readiness,
  token: () => string,
): boolean {
  const path = readyPath(folder, id)
  const told = seconds === undefined ? '' : ` ${seconds}`
  return (
    quietly(() => {
      const facts = files.facts(path)
      const isThere = facts !== undefined
      const [, named, rest] = /^([0-9a-f]{8})(.*)\n$/.exec(isThere ? files.readText(path) : '') ?? []
      const isShort = (files.facts(join(folder, `${id}.${named}.runs`))?.size ?? 0) < longest
      if (isThere && named !== undefined && rest === told && isShort && isLater(facts.modifiedAt, since)) return false
      if (isThere) files.remove(path)
      if (!isAllowed()) return isThere
      files.makeFolders(folder)
      files.create(path, `${currentTally(files, folder, id, token).slice(id.length + 1)}${told}\n`)
      return true
    }) ?? false
  )
}

/** In whole seconds, because some shells compare so: within one second it is told again and again. */
const isLater = (told: number, since: number): boolean => Math.floor(told / 1000) > Math.floor(since / 1000)

/** Leaves every run to Node; whether that was otherwise. Never throws for the disk, where nothing lets the shell run alone either. */
export function removeReady(files: Files, folder: string, id: string): boolean {
  const path = readyPath(folder, id)
  return (
    quietly(() => {
      if (files.facts(path) === undefined) return false
      files.remove(path)
      return true
    }) ?? false
  )
}

const readyPath = (folder: string, id: string): string => join(folder, `${id}.ready`)

function names(files: Files, folder: string): readonly string[] {
  try {
    return files.list(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Gone since it was listed: there is nothing in it that was not counted. */
function headOf(files: Files, path: string, bytes: number): Bytes {
  try {
    return files.readHead(path, bytes)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function quietly<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
}
