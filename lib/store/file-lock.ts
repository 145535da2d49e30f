/**
 * The lock of one document on disk, and the only way to commit to that document.
 *
 * Shape. The lock of `state.json` is a folder `state.json.lock` that holds one folder, the *claim*, with a name that is
 * used once: `<pid>.<token>`. It is built aside, claim and all, under `state.json.lock.new.<pid>.<token>`, and taken by
 * renaming it into place. A rename onto a folder that is not empty fails, so exactly one gets it. An empty lock folder
 * is free to the next one who comes; those already waiting only look, and take it when it is gone or stale.
 *
 *     state.json.lock/4711.9f3a0c1e/next       the new document, made after the old one was read
 *     state.json.lock/4711.9f3a0c1e/taken      a damaged document while it is set aside
 *     state.json.lock/4711.9f3a0c1e/removed    the old document when it is to be deleted
 *
 * Commit. The holder makes `next` inside its claim and renames it onto the document. Whatever a holder does to the
 * document is a rename from or to a path *through its claim*. A claim exists at that path only while its lock is in
 * place:
 *
 * 1. A lock folder comes into place once (the rename that takes the lock) and leaves once: by a takeover, which renames
 *    it to `state.json.lock.stale.<pid>.<token>`, or by release. Nothing ever renames one back, no claim's name is used
 *    twice, and no claim is made anywhere but in a folder that is not yet in place.
 * 2. So a path through a claim resolves exactly from the moment the lock was won to the moment it was lost. Every step
 *    after that fails with ENOENT, in the kernel, at the step itself: there is no gap between a check and a rename, and
 *    it does not matter how long the process was suspended or where.
 * 3. The document is changed by such renames only, and one lock folder is in place at a time. So between a successful
 *    commit and the taking of the lock it belongs to, nobody else changed the document, and what was read in between is
 *    what was replaced. Whoever lost the lock changed nothing, and starts over from the beginning.
 *
 * This holds whoever takes a lock over and whenever: staleness is a guess that decides how soon things go on, not
 * whether they are right. In particular:
 *
 * - Two processes find the same stale lock: the first rename moves it away; the second fails with ENOENT, or, if a
 *   fresh lock is already in place, moves that one away. The fresh holder's commit then fails and it starts over.
 * - A holder is suspended before it makes `next`, while it writes it, or before the commit: its next step by path
 *   fails. (A fixed name for `next`, or a claim made after the folder is in place, would not do: waking up late, it
 *   would find the next holder's folder under the same path, and commit into it a document read long before.)
 * - Release removes the claim, then the lock folder. Removing a folder works on an empty one only, so hitting another
 *   holder's lock, which is never empty, fails with ENOTEMPTY; hitting an empty one frees what was free.
 * - The janitor sweeps the folder that a suspended process had built aside. If only its claim is gone when the process
 *   puts the folder into place, it has put down an empty folder: its first step through the claim fails.
 * - A holder is killed: before the commit, the old document is in place; after it, the new one. What it leaves is one
 *   stale folder; `taken` in it may be the only copy of a document that was being set aside, and the takeover brings it
 *   out.
 *
 * Naming `next` inside a plain exclusive-mkdir lock is not enough for the reason in brackets; a lock file that is
 * deleted by path when stale (proper-lockfile 4.1.2, issue 121) is not enough because the delete may hit the next
 * holder's lock.
 *
 * Not promised: network file systems whose renames are not atomic, and power loss before the disk has written the
 * folder.
 */
import { basename, dirname, join } from 'node:path'
import { errorCode, KnownError } from '../system/known-error.ts'
import type { FileFacts, Files, System } from '../system/system.ts'

/** Milliseconds. A lock folder older than this, or this far in the future, belongs to a dead or suspended process. */
export const staleAfterMilliseconds = 2000

/** What a holder puts into its claim. */
export const lockNames = {
  /** The new document. */
  next: 'next',
  /** The old one while it is set aside; brought out if the holder dies. */
  taken: 'taken',
  /** The old one when it is to be deleted. */
  removed: 'removed',
} as const

/** Milliseconds. While it waits, a process renews the time of its own folder, so that it is not born stale. */
const renewAfter = 250
/** More takeovers than that in one wait mean that something else is wrong; from then on it only waits. */
const takeoversAtMost = 20

export interface LockOptions {
  /** The longest wait for the lock, milliseconds; 0 tries once. */
  readonly waitMilliseconds: number
  readonly staleMilliseconds: number
}

/** A lock that was won. Whether it is still held shows at each step, by ENOENT. */
export interface FileLock {
  readonly folder: string
  /** Everything the holder makes goes in here. */
  readonly claim: string
}

