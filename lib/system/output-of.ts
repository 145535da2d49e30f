import { type ChildProcess, spawn } from 'node:child_process'
import { signalGroup } from './signal-group.ts'

export interface OutputLimits {
  /** Milliseconds after which it and all that it started is ended. */
  readonly timeoutMs: number
  /** Bytes of output past which it is ended. */
  readonly mostBytes: number
}

const isWindows = process.platform === 'win32'
/** Between asking a process group to end and ending it, milliseconds. */
const graceMs = 300
/** A command that has ended may have left a process in the background that keeps its stdout open: so long is waited then, milliseconds. */
const trailingMs = 200

/**
 * What a command line of a POSIX shell prints when it reads `input` on stdin; its stderr is ours. Undefined where it does not start, ends with
 * another code than 0, or passes a limit. Never throws.
 */
export function outputOf(command: string, input: string, limits: OutputLimits): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let child: ChildProcess
    try {
      // A group of its own, so that what it has started can be ended with it. On Windows that would open a window.
      child = spawn(isWindows ? 'sh' : '/bin/sh', ['-c', command], {
        detached: !isWindows,
        windowsHide: true,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
    } catch {
      resolve(undefined)
      return
    }
    const pieces: Buffer[] = []
    let bytes = 0
    let last: NodeJS.Timeout | undefined
    const end = (output: Buffer | undefined): void => {
      clearTimeout(timer)
      clearTimeout(last)
      // The shell itself may have ended when it was asked to, and what it has started not.
      if (last !== undefined) signalGroup(child, 'SIGKILL')
      child.stdout?.destroy()
      // Whoever has ended is no longer to be waited for, and whoever has not is not worth it.
      child.unref()
      resolve(output)
    }
    const stop = (): void => {
      signalGroup(child, 'SIGTERM')
      last ??= setTimeout(() => end(undefined), graceMs)
    }
    const timer = setTimeout(stop, limits.timeoutMs)
    child.stdout?.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= limits.mostBytes) pieces.push(piece)
      else stop()
    })
    // It may have ended before it has read everything, or never meant to.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    child.once('error', () => end(undefined))
    child.once('exit', (code) => {
      clearTimeout(timer)
      const output = (): Buffer | undefined => (code === 0 && last === undefined ? Buffer.concat(pieces) : undefined)
      child.once('close', () => end(output()))
      setTimeout(() => end(output()), trailingMs).unref()
    })
  })
}
