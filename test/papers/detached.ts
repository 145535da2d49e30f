import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a command left behind. */
export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a shell command the way a person's own terminal would: with none of our ancestors above it. This suite is often run
 * under the client, and `reset-circuit` looks for that among the ancestor processes. A first shell starts a second one and
 * is gone before that one runs the command.
 *
 * @param env the whole environment.
 */
export async function runDetached(
  command: string,
  { cwd, env, timeoutSeconds = 60 }: { cwd: string; env: Record<string, string>; timeoutSeconds?: number },
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'breakerbox-detached-'))
  try {
    // `$$` is the first shell in both of them; the exit code is renamed into place, so that a file which is there is whole
    const orphan = `(
      while kill -0 $$ 2>/dev/null; do sleep 0.02; done
      sh -c "$1" >"$0/stdout" 2>"$0/stderr" </dev/null
      echo $? >"$0/code.part"
      mv "$0/code.part" "$0/code"
    ) >/dev/null 2>&1 </dev/null &`
    const starter = spawn('sh', ['-c', orphan, folder, command], { cwd, env, stdio: 'ignore' })
    await new Promise((resolve, reject) => starter.on('error', reject).on('exit', resolve))
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    for (const end = performance.now() + timeoutSeconds * 1000; !existsSync(join(folder, 'code')); await sleep(50)) {
      if (performance.now() > end) throw new Error(`${command}: not done after ${timeoutSeconds} s\n${read('stderr')}`)
    }
    return { exitCode: Number(read('code')), stdout: read('stdout'), stderr: read('stderr') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
