import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export type WorkerTask =
  | {
      readonly kind: 'write'
      readonly root: string
      readonly keys: readonly string[]
      readonly writer: string
      readonly updates: number
      readonly waitMilliseconds: number
      /** 2,000 by default. */
      readonly staleMilliseconds?: number
      /** A file that takes one line per update that was reported as written. */
      readonly journal?: string
    }
  /** Reads without a pause until the file `until` exists. */
  | { readonly kind: 'read'; readonly root: string; readonly key: string; readonly until: string }
  /** One update that suspends itself before the first file operation that matches the pattern `before`. */
  | {
      readonly kind: 'suspend'
      readonly root: string
      readonly key: string
      readonly writer: string
      readonly before: string
      readonly lock: 'ours' | 'look then rename' | 'file inside'
    }

/** Bundles a worker, that of these tests by default, into `folder` and gives back its path. */
export async function bundleWorker(folder: string, entry = new URL('./worker.ts', import.meta.url)): Promise<string> {
  const outfile = join(folder, 'worker.mjs')
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Packages that are not modules themselves ask for Node's own by `require`.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url)",
    },
    logLevel: 'error',
  })
  return outfile
}

export interface Worker {
  readonly process: ChildProcess
  /** What it wrote to stdout, parsed; undefined where it wrote nothing. Rejects if it failed by itself. */
  readonly report: Promise<unknown>
}

/** @param place where it runs, if that matters. */
export function startWorker<Task = WorkerTask>(
  bundle: string,
  task: Task,
  place: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Worker {
  const words = [bundle, JSON.stringify(task)]
  const child = spawn(process.execPath, words, { ...place, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout?.on('data', (data) => {
    out += data
  })
  child.stderr?.on('data', (data) => {
    err += data
  })
  const report = new Promise<unknown>((resolve, reject) => {
    child.on('close', (code) => {
      if (code !== null && code !== 0) reject(new Error(err))
      else resolve(out === '' ? undefined : JSON.parse(out))
    })
  })
  return { process: child, report }
}

/** Waits until a process is suspended. */
export async function untilStopped(pid: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return
    await pause(5)
  }
  throw new Error('the worker never came to the point where it suspends itself')
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))
