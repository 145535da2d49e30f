import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { runsInGroup } from './node-processes.ts'
import { signalGroup } from './signal-group.ts'

/** How a child ended. */
export interface ChildEnd {
  /** Its exit code; 128 and the signal's number where a signal ended it, as shells say it. Absent where it never started. */
  readonly code?: number
  /** It did not start: why, and the exit code that a shell would have for it. */
  readonly notStarted?: { readonly why: string; readonly code: number }
  readonly timedOut: boolean
  /** Its output passed the cap. */
  readonly tooLong: boolean
  /** The signal by which whoever started us ended us and it. */
  readonly stoppedBy?: string
  /** What it wrote to stderr first, at most 2 kB. */
  readonly said: string
  /** What it wrote to stdout first, at most 64 kB; empty where it had our own. */
  readonly wrote: string
  readonly durationMs: number
}

export interface ChildOptions {
  /** A text for the shell, or a program and its words. */
  readonly command: string | readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** What bounds it; without them it has our own streams and is only waited for. */
  readonly limits?: ChildLimits
  /** What it reads on stdin instead of ours. */
  readonly input?: Uint8Array
  /** Called at once when we are asked to end: there may be no time for more. */
  onStop?(signal: string, durationMs: number): void
}

export interface ChildLimits {
  /** Milliseconds after which it and all that it started is ended. */
  readonly timeoutMs: number
  /** Bytes of stdout and stderr together past which it is ended. It also bounds what waits in memory for a slow reader. */
  readonly mostOutput: number
}

/** Between asking a process group to end and ending it, milliseconds. */
const graceMs = 1000
/**
 * A child that has ended may have left a process in the background that keeps its streams open: so long without a byte, and
 * so long in all, is waited then, milliseconds. The client does not wait for such a process either.
 */
const quietMs = 200
const mostTrailingMs = 2000
const mostSaid = 2048
const mostWrote = 65_536
/** Signals by which whoever started us ends us; the child's group hears of them too. */
const passedOn = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** Those that have one number on all systems. */
const signalNumbers: Readonly<Record<string, number>> = {
  ...{ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGFPE: 8 },
  ...{ SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 },
}
const notFoundCode = 127
const notRunnableCode = 126

/**
 * Runs a child in a process group of its own with our stdin, and passes on what it writes byte for byte while it is written.
 * Our own stdin is closed then, so that its writer learns when the child closes it. Resolves when the child has ended, its
 * output is passed on and, where it was ended, its group is gone; never throws.
 */
export function runChild({ command, env, limits, input, onStop }: ChildOptions): Promise<ChildEnd> {
  const startedAt = performance.now()
  const end = { timedOut: false, tooLong: false, said: '', wrote: '' }
  const took = () => performance.now() - startedAt
  return new Promise((resolve) => {
    const said: Buffer[] = []
    const wrote: Buffer[] = []
    let timedOut = false
    let tooLong = false
    let stoppedBy: string | undefined
    let output = 0
    let last: NodeJS.Timeout | undefined
    let isOver = false

    const stop = (signal: NodeJS.Signals): void => {
      if (stoppedBy === undefined) onStop?.(signal, took())
      stoppedBy ??= signal
      endGroup()
    }
    // Before the child is there: from its first moment on we must not end without it.
    for (const name of passedOn) process.on(name, stop)
    const child = started(command, env, limits !== undefined, input !== undefined)
    if (child instanceof Error) {
      for (const name of passedOn) process.off(name, stop)
      resolve({ ...end, notStarted: reasonOf(child), durationMs: took() })
      return
    }

    const endGroup = (): void => {
      signalGroup(child, 'SIGTERM')
      last ??= setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs)
    }
    const timer =
      limits &&
      setTimeout(() => {
        timedOut = true
        endGroup()
      }, limits.timeoutMs)

    const finish = async (result: Pick<ChildEnd, 'code' | 'notStarted'>): Promise<void> => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      child.stdout?.destroy()
      child.stderr?.destroy()
      const durationMs = took()
      // What was asked to end and does not is ended, also where the child itself is gone already.
      if (last !== undefined) await groupGone(child, graceMs)
      clearTimeout(last)
      for (const name of passedOn) process.off(name, stop)
      const text = Buffer.concat(said).subarray(0, mostSaid).toString('utf8')
      const stopped = stoppedBy === undefined ? {} : { stoppedBy }
      resolve({
        ...result,
        ...stopped,
        timedOut,
        tooLong,
        said: text,
        wrote: Buffer.concat(wrote).toString('utf8'),
        durationMs,
      })
    }

    const pass = (stream: 'stdout' | 'stderr'): void => {
      // Nobody reads it any more: so shall the child learn.
      process[stream].on('error', () => child[stream]?.destroy())
      child[stream]?.on('data', (piece: Buffer) => {
        output += piece.length
        if (stream === 'stderr' && Buffer.concat(said).length < mostSaid) said.push(piece)
        if (stream === 'stdout' && output <= mostWrote) wrote.push(piece)
        if (limits === undefined || output <= limits.mostOutput) process[stream].write(piece)
        else if (!tooLong) {
          tooLong = true
          endGroup()
        }
      })
    }
    if (limits !== undefined) {
      pass('stdout')
      pass('stderr')
    }
    // It may have ended before it has read everything.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    child.once('error', (error) => void finish({ notStarted: reasonOf(error) }))
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      const result = { code: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0) }
      child.once('close', () => void finish(result))
      const exitedAt = performance.now()
      let seen = output
      const look = (): void => {
        if (output === seen || performance.now() - exitedAt > mostTrailingMs) return void finish(result)
        seen = output
        trailing = setTimeout(look, quietMs)
      }
      let trailing = setTimeout(() => {
        seen = output
        trailing = setTimeout(look, quietMs)
      }, quietMs)
      child.once('close', () => clearTimeout(trailing))
    })
  })
}

/** Whether `timeout` is there and ends whole process groups: the one of coreutils does, that of busybox does not. */
export function hasGroupTimeout(): boolean {
  const { stdout, status } = spawnSync('timeout', ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 && /coreutils/.test(stdout)
}

function started(
  command: ChildOptions['command'],
  env: ChildOptions['env'],
  isPiped: boolean,
  hasInput: boolean,
): ChildProcess | Error {
  const output = isPiped ? 'pipe' : 'inherit'
  const stdio: ('inherit' | 'pipe')[] = [hasInput ? 'pipe' : 'inherit', output, output]
  const options = { env: { ...env }, detached: true, stdio }
  try {
    const [program = '', ...words] = typeof command === 'string' ? [] : command
    const child =
      typeof command === 'string' ? spawn(command, { ...options, shell: true }) : spawn(program, words, options)
    if (process.platform !== 'win32') {
      closeSync(0)
      openSync('/dev/null', 'r')
    }
    return child
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function reasonOf(error: Error & { code?: string }): { why: string; code: number } {
  const isMissing = error.code === 'ENOENT'
  return { why: isMissing ? 'command not found' : error.message, code: isMissing ? notFoundCode : notRunnableCode }
}

/** Resolves when nothing of the group runs any more; after `patience` milliseconds it is ended. */
async function groupGone(child: ChildProcess, patience: number): Promise<void> {
  const until = performance.now() + patience
  while (signalGroup(child, 0) && runsInGroup(child.pid ?? 0) !== false) {
    if (performance.now() > until) return void signalGroup(child, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
