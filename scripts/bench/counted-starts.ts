import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { bareEnvironment } from '../../test/support/bare-environment.ts'
import type { TempProject } from '../../test/support/temp-project.ts'

/** Programs that hooks start by name. A new one in a registered command belongs here, or it is not counted. */
const programs = ['node', 'python3', 'cat', 'grep', 'mv', 'rm', 'mkdir', 'nice', 'sleep']
/** Until what a session leaves in the background has started and ended, milliseconds. */
export const settling = 400

type Registrations = Record<string, { hooks: { command: string }[] }[]>

/**
 * How many programs are started while `work` runs: each shell of a registered hook, which tells so itself, and what is
 * started by name, which goes through a line of shell that counts. An exact count, where the kernel's own would count
 * threads too; it makes everything slower, so nothing is timed meanwhile.
 *
 * @param work runs in the given environment.
 */
export async function countStarts(
  project: TempProject,
  work: (environment: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<number> {
  const counted = join(project.home, 'starts')
  const folder = join(project.home, 'counting')
  const path = bareEnvironment(project.home)['PATH'] ?? ''
  mkdirSync(folder)
  for (const program of programs) {
    const real = path
      .split(delimiter)
      .map((part) => join(part, program))
      .find((file) => existsSync(file))
    if (real === undefined) continue
    writeFileSync(join(folder, program), `#!/bin/sh\necho ${program} >>'${counted}'\nexec '${real}' "$@"\n`)
    chmodSync(join(folder, program), 0o755)
  }
  countShells(project, counted)
  writeFileSync(counted, '')
  await work({ PATH: [folder, path].join(delimiter) })
  await setTimeout(settling)
  return readFileSync(counted, 'utf8').split('\n').length - 1
}

function countShells(project: TempProject, counted: string): void {
  const settings = project.readJson<{ hooks: Registrations }>('.claude/settings.json')
  if (settings === undefined) return
  for (const hook of Object.values(settings.hooks).flatMap((entries) => entries.flatMap(({ hooks }) => hooks))) {
    hook.command = `echo sh >>'${counted}'; ${hook.command}`
  }
  project.write('.claude/settings.json', settings)
}
