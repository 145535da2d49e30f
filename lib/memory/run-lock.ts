import { errorCode } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { runLockName } from './names.ts'

/**
 * One janitor at a time. The lock spares two of them from doing the same work; that nothing is lost or doubled does not
 * rest on it, because every step is a claim by an exclusive create or a rename.
 */
export interface RunLock {
  release(): void
}

/** Milliseconds beyond its time budget after which a janitor that has not released its lock is taken for dead. */
const grace = 60_000
/** Milliseconds; no budget is longer. */
export const longestRun = 60 * 60_000

/**
 * Takes the lock, or undefined when another janitor has it.
 *
 * @param budgetMilliseconds the time this janitor will take.
 */
export function takeRunLock(system: System, root: string, budgetMilliseconds: number): RunLock | undefined {
  const { files } = system
  const path = `${root}/${runLockName}`
  const content = `${JSON.stringify({
    pid: system.processes.pid,
    token: system.token(),
    until: new Date(system.clock() + budgetMilliseconds + grace).toISOString(),
  })}\n`
  const take = () => {
    try {
      files.create(path, content)
      return true
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false
      throw error
    }
  }
  if (!take()) {
    clearDeadLock(system, root)
    if (!take()) return undefined
  }
  return {
    release() {
      try {
        // Another janitor may have taken this one for dead.
        if (files.readText(path) === content) files.remove(path)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
      }
    },
  }
}

/** Moves a dead janitor's lock out of the way; of two that try, one gets it, and a lock that is alive is put back. */
export function clearDeadLock(system: System, root: string): void {
  const { files } = system
  const path = `${root}/${runLockName}`
  const dead = lockAt(system, path)
  if (dead === undefined) return
  const left = dead.until - system.clock()
  // A lock that claims more than any run takes was written by a clock that has been set back since.
  if (left > 0 && left < longestRun) return
  const aside = `${path}.${system.token()}`
  try {
    files.rename(path, aside)
    if (lockAt(system, aside)?.content !== dead.content) files.link(aside, path)
    files.remove(aside)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error
  }
}

function lockAt({ files }: System, path: string): { content: string; until: number } | undefined {
  const facts = files.facts(path)
  if (facts?.kind !== 'file') return undefined
  try {
    const content = files.readText(path)
    const until = Date.parse((JSON.parse(content) as { until: string }).until)
    if (Number.isFinite(until)) return { content, until }
    return { content, until: facts.modifiedAt + grace }
  } catch (error) {
    // A lock whose writer died between creating and writing it.
    return errorCode(error) === 'ENOENT' ? undefined : { content: '', until: facts.modifiedAt + grace }
  }
}
