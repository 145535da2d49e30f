import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { DoctorReport } from '../../lib/doctor/doctor-text.ts'
import type { Finding } from '../../lib/doctor/finding.ts'
import { type Ended, runDetached } from '../papers/detached.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { built } from '../support/built-hook.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

/** A project on which the built commands are run as a person types them, from a terminal that no client has started. */
export interface Installed {
  readonly project: TempProject
  /** Set for every command from here on. */
  readonly env: Record<string, string>
  /** Runs a line of the shell in the project's folder, or another one. */
  run(line: string, folder?: string): Promise<Ended>
  /** `breakerbox doctor --json`, its exit code held against its findings. */
  doctor(words?: string, folder?: string): Promise<DoctorReport>
  /** Puts a program on the search path, before all others. */
  program(name: string, script: string): void
}

/** @param install words behind `install`; null installs nothing. */
export async function installed(install: string | null = '', name?: string): Promise<Installed> {
  const project = createTempProject(name)
  onTestFinished(project.remove)
  const bin = join(project.home, 'bin')
  const bare = bareEnvironment(project.home)
  const env: Record<string, string> = { ...bare, PATH: [bin, bare['PATH']].join(delimiter) }
  const program = (command: string, script: string): void => {
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, command), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, command), 0o755)
  }
  for (const command of ['breakerbox', 'circuit-status', 'reset-circuit', 'hook-health'])
    program(command, `exec "${process.execPath}" "${built(command)}" "$@"`)
  const run = (line: string, folder = project.folder) => runDetached(line, { cwd: folder, env })
  const bench: Installed = {
    project,
    env,
    run,
    program,
    async doctor(words = '', folder = project.folder) {
      const { exitCode, stdout, stderr } = await run(`breakerbox doctor --json ${words}`, folder)
      expect(stderr).toBe('')
      const report = JSON.parse(stdout) as DoctorReport
      expect(exitCode).toBe(report.findings.some(({ level }) => level === 'problem') ? 1 : 0)
      expect(report.healthy).toBe(exitCode === 0)
      return report
    },
  }
  if (install !== null) expect(await run(`breakerbox install ${install}`)).toMatchObject({ exitCode: 0, stderr: '' })
  return bench
}

/** What is odd in a report, as `level id`. */
export const odd = ({ findings }: DoctorReport): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, id }) => `${level} ${id}`)

export const findingOf = ({ findings }: DoctorReport, id: Finding['id']): Finding => {
  const found = findings.find((finding) => finding.id === id)
  if (found === undefined) throw new Error(`there is no ${id} in ${JSON.stringify(findings.map((each) => each.id))}`)
  return found
}

/** Everything below a folder, to the byte and the nanosecond. */
export function everything(folder: string): Record<string, string> {
  const entries: Record<string, string> = {}
  const walk = (path: string): void => {
    const stats = lstatSync(path, { bigint: true })
    const what = stats.isSymbolicLink()
      ? `link to ${readlinkSync(path)}`
      : stats.isFile()
        ? (open(() => createHash('sha256').update(readFileSync(path)).digest('hex')) ?? 'closed')
        : stats.isDirectory()
          ? 'folder'
          : 'other'
    entries[path] = `${stats.ino} ${stats.mode.toString(8)} ${stats.uid} ${stats.mtimeNs} ${stats.ctimeNs} ${what}`
    if (stats.isDirectory()) for (const name of open(() => readdirSync(path)) ?? []) walk(join(path, name))
  }
  walk(folder)
  return entries
}

/** Undefined where rights are missing, as some tests have it. */
function open<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined
    throw error
  }
}

/** Project and home. */
export const worldOf = ({ project }: Installed): string => dirname(project.folder)

/** Makes a path so many seconds old; a negative number makes it younger than now. */
export function age(path: string, seconds: number): void {
  const at = Date.now() / 1000 - seconds
  utimesSync(path, at, at)
}
