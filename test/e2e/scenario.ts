import { describe, onTestFinished } from 'vitest'
import { clientAncestors } from '../../lib/session/under-client.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { runCommand } from '../support/built-hook.ts'
import { type ClientOptions, type ClientRun, runClient } from '../support/client.ts'
import { type FakeModel, type Script, type Scripts, startFakeModel, type ToolResult } from '../support/fake-model.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

/** `describe` for tests that start the real client; skipped, with a message of the global set-up, where there is none. */
export const describeWithClient = describe.skipIf(process.env['CLAUDE_BIN'] === undefined)

/** What the failing command of these tests prints: one telling line, and a duration that differs from run to run. */
export const failure = 'AssertionError: expected 119 to equal 118.99'

/** One line of `circuit_breaker_incidents.jsonl`. */
export interface Incident {
  readonly at: string
  readonly kind: string
  readonly pattern?: string
  readonly subject?: string
  readonly session?: string
  readonly agent?: string
  readonly turn?: number
  readonly level?: number
  readonly cooldownSeconds?: number
}

/** `circuit_breaker_halt.json`. */
export interface Halt {
  readonly subject: string
  readonly pattern: string
  readonly denials: number
  readonly howToContinue: string
}

/** What `circuit-status --json` prints, as far as these tests look at it. */
export interface Status {
  readonly circuits: readonly {
    readonly pattern: string
    readonly subject: string
    readonly session?: string
    readonly agent?: string
    readonly state: string
    readonly level: number
    readonly cooldownRemainingSeconds: number
  }[]
}

/** A change of the default config; tables are merged, everything else is replaced. */
export interface ConfigChange {
  readonly [field: string]: unknown
}

/**
 * A first cooldown of a minute. Tests in which several refusals must follow one another use it: with the default of five
 * seconds a slow machine would reach the end of the cooldown in the middle, and the next call would be the probe.
 */
export const longCooldown: ConfigChange = {
  circuit_breakers: {
    tool_failure: { cooldown_base_seconds: 60 },
    repeated_call: { cooldown_base_seconds: 60 },
  },
}

/** Clients above this test run: it is itself often started by one, and the sessions that it starts lie that much deeper. */
export const clientsAbove = clientAncestors(nodeSystem()).length
const nestedAsAlone: ConfigChange = { circuit_breakers: { hook_recursion: { max_depth: clientsAbove + 3 } } }

/** A project with Breakerbox installed, in which `npm test` fails until there is a file `fixed`. */
export interface GuardedProject extends TempProject {
  /** How often `npm test` was really executed: the command itself keeps count. */
  executions(): number
  /** From now on `npm test` passes. */
  fix(): void
  incidents(kind?: string): Incident[]
  halt(): Halt | undefined
  status(): Promise<Status>
}

/**
 * Makes a project, installs Breakerbox into it with the real command, and removes everything after the test.
 *
 * @param installed false for a project that a plugin is to guard.
 */
export async function guardedProject(
  config: ConfigChange = {},
  { installed = true }: { readonly installed?: boolean } = {},
): Promise<GuardedProject> {
  const project = createTempProject()
  onTestFinished(() => project.remove())
  project.write('package.json', { name: 'shop', private: true, scripts: { test: 'node run-tests.mjs' } })
  // npm looks for a new version of itself now and then: a test must not wait for the network.
  project.write('.npmrc', 'update-notifier=false\naudit=false\nfund=false\n')
  project.write(
    'run-tests.mjs',
    `import { appendFileSync, existsSync } from 'node:fs'
appendFileSync('executions.log', 'run\\n')
const passes = existsSync('fixed')
console.log(passes ? '12 passing' : ${JSON.stringify(failure)})
console.log(\`Time: \${(Math.random() * 9).toFixed(3)} s\`)
process.exit(passes ? 0 : 1)
`,
  )
  if (installed) await install(project)
  configure(project, merged(nestedAsAlone, config))
  return {
    ...project,
    executions: () => (project.exists('executions.log') ? project.read('executions.log').trim().split('\n').length : 0),
    fix: () => project.write('fixed', ''),
    incidents: (kind) =>
      project
        .readJsonLines<Incident>('.claude/memory/circuit_breaker_incidents.jsonl')
        .filter((incident) => kind === undefined || incident.kind === kind),
    halt: () => project.readJson<Halt>('.claude/memory/circuit_breaker_halt.json'),
    async status() {
      const { stdout } = await runCommand('circuit-status', ['--json', '--project', project.folder], { project })
      return JSON.parse(stdout) as Status
    },
  }
}

