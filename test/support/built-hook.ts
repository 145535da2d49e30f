import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from './bare-environment.ts'
import type { TempProject } from './temp-project.ts'

/** The project's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The executables that are built as hooks. */
export type HookName = 'circuit-breaker-gate' | 'circuit-breaker-monitor' | 'prompt-intake' | 'memory-janitor'
/** One that is registered on request, and knows nothing of circuits. */
type ReportingHook = 'pattern-tracker'
/** Bundles that start fast, as CommonJS. */
const commonJs: readonly string[] = [
  ...(['circuit-breaker-gate', 'circuit-breaker-monitor', 'prompt-intake', 'memory-janitor'] satisfies HookName[]),
  'pattern-tracker' satisfies ReportingHook,
  'hook-guard',
  'event-flusher',
  'status-line',
  'circuit-status',
]

/** The path of a built executable. */
export const built = (name: string): string => join(root, 'dist', `${name}${commonJs.includes(name) ? '.cjs' : '.mjs'}`)

/** What a finished process left. */
export interface Finished {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** From start to end, wall clock. */
  readonly milliseconds: number
}

/** The answer of a hook, as the client understands it. */
export interface HookAnswer {
  readonly continue?: boolean
  readonly stopReason?: string
  readonly systemMessage?: string
  readonly decision?: 'block'
  readonly reason?: string
  readonly hookSpecificOutput?: {
    readonly hookEventName: string
    readonly permissionDecision?: 'deny' | 'ask' | 'allow'
    readonly permissionDecisionReason?: string
    readonly additionalContext?: string
  }
}

export interface FinishedHook extends Finished {
  /** Stdout as JSON; undefined where the hook had nothing to say. */
  readonly answer: HookAnswer | undefined
}

export interface RunOptions {
  readonly project: TempProject
  readonly environment?: Readonly<Record<string, string>>
  readonly workingFolder?: string
  /** After this many seconds the process is killed. */
  readonly timeoutSeconds?: number
}

/** What a hook reads on stdin: an object is sent as JSON, text and bytes are sent as they are. */
export type HookInput = object | string | Uint8Array

/** Runs one of the built hooks directly. */
export function runHook(name: HookName | ReportingHook, input: HookInput, options: RunOptions): Promise<FinishedHook> {
  return run(process.execPath, [built(name)], options, input).then(withAnswer)
}

/** Runs a command as the settings register it, the way the client does: through a shell, in the project's folder. */
export function runHookCommand(command: string, input: HookInput, options: RunOptions): Promise<FinishedHook> {
  return runShell(command, input, options).then(withAnswer)
}

/** The same for what answers with any text. */
export function runShell(command: string, input: HookInput, options: RunOptions): Promise<Finished> {
  return run('sh', ['-c', command], options, input)
}

/** Runs one of the built commands for people, such as `circuit-status`. */
export function runCommand(name: string, words: readonly string[], options: RunOptions): Promise<Finished> {
  return run(process.execPath, [built(name), ...words], options)
}

/** Runs the status line, by the executable that the settings name or by the one for people, with what the client would write to it. */
export function runStatusLine(
  name: 'status-line' | 'circuit-status',
  input: HookInput,
  options: RunOptions,
  words: readonly string[] = name === 'status-line' ? [] : ['--statusline'],
): Promise<Finished> {
  return run(process.execPath, [built(name), ...words], options, input)
}

/** Runs any other file with Node. */
export function runFile(path: string, words: readonly string[], options: RunOptions): Promise<Finished> {
  return run(process.execPath, [path, ...words], options)
}

interface Registration {
  readonly matcher?: string
  readonly hooks: readonly { readonly type: string; readonly command: string }[]
}

/** The commands that the project's settings register for an event, in order; matchers are read as the client reads them. */
export function registeredCommands(project: TempProject, event: string, tool = ''): string[] {
  const file = project.path('.claude', 'settings.json')
  if (!existsSync(file)) return []
  const { hooks = {} } = JSON.parse(readFileSync(file, 'utf8')) as { hooks?: Record<string, Registration[]> }
  const matches = (matcher: string | undefined) =>
    matcher === undefined ||
    matcher === '' ||
    matcher === '*' ||
    (/^[\w|]+$/.test(matcher) ? matcher.split('|').includes(tool) : new RegExp(matcher).test(tool))
  return (hooks[event] ?? [])
    .filter((entry) => matches(entry.matcher))
    .flatMap((entry) => entry.hooks.map((hook) => hook.command))
}

/** Runs every command that is registered for the event in `input`, one after another, and gives back their answers. */
export async function fireEvent(
  project: TempProject,
  input: { readonly hook_event_name: string; readonly tool_name?: string },
  environment: Readonly<Record<string, string>> = {},
): Promise<FinishedHook[]> {
  const answers: FinishedHook[] = []
  for (const command of registeredCommands(project, input.hook_event_name, input.tool_name)) {
    answers.push(await runHookCommand(command, input, { project, environment }))
  }
  return answers
}

function withAnswer(finished: Finished): FinishedHook {
  return {
    ...finished,
    answer: finished.stdout.trim() === '' ? undefined : (JSON.parse(finished.stdout) as HookAnswer),
  }
}

function run(file: string, words: readonly string[], options: RunOptions, input?: HookInput): Promise<Finished> {
  const { project, timeoutSeconds = 20 } = options
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const child = spawn(file, words, {
      cwd: options.workingFolder ?? project.folder,
      env: bareEnvironment(project.home, { CLAUDE_PROJECT_DIR: project.folder, ...options.environment }),
      timeout: timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A hook may decide before it has read everything, and close its stdin.
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (exitCode, signal) => {
      resolve({
        exitCode,
        signal,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        milliseconds: performance.now() - startedAt,
      })
    })
    if (input === undefined) child.stdin.end()
    else child.stdin.end(typeof input === 'string' || input instanceof Uint8Array ? input : JSON.stringify(input))
  })
}
