import { releaseLock, takeLock } from '../store/file-lock.ts'
import { every } from '../system/every.ts'
import type { System } from '../system/system.ts'
import { flusherPath } from './spool-files.ts'

/** The lock of the one flusher of a spool. Which events are settled does not rest on it: it spares the service repeats. */
export interface FlusherLock {
  /** False where another process took this one for dead. */
  isHeld(): boolean
  release(): void
}

/** Milliseconds. So often a flusher renews its lock. */
const beatMilliseconds = 1000
/** A lock that was renewed within so long is that of a flusher at work, */
const aliveMilliseconds = 4000
/** and one that was not for so long may be taken over. */
const deadMilliseconds = 10_000

/**
 * Takes the lock, or undefined while another flusher is at work. A lock that nobody renews is waited for, about ten seconds, until
 * it may be taken over.
 */
export async function takeFlusherLock(system: System, folder: string): Promise<FlusherLock | undefined> {
  const { files, clock } = system
  const waits = { waitMilliseconds: 0, staleMilliseconds: deadMilliseconds }
  for (let slept = 0; ; slept += beatMilliseconds) {
    const attempt = await takeLock(system, flusherPath(folder), waits)
    if (attempt.kind === 'held') {
      const { lock } = attempt
      // Where the disk does not say, it is: another flusher would cost repeats, no event.
      const isHeld = () => quietly(() => files.facts(lock.claim) !== undefined) ?? true
      const stop = every(beatMilliseconds, () => quietly(() => isHeld() && files.touch(lock.folder, clock())))
      return {
        isHeld,
        release() {
          stop()
          releaseLock(files, lock)
        },
      }
    }
    if (isFlusherAlive(system, folder) || slept > 2 * deadMilliseconds) return undefined
    await system.sleep(beatMilliseconds)
  }
}

/** Whether a flusher is at work, by one look at its lock. */
export function isFlusherAlive({ files, clock }: System, folder: string): boolean {
  const facts = files.facts(`${flusherPath(folder)}.lock`)
  return facts !== undefined && Math.abs(clock() - facts.modifiedAt) < aliveMilliseconds
}

function quietly<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch {
    // The next step through the lock says what it is.
    return undefined
  }
}