/** Installs Breakerbox into a project with the real command. */
export async function install(project: TempProject): Promise<void> {
  const { exitCode, stderr } = await runCommand('breakerbox', ['install', '--project', project.folder], { project })
  if (exitCode !== 0) throw new Error(`breakerbox install failed (${exitCode}): ${stderr}`)
}

/**
 * Registers somebody else's hook, beside ours, as nobody has wrapped it.
 *
 * @param more the `matcher` of the entry, and the hook's own `timeout`, seconds.
 */
export function addHook(
  project: TempProject,
  event: string,
  command: string,
  { matcher, timeout = 10 }: { readonly matcher?: string; readonly timeout?: number } = {},
): void {
  const file = '.claude/settings.json'
  const settings = project.readJson<{ hooks?: Record<string, unknown[]> }>(file)
  const entry = { ...(matcher === undefined ? {} : { matcher }), hooks: [{ type: 'command', command, timeout }] }
  const hooks = { ...settings?.hooks, [event]: [...(settings?.hooks?.[event] ?? []), entry] }
  project.write(file, { ...settings, hooks })
}

function configure(project: TempProject, change: ConfigChange): void {
  const file = '.claude/memory/circuit_breaker_config.json'
  const current = project.readJson<ConfigChange>(file) ?? {}
  project.write(file, merged(current, change))
}

const isTable = (value: unknown): value is ConfigChange =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const merged = (current: ConfigChange, change: ConfigChange): ConfigChange => ({
  ...current,
  ...Object.fromEntries(
    Object.entries(change).map(([field, value]) => {
      const before = current[field]
      return [field, isTable(value) && isTable(before) ? merged(before, value) : value]
    }),
  ),
})

/** A model that is gone after the test. */
export async function scriptedModel(scripts: Scripts | Script): Promise<FakeModel> {
  const model = await startFakeModel(scripts)
  onTestFinished(() => model.close())
  return model
}

/** A finished run together with what its model saw. */
export interface Played extends ClientRun {
  readonly model: FakeModel
  /** How many answers the main model gave: more than the script's own length means that the last one was repeated. */
  readonly answers: number
  readonly results: readonly ToolResult[]
  /** The calls that we refused, as the model read them. */
  readonly refusals: readonly string[]
}

/** Plays a script through the real client, from one prompt to the end of the run. */
export async function play(
  project: TempProject,
  scripts: Scripts | Script,
  options: Partial<ClientOptions> = {},
): Promise<Played> {
  const model = await scriptedModel(scripts)
  const run = await runClient({ project, model, prompt: 'go', ...options })
  const results = model.toolResults()
  return {
    ...run,
    model,
    answers: model.requests.filter((request) => request.conversation === 'main').length,
    results,
    refusals: refusals(results),
  }
}

/** The calls that we refused, as the model read them. The client puts its own words in front, but not for file edits. */
export const refusals = (results: readonly ToolResult[]): string[] =>
  results
    .filter((result) => result.isError)
    .map((result) => result.text)
    .filter((text) => /^(?:PreToolUse:\S+ hook error: )?\[circuit_breaker\] /.test(text))

/** Whether one of our hooks added something to what the model reads with this result. */
export const hasAdvice = (result: ToolResult | undefined): boolean =>
  /hook additional context: \[circuit_breaker\] /.test(result?.text ?? '')
