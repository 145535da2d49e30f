import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hookId, hookKey } from '../../lib/guard/hook-key.ts'
import type { HookClass, HookRecord, HookState } from '../../lib/guard/hook-state.ts'
import { type GuardedHook, type HookStates, hookStates } from '../../lib/guard/hook-states.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { root } from '../support/built-hook.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

/** Who runs the guarded hook: the shell front under one of the shells that `sh` may be, or the guard in Node. */
export type Front = 'dash' | 'bash' | 'busybox' | 'node'

export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly milliseconds: number
  /** Of the front; one that ends in `00` goes to Node whatever the state says. */
  readonly pid: number
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly class?: HookClass
  /** The time-out of the hook; 20 by default. */
  readonly seconds?: number
  readonly environment?: Readonly<Record<string, string>>
  /** Without these. */
  readonly unset?: readonly string[]
  /** The event that is named because the hook's blocks are counted on it. */
  readonly event?: string
  /** More words for `node`, such as `--cooldown 5`. */
  readonly options?: readonly string[]
  readonly workingFolder?: string
  /** Gets the process as soon as it has started. */
  readonly onStart?: (pid: number) => void
}

export interface GuardedHome extends TempProject {
  readonly states: HookStates
  readonly system: System
  hook(command: string, more?: Partial<GuardedHook['limits']>): GuardedHook
  /** The command line of a front. */
  words(front: Front, command: string, options?: RunOptions): [string, ...string[]]
  run(front: Front, command: string, options?: RunOptions): Promise<Ran>
  /** The client's way: no guard at all. */
  bare(command: string, options?: RunOptions): Promise<Ran>
  /** Lets the shell front run this hook alone from now on. */
  warm(command: string): Promise<void>
  isReady(command: string): boolean
  state(): HookState
  record(command: string): HookRecord
  /** Writes the user's config for guarded hooks. */
  configure(config: object): void
  /** Lets time pass for all that the state remembers. */
  passTime(seconds: number): void
  /** Files of the guard that nobody needs any more: locks and half-written documents. */
  leftovers(): string[]
}

/** The limits that hold where nobody has set any. */
export const usualLimits = { failure_threshold: 3, cooldown_seconds: 300, success_threshold: 2, timeout_seconds: 30 }

export function guardedHome(environment: Readonly<Record<string, string>> = {}): GuardedHome {
  const project = createTempProject()
  const system: System = { ...nodeSystem(), env: environment, homeFolder: project.home }
  // What a test asks for itself waits as long as it takes, however many other runs keep the machine busy.
  const states = hookStates(system, { waitMilliseconds: 30_000 })
  const folder = join(states.path, '..')
  const idOf = (command: string): string => hookId(hookKey(command))
  const state = (): HookState => JSON.parse(readFileSync(states.path, 'utf8')) as HookState

  const start = (file: string, words: readonly string[], options: RunOptions): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now()
      const env = bareEnvironment(project.home, {
        CLAUDE_PROJECT_DIR: project.folder,
        ...environment,
        ...options.environment,
      })
      for (const name of options.unset ?? []) delete env[name]
      const child = spawn(file, words, { cwd: options.workingFolder ?? project.folder, env })
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
      child.stdin.on('error', () => {})
      child.on('error', reject)
      const pid = child.pid ?? 0
      child.on('close', (code, signal) =>
        resolve({
          code,
          signal,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr),
          milliseconds: performance.now() - startedAt,
          pid,
        }),
      )
      child.stdin.end(options.input ?? '')
      options.onStart?.(pid)
    })

  const words = (front: Front, command: string, options: RunOptions = {}): [string, ...string[]] => {
    const { class: hookClass = 'convenience', seconds = 20, event } = options
    if (front === 'node') {
      const before = ['--class', hookClass, '--timeout', String(seconds), ...(options.options ?? [])]
      if (event !== undefined) before.push('--event', event)
      return [process.execPath, join(root, 'dist', 'hook-guard.cjs'), ...before, '--shell', command]
    }
    const after = [join(root, 'dist', 'hook-guard.sh'), idOf(command), String(seconds), hookClass, command]
    if (event !== undefined) after.push(event)
    return front === 'busybox' ? ['busybox', 'sh', ...after] : [front, ...after]
  }

  return {
    ...project,
    system,
    states,
    hook: (command, more = {}) => ({ command, class: 'convenience', limits: { ...usualLimits, ...more } }),
    words,
    run(front, command, options = {}) {
      const [file, ...others] = words(front, command, options)
      return start(file, others, options)
    },
    bare: (command, options = {}) => start('/bin/sh', ['-c', command], options),
    async warm(command) {
      await states.recordSuccess(this.hook(command))
      if (!this.isReady(command)) throw new Error(`the shell may not run ${command} alone`)
    },
    isReady: (command) => existsSync(join(folder, 'hook_runs', `${idOf(command)}.ready`)),
    state,
    record(command) {
      const record = state().hooks[hookKey(command)]
      if (record === undefined) throw new Error(`nothing is known of ${command}`)
      return record
    },
    configure(config) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'breakerbox.json'), JSON.stringify({ hook_guard: config }))
    },
    passTime(seconds) {
      const text = readFileSync(states.path, 'utf8')
      const earlier = text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) =>
        new Date(Date.parse(at) - seconds * 1000).toISOString(),
      )
      writeFileSync(`${states.path}.moved`, earlier)
      renameSync(`${states.path}.moved`, states.path)
    },
    leftovers: () =>
      readdirSync(folder).filter((name) => !/^(hook_state\.json|hook_runs|breakerbox\.json)$/.test(name)),
  }
}
