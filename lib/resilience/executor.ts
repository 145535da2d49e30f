import { type StartDetached, startDetached } from '../system/detached.ts'
import type { System } from '../system/system.ts'
import type { ServiceEvent } from './contracts.ts'
import { isFlusherAlive } from './flusher-lock.ts'
import { holdOffFlushers, mayStartFlusher } from './flusher-stamp.ts'
import { type AppendOptions, appendEvent } from './spool-append.ts'

export interface ExecutorCounts {
  /** Events that were handed over and tasks that were taken on. */
  readonly total: number
  readonly succeeded: number
  readonly failed: number
}

/** Does things that nobody waits for. */
export interface Executor {
  /**
   * For a process that ends soon: puts the event into the spool and sees to it that a flusher is at work. Never throws, waits for
   * nothing but the append.
   *
   * @returns whether the event is in the spool.
   */
  hand(event: ServiceEvent): boolean
  /**
   * For a process that lives on: runs a task as soon as fewer than `concurrency` others run, in the order of the calls.
   *
   * @returns whether it succeeded, when it has ended; never rejects, and need not be waited for.
   */
  run(task: () => unknown): Promise<boolean>
  /** Resolves when no task runs or waits, also none that was added meanwhile. */
  idle(): Promise<void>
  counts(): ExecutorCounts
}

export interface ExecutorOptions extends AppendOptions {
  /** The detached program that flushes the spool, with its words; none is started by default. */
  readonly flusher?: { readonly program: string; readonly words: readonly string[] }
  /** Tasks at a time; 4 by default. */
  readonly concurrency?: number
  /** Told why something failed; must not throw. */
  readonly onFailure?: (cause: unknown) => void
  /** How a flusher is started; as a detached process by default. */
  readonly start?: StartDetached
}

/** Milliseconds in which a flusher that was started is taken to be on its way: no longer than it then stays at least. */
const startingMilliseconds = 2000

/** @param folder of the spool, absolute. */
export function createExecutor(system: System, folder: string, options: ExecutorOptions = {}): Executor {
  const { flusher, concurrency = 4, onFailure = () => {}, start = startDetached, ...appendOptions } = options
  const counts = { total: 0, succeeded: 0, failed: 0 }
  const waiting: (() => Promise<void>)[] = []
  const idlers: (() => void)[] = []
  let running = 0

  const ended = (isGood: boolean, cause?: unknown): boolean => {
    counts[isGood ? 'succeeded' : 'failed'] += 1
    if (!isGood) onFailure(cause)
    return isGood
  }

  const next = (): void => {
    while (running < concurrency) {
      const task = waiting.shift()
      if (task === undefined) break
      running += 1
      void task().finally(() => {
        running -= 1
        next()
      })
    }
    if (running === 0) for (const tell of idlers.splice(0)) tell()
  }

  return {
    hand(event) {
      counts.total += 1
      try {
        appendEvent(system, folder, event, appendOptions)
      } catch (error) {
        return ended(false, error)
      }
      try {
        if (flusher !== undefined && !isFlusherAlive(system, folder) && mayStartFlusher(system, folder)) {
          // Before the start: of many processes that come at once few find the stamp as it was.
          holdOffFlushers(system, folder, startingMilliseconds)
          start(flusher.program, flusher.words, system.env)
        }
      } catch (error) {
        // The event is safe; the next one tries again.
        onFailure(error)
      }
      return ended(true)
    },

    run(task) {
      counts.total += 1
      return new Promise((resolve) => {
        waiting.push(async () => {
          try {
            await task()
            resolve(ended(true))
          } catch (error) {
            resolve(ended(false, error))
          }
        })
        next()
      })
    },

    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    counts: () => ({ ...counts }),
  }
}
