import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, hostname } from 'node:os'
import { nodeFiles } from './node-files.ts'
import { nodeProcesses } from './node-processes.ts'
import type { Processes, System } from './system.ts'

/** The real thing. */
export const nodeSystem = (): System => systemWith(nodeProcesses)

/** The same for executables that never ask who started them: what that takes stays out of their bundles. */
export const nodeSystemWithoutAncestors = (): System =>
  systemWith({
    pid: process.pid,
    ancestors() {
      throw new Error('this executable was built without the list of processes')
    },
  })

/** Host, working folder and home are looked up when asked for: most hooks need none of them. */
function systemWith(processes: Processes): System {
  return {
    clock: Date.now,
    files: nodeFiles,
    processes,
    env: process.env,
    get host() {
      return hostname()
    },
    get workingFolder() {
      try {
        return process.cwd()
      } catch {
        // The folder was deleted under us; the shell still knows what it was called.
        return process.env['PWD'] || '/'
      }
    },
    get homeFolder() {
      return process.env['HOME'] || process.env['USERPROFILE'] || homedir()
    },
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    // From the real place of the executable: it may have been started through a link.
    loadPart: (name) => createRequire(realpathSync(process.argv[1] ?? '.'))(`./${name}.cjs`),
    // Names of temporary files need to differ, not to be secret: every one of them is created exclusively.
    token: () =>
      Math.floor(Math.random() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0'),
  }
}
