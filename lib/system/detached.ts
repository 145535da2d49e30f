import type * as childProcess from 'node:child_process'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'

/** Starts a program that outlives this process. */
export type StartDetached = (
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) => boolean

/**
 * In a session of its own, with no stream of ours and in the user's home, so that neither the end of the client nor that of its
 * terminal or folder reaches it. Nobody waits for it.
 *
 * @returns whether the system started it; a program that is not there is noticed by nobody. Never throws.
 */
export const startDetached: StartDetached = (program, words, env) => {
  try {
    // Loaded here only: it costs milliseconds, and most hooks start nothing.
    const { spawn } = createRequire(process.execPath)('node:child_process') as typeof childProcess
    const child = spawn(program, words, { env: { ...env }, cwd: homedir(), detached: true, stdio: 'ignore' })
    // Without a listener the error would end this process.
    child.on('error', () => {})
    child.unref()
    return child.pid !== undefined
  } catch {
    return false
  }
}
