import { join } from 'node:path'
import { runLockName } from '../memory/names.ts'
import { counted } from '../status/quantities.ts'
import { takeAway } from '../store/file-lock.ts'
import { leftoverAge } from '../store/leftovers.ts'
import { errorCode } from '../system/known-error.ts'
import { fine, type Mend, note, problem, type Told } from './finding.ts'
import { type Check, hasMemory, type Look, ownCommand } from './look.ts'

/** A lock that is held for milliseconds when all is well. */
export interface LockFacts {
  readonly path: string
  /** The process that it names; undefined where it names none. */
  readonly pid: number | undefined
  readonly isRunning: boolean
  readonly ageMs: number
}

/** Whether a lock is left of a process that has ended, or held by one that stands still. */
export const locks: Check = {
  id: 'locks',
  group: 'Memory',
  examine(look) {
    const found = hasMemory(look) ? [...documentLocks(look), ...runLock(look)] : []
    const odd = found.flatMap((lock) => judgeLock(look, lock))
    return odd.length > 0
      ? odd
      : [fine('locks', found.length === 0 ? 'no lock is held' : `${counted(found.length, 'lock')} held just now`)]
  },
}

function documentLocks(look: Look): LockFacts[] {
  const { files } = look.system
  const { memory, sessions } = look.project.paths
  const folders = [memory, sessions, join(memory, 'circuit_breaker_named')].filter(
    (folder) => files.facts(folder)?.kind === 'folder',
  )
  return folders.flatMap((folder) =>
    files
      .list(folder)
      .filter((name) => name.endsWith('.json.lock'))
      .flatMap((name) => lockAt(look, join(folder, name), () => files.list(join(folder, name))[0])),
  )
}

/** The janitor's own: a file that names its process. */
function runLock(look: Look): LockFacts[] {
  const path = join(look.project.paths.memory, runLockName)
  return lockAt(look, path, () => String((JSON.parse(look.system.files.readText(path)) as { pid?: unknown }).pid))
}

/** @param claim text that begins with the process id. */
function lockAt({ system, machine }: Look, path: string, claim: () => string | undefined): LockFacts[] {
  const facts = system.files.facts(path)
  if (facts === undefined) return []
  const pid = Number.parseInt(quietly(claim) ?? '', 10)
  const isKnown = Number.isInteger(pid) && pid > 0
  return [
    {
      path,
      pid: isKnown ? pid : undefined,
      isRunning: isKnown && machine.isRunning(pid),
      ageMs: Math.abs(system.clock() - facts.modifiedAt),
    },
  ]
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    // Released between two looks, or damaged: it then names nobody.
    return undefined
  }
}

function judgeLock(look: Look, { path, pid, isRunning, ageMs }: LockFacts): Told[] {
  if (ageMs < leftoverAge) return []
  const age = `${Math.round(ageMs / 1000)} s`
  if (isRunning) {
    const title = `${path} has been held by process ${pid} for ${age}`
    const detail = [
      'The next hook takes it over, and nothing is lost. The process stands still, or its number went to another one.',
    ]
    return [problem('lock-held', title, { detail, command: `ps -fp ${pid}` })]
  }
  const whose = pid === undefined ? 'nobody' : `process ${pid}, which is gone`
  return [
    note('lock-dead', `${path} is left of ${whose}, for ${age}`, {
      detail: ['The next hook takes it over.'],
      command: ownCommand(look, 'doctor --fix'),
      mend: removal(look, path),
    }),
  ]
}

const removal = ({ system }: Look, path: string): Mend => ({
  key: `lock ${path}`,
  does: `take ${path} away`,
  act() {
    if (path.endsWith('.json.lock')) return void takeAway(system, path.slice(0, -'.lock'.length))
    try {
      system.files.remove(path)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  },
})