export type LockAttempt =
  | { readonly kind: 'held'; readonly lock: FileLock; readonly waitedMilliseconds: number; readonly rescued: string[] }
  | { readonly kind: 'busy'; readonly waitedMilliseconds: number; readonly rescued: string[] }

/**
 * Takes the lock of the document at `path`, whose folder must exist, waiting for it in short sleeps of random length.
 * `rescued` names what was found in the locks of dead processes: documents they were setting aside.
 *
 * @throws the system's error where the lock can neither be made nor taken over.
 */
export async function takeLock(system: System, path: string, options: LockOptions): Promise<LockAttempt> {
  const { files, clock } = system
  const folder = `${path}.lock`
  const rescued: string[] = []
  const startedAt = clock()
  let slept = 0
  let sleeps = 0
  let takeovers = 0
  let renewedAt = 0
  const build = (): Own => {
    const built = buildAside(system, folder)
    renewedAt = clock()
    files.touch(built.folder, renewedAt)
    return built
  }
  let own = build()
  try {
    for (;;) {
      // Sleeps last longer than asked on a busy machine, and clocks jump: whichever of the two says more is believed.
      const waitedMilliseconds = Math.max(slept, clock() - startedAt)
      const held = (): LockAttempt => {
        return { kind: 'held', lock: { folder, claim: join(folder, own.name) }, waitedMilliseconds, rescued }
      }
      // While somebody holds it, a look is enough: it costs less than a rename, and does not slow the holder down.
      const facts = sleeps === 0 ? undefined : files.facts(folder)
      const refusal = facts === undefined ? tryRename(files, own.folder, folder) : 'taken'
      if (refusal === undefined) return held()
      if (refusal === 'gone') {
        // Swept away as a leftover while this process was suspended; a missing parent makes the next line throw.
        own = build()
      } else if (
        takeovers < takeoversAtMost &&
        isStale(system, facts ?? files.facts(folder), options.staleMilliseconds)
      ) {
        takeovers += 1
        rescued.push(...takeAway(system, path))
        // A folder that stays in the way is looked at again after a sleep, like any other.
        if (tryRename(files, own.folder, folder) === undefined) return held()
      } else if (refusal instanceof Error && files.facts(folder) === undefined) {
        // Not a lock in the way, then, but rights that are missing.
        throw refusal
      }
      if (waitedMilliseconds >= options.waitMilliseconds) {
        discard(files, own.folder, own.name)
        return { kind: 'busy', waitedMilliseconds, rescued }
      }
      const pause = nextPause(sleeps, waitedMilliseconds, options.waitMilliseconds)
      await system.sleep(pause)
      slept += pause
      sleeps += 1
      const now = clock()
      if (Math.abs(now - renewedAt) > renewAfter) {
        renewedAt = now
        // Where it was swept away meanwhile the next try builds it anew.
        quietly(() => files.touch(own.folder, now))
      }
    }
  } catch (error) {
    discard(files, own.folder, own.name)
    throw error
  }
}

/**
 * Gives the lock back. Never fails: by now the document is committed or untouched, and a lock folder that cannot be
 * removed grows stale by itself.
 */
export function releaseLock(files: Files, lock: FileLock): void {
  quietly(() => removeClaim(files, lock.claim))
  quietly(() => files.removeFolder(lock.folder))
}

/** A commit leaves its claim empty: only one that failed, or that removed a document, has something to clear away first. */
function removeClaim(files: Files, claim: string): void {
  try {
    files.removeFolder(claim)
  } catch {
    for (const left of [lockNames.next, lockNames.removed]) quietly(() => files.remove(join(claim, left)))
    files.removeFolder(claim)
  }
}

