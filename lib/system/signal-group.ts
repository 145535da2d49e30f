import type { ChildProcess } from 'node:child_process'

/**
 * Signals a child that leads a process group, and with it all that it has started; on Windows the child alone.
 *
 * @param signal 0 only asks.
 * @returns whether anything of it was there, were it ended already.
 */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false
  try {
    return process.platform === 'win32' ? child.kill(signal) : process.kill(-child.pid, signal)
  } catch {
    return false
  }
}
