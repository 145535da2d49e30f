import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import {
  built,
  type FinishedHook,
  type HookInput,
  type HookName,
  runHook,
  runHookCommand,
} from '../support/built-hook.ts'
import * as payloads from '../support/payloads.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

const counter = fileURLToPath(new URL('programs/count-files.cjs', import.meta.url))

/** How often a process asked the file system for something. */
export interface FileCounts {
  /** Questions about a path: is it there, what is it. */
  readonly looks: number
  readonly lists: number
  /** Files opened for reading. */
  readonly reads: number
  /** Files opened for writing. */
  readonly writes: number
  readonly syncs: number
  readonly renames: number
  readonly folders: number
  readonly removals: number
}

export interface Watched extends FinishedHook {
  readonly counts: FileCounts
  /** Modules of Node that an empty program does not load. */
  readonly modules: readonly string[]
}

/** A project in which a session has begun and one call has run. */
export async function begunProject(): Promise<TempProject> {
  const project = createTempProject()
  onTestFinished(() => project.remove())
  const scene = { project }
  await runHook('memory-janitor', payloads.sessionStart(scene), { project })
  await runHook('prompt-intake', payloads.userPromptSubmit(scene, 'begin'), { project })
  await runHook('circuit-breaker-monitor', knownBatch(project), { project })
  // The first prompt took the config into account before there was one.
  await runHook('prompt-intake', payloads.userPromptSubmit(scene, 'go on'), { project })
  return project
}

const known = payloads.bashCall('ls', 'toolu_known')

/** The batch that every begun project has taken in. */
export const knownBatch = (project: TempProject) => payloads.postToolBatch({ project }, [[known, 'a file']])
export const knownCall = (project: TempProject, said = 'a file') =>
  payloads.postToolUse({ project }, known, payloads.bashResponse(said))

/** Lets a command fail until its circuit is open. */
export async function openCircuit(project: TempProject, command = 'make'): Promise<void> {
  const error = 'Exit code 1\nmake: no rule'
  for (const id of ['toolu_1', 'toolu_2', 'toolu_3']) {
    const call = payloads.bashCall(command, id)
    await runHook('circuit-breaker-monitor', payloads.postToolUseFailure({ project }, call, error), { project })
    await runHook('circuit-breaker-monitor', payloads.postToolBatch({ project }, [[call, error]]), { project })
  }
}

const sessionsFolder = (project: TempProject) => join(project.memory, 'circuit_breaker_sessions')

/** The one session file of a begun project. */
export function sessionFile(project: TempProject): string {
  return join(
    sessionsFolder(project),
    readdirSync(sessionsFolder(project)).find((name) => name.endsWith('.json')) ?? '',
  )
}

/** As if the session were at its 200th call, 299 others had been here, and the log had grown to 5 MB. */
export function ageProject(project: TempProject): void {
  const file = sessionFile(project)
  const memory = JSON.parse(readFileSync(file, 'utf8'))
  const [call] = memory.entries.filter((entry: { kind: string }) => entry.kind === 'call')
  const others = Array.from({ length: 199 }, (_, i) => ({
    ...call,
    id: `toolu_old_${i}`,
    fingerprint: `${i}`.padStart(16, '0'),
  }))
  const text = JSON.stringify({ ...memory, entries: [...others, call] }, null, 2)
  writeFileSync(file, text)
  for (let i = 0; i < 299; i += 1) {
    const session = `other-${i}`
    writeFileSync(join(sessionsFolder(project), `${session}.json`), text.replaceAll(memory.session, session))
  }
  const incident = { at: '2026-01-02T03:04:05.000Z', kind: 'warning', session: 'other-1', subject: 'Bash(make)' }
  writeFileSync(logFile(project), `${JSON.stringify(incident)}\n`.repeat(50_000))
}

/** A log with one line, which a project without incidents does not have. */
export function beginLog(project: TempProject): void {
  writeFileSync(logFile(project), `${JSON.stringify({ at: new Date().toISOString(), kind: 'warning' })}\n`)
}

const logFile = (project: TempProject) => join(project.memory, 'circuit_breaker_incidents.jsonl')

/** Copies the built hooks to where the settings look for them. */
export function placeHooks(project: TempProject): void {
  mkdirSync(project.path('.claude', 'hooks'), { recursive: true })
  for (const name of ['circuit-breaker-gate', 'circuit-breaker-monitor', 'prompt-intake', 'memory-janitor'])
    cpSync(built(name), project.path('.claude', 'hooks', `${name}.cjs`))
}

/** Runs a built hook and counts what it does. */
export async function watchHook(project: TempProject, name: HookName, input: HookInput): Promise<Watched> {
  const { counts, modules, ...finished } = await watchProgram(project, built(name), input)
  const usual = (await watchProgram(project, emptyProgram(project), '')).modules
  return { ...finished, counts, modules: modules.filter((module) => !usual.includes(module)) }
}

async function watchProgram(project: TempProject, program: string, input: HookInput): Promise<Watched> {
  const into = join(project.home, 'counts.json')
  const command = `exec node --require "${counter}" "${program}"`
  const finished = await runHookCommand(command, input, { project, environment: { COUNTS_TO: into } })
  return { ...finished, ...(JSON.parse(readFileSync(into, 'utf8')) as Pick<Watched, 'counts' | 'modules'>) }
}

function emptyProgram(project: TempProject): string {
  const path = join(project.home, 'empty.cjs')
  writeFileSync(path, '')
  return path
}