/** Whether an error of a step through the claim means that the lock is lost. */
export function meansLost(error: unknown): boolean {
  // A known error with such a code was thrown for a reason of its own, for example a file in a folder's place.
  if (error instanceof KnownError) return false
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/**
 * Moves the lock of the document at `path` out of the way and deletes it, whoever holds it. Gives back the new paths of
 * documents that its holder was setting aside. Nothing happens where there is no lock.
 */
export function takeAway(system: System, path: string): string[] {
  const away = `${path}.lock.stale.${uniqueName(system)}`
  try {
    system.files.rename(`${path}.lock`, away)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    // A system that does not move a folder while a file in it is open (Windows): the holder is at work, or dead soon.
    if (process.platform === 'win32') return []
    throw error
  }
  try {
    return deleteLockFolder(system, away, path)
  } catch {
    // It is out of the way, which is what counts here; the janitor's sweep finds it by its name.
    return []
  }
}

/**
 * Deletes a lock folder that is not in place, and brings out what its claims had taken.
 *
 * @throws the system's error where something in it cannot be deleted, for example a folder that is none of ours.
 */
export function deleteLockFolder(system: System, folder: string, path: string): string[] {
  const { files } = system
  const rescued: string[] = []
  const facts = files.facts(folder)
  if (facts === undefined) return rescued
  if (facts.kind !== 'folder') {
    files.remove(folder)
    return rescued
  }
  for (const name of files.list(folder)) {
    const claim = join(folder, name)
    if (files.facts(claim)?.kind !== 'folder') {
      files.remove(claim)
      continue
    }
    for (const left of files.list(claim)) {
      if (left === lockNames.taken) {
        const aside = damagedName(system, path)
        files.rename(join(claim, left), aside)
        rescued.push(aside)
      } else {
        files.remove(join(claim, left))
      }
    }
    files.removeFolder(claim)
  }
  files.removeFolder(folder)
  return rescued
}

/** A free name beside the document for a copy that is set aside: `state.damaged.20260102T030405Z.9f3a0c1e.json`. */
export function damagedName(system: System, path: string): string {
  const at = new Date(system.clock()).toISOString().replace(/[-:]|\.\d+/g, '')
  const stem = join(dirname(path), basename(path, '.json'))
  const token = system.token()
  for (let copy = 0; ; copy += 1) {
    const name = `${stem}.damaged.${at}.${token}${copy === 0 ? '' : `-${copy}`}.json`
    if (system.files.facts(name) === undefined) return name
  }
}

/** Whether the age of what stands at `path`, by our clock, is more than `milliseconds` into the past or the future. */
export function isOlderThan(system: System, path: string, milliseconds: number): boolean {
  const facts = system.files.facts(path)
  return facts !== undefined && Math.abs(system.clock() - facts.modifiedAt) > milliseconds
}

function isStale(system: System, facts: FileFacts | undefined, milliseconds: number): boolean {
  // A file or a link is nobody's lock.
  return facts !== undefined && (facts.kind !== 'folder' || Math.abs(system.clock() - facts.modifiedAt) > milliseconds)
}

interface Own {
  readonly folder: string
  readonly name: string
}

function buildAside(system: System, lockFolder: string): Own {
  const { files } = system
  for (let tries = 1; ; tries += 1) {
    const name = uniqueName(system)
    const folder = `${lockFolder}.new.${name}`
    try {
      files.makeFolder(folder)
    } catch (error) {
      if (errorCode(error) === 'EEXIST' && tries < 5) continue
      throw error
    }
    try {
      files.makeFolder(join(folder, name))
    } catch (error) {
      quietly(() => files.removeFolder(folder))
      throw error
    }
    return { folder, name }
  }
}

/** Undefined when the rename worked; `gone` when our own folder is not there; otherwise what was in the way. */
function tryRename(files: Files, own: string, folder: string): undefined | 'gone' | 'taken' | Error {
  try {
    files.rename(own, folder)
    return undefined
  } catch (error) {
    switch (errorCode(error)) {
      case 'ENOENT':
        return 'gone'
      case 'ENOTEMPTY':
      case 'EEXIST':
      case 'ENOTDIR':
        return 'taken'
      case 'EPERM':
      case 'EACCES':
      case 'EBUSY':
        // Windows says so of any folder in the way, also of an empty one, which is free.
        if (process.platform === 'win32') quietly(() => files.removeFolder(folder))
        return error as Error
      default:
        throw error
    }
  }
}

function discard(files: Files, folder: string, name: string): void {
  quietly(() => files.removeFolder(join(folder, name)))
  quietly(() => files.removeFolder(folder))
}

/**
 * Milliseconds to sleep before the next look: random below a bound that grows from 2 to 32, so that fifty waiting
 * processes leave the processor to the one they wait for. In the last third of the budget the bound is 8: those who
 * have waited longest would otherwise lose against newcomers, who start with short sleeps.
 */
function nextPause(sleeps: number, waited: number, budget: number): number {
  const bound = waited > (budget * 2) / 3 ? 8 : Math.min(32, 2 * 1.5 ** sleeps)
  return 1 + Math.random() * (bound - 1)
}

/** The process id tells a reader of the folder who it was; the token makes the name one that is used once. */
const uniqueName = (system: System): string => `${system.processes.pid}.${system.token()}`

function quietly(step: () => void): void {
  try {
    step()
  } catch {
    // Told by the caller's own outcome; what stays behind grows stale and is swept.
  }
}
