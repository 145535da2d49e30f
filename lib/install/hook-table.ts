/**
 * The one table of what is registered with the client. Install, uninstall, `settings.example.json` and the tests all read
 * it; nobody else spells an event, a matcher or a command.
 */

/** Which settings file: the project's shared one, the project's private one, or the user's own. */
export type Scope = 'project' | 'local' | 'user'
export const scopes: readonly Scope[] = ['project', 'local', 'user']

export type HookExecutable = 'circuit-breaker-gate' | 'circuit-breaker-monitor' | 'prompt-intake' | 'memory-janitor'

/**
 * How an entry starts its executable. `node`: a plain Node command, which any shell understands. A shell fast path becomes
 * a further form here and in `commandForms`.
 */
export type CommandForm = 'node'

export interface HookRegistration {
  readonly event: string
  /** A regular expression over tool names, `*` for all; absent on events that are not about one tool. */
  readonly matcher?: string
  readonly executable: HookExecutable
  readonly form: CommandForm
  /** Seconds after which the client gives up on the hook. */
  readonly timeout: number
}

/** What a settings file holds for one registration. */
export interface SettingsEntry {
  readonly event: string
  readonly matcher?: string
  readonly hook: { readonly type: 'command'; readonly command: string; readonly timeout: number }
}

const monitor = (event: string, matcher?: string): HookRegistration => ({
  event,
  ...(matcher === undefined ? {} : { matcher }),
  executable: 'circuit-breaker-monitor',
  form: 'node',
  timeout: 10,
})

export const hookTable: readonly HookRegistration[] = [
  { event: 'SessionStart', executable: 'memory-janitor', form: 'node', timeout: 15 },
  { event: 'UserPromptSubmit', executable: 'prompt-intake', form: 'node', timeout: 10 },
  { event: 'PreToolUse', matcher: '*', executable: 'circuit-breaker-gate', form: 'node', timeout: 10 },
  monitor('PostToolUse', '*'),
  monitor('PostToolUseFailure', '*'),
  monitor('PostToolBatch'),
  monitor('SubagentStart'),
  monitor('SubagentStop'),
  monitor('Stop'),
  monitor('StopFailure'),
  monitor('SessionEnd'),
]

/** File names below the hooks folder, in the order of the table. */
export function hookFiles(table: readonly HookRegistration[] = hookTable): readonly string[] {
  return [...new Set(table.map(({ executable }) => `${executable}.mjs`))]
}

/**
 * The variable stands inside the quotes and the rest outside: quoted, a folder may hold spaces, quotes, `$` or any letter;
 * unquoted, such a hook is silently dead.
 */
const hooksFolder: Record<Scope, string> = {
  project: '"$CLAUDE_PROJECT_DIR"/.claude/hooks',
  local: '"$CLAUDE_PROJECT_DIR"/.claude/hooks',
  user: '"$HOME"/.claude/hooks',
}

const commandForms: Record<CommandForm, (file: string) => string> = {
  node: (file) => `node ${file}`,
}

/** The command string that the client runs for one registration. */
export function commandText(scope: Scope, { executable, form }: Pick<HookRegistration, 'executable' | 'form'>): string {
  return commandForms[form](`${hooksFolder[scope]}/${executable}.mjs`)
}

export function settingsEntries(scope: Scope, table: readonly HookRegistration[] = hookTable): SettingsEntry[] {
  return table.map((registration) => ({
    event: registration.event,
    ...(registration.matcher === undefined ? {} : { matcher: registration.matcher }),
    hook: { type: 'command', command: commandText(scope, registration), timeout: registration.timeout },
  }))
}

/**
 * Every command string that this or an older version registers in a settings file of that scope, whatever the event. An
 * entry is ours exactly when its command is one of these. A string that goes out of use stays in `retired`, or an update
 * would leave it behind.
 */
export function ownCommands(scope: Scope): ReadonlySet<string> {
  const executables = new Set(hookTable.map(({ executable }) => executable))
  const forms = Object.keys(commandForms) as CommandForm[]
  const current = [...executables].flatMap((executable) =>
    forms.map((form) => commandText(scope, { executable, form })),
  )
  return new Set([...current, ...retired[scope]])
}

/** Commands of older versions. */
const retired: Record<Scope, readonly string[]> = { project: [], local: [], user: [] }

/**
 * Rules that keep the model's file tools away from the state and the hooks. A path without a prefix is taken from the
 * session's working folder, `~/` from the home folder.
 */
export function denyRules(scope: Scope): readonly string[] {
  const root = scope === 'user' ? '~/' : ''
  const hooks = ['circuit-breaker-*', 'prompt-intake*', 'memory-janitor*']
  return ['Edit(.claude/memory/circuit_breaker_*)', ...hooks.map((name) => `Edit(${root}.claude/hooks/${name})`)]
}
