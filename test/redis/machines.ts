import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { BreakerOptions } from '../../lib/breaker/circuit-breaker.ts'
import type { RedisStoreOptions } from '../../lib/store/redis-store.ts'
import { startWorker, type Worker } from '../faults/processes.ts'
import { bareEnvironment } from '../support/bare-environment.ts'

interface Common {
  readonly url: string
  /** How far its clock is ahead, milliseconds; 0 by default. */
  readonly clockOffset?: number
  readonly store?: RedisStoreOptions
}

type Limits = Pick<BreakerOptions, 'failMax' | 'resetTimeoutMs' | 'probeTimeoutMs' | 'successThreshold'>

/** Each waits for the file `go`, where there is one, after it has said `ready`. */
export type MachineTask = Common &
  (
    | { readonly kind: 'fail'; readonly calls: number; readonly limits?: Limits; readonly go?: string }
    | {
        readonly kind: 'try'
        readonly limits?: Limits
        readonly go?: string
        /** Tries once by default. */
        readonly until?: 'made'
        /** A call that is made lasts until this file is there. */
        readonly end?: string
      }
    | {
        readonly kind: 'update'
        readonly writer: string
        readonly updates: number
        readonly journal?: string
        readonly go?: string
      }
    | { readonly kind: 'suspend'; readonly writer: string }
    | { readonly kind: 'live'; readonly writer: string; readonly until: string }
  )

export type TaskOf<Kind extends MachineTask['kind']> = Extract<MachineTask, { kind: Kind }>

export interface Machine extends Worker {
  /** Resolves once it has said that word on stderr. */
  heard(word: string): Promise<void>
}

/** Starts a machine with a folder of its own inside `folder`. */
export function startMachine(bundle: string, folder: string, task: MachineTask): Machine {
  const cwd = mkdtempSync(join(folder, 'machine-'))
  const worker = startWorker(bundle, task, { cwd, env: bareEnvironment(cwd) })
  let said = ''
  worker.process.stderr?.on('data', (data) => {
    said += data
  })
  return {
    ...worker,
    heard: (word) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.includes(word)) resolve()
        }
        worker.process.stderr?.on('data', look)
        worker.process.once('close', () => reject(new Error(`ended without saying ${word}: ${said}`)))
        look()
      }),
  }
}
