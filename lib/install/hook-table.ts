/**
 * The one table of what is registered with the client. Install, uninstall, `settings.example.json` and the tests all read
 * it; nobody else spells an event, a matcher or a command.
 */

import { depthVariable } from '../patterns/hook-recursion.ts'
import { namesWord } from '../resilience/names-word.ts'
import { lookEndName, lookName } from '../session/held-look.ts'
import { ownFileNames } from '../session/own-file-names.ts'
import { promptCommandNames } from '../session/prompt-command.ts'
import { firstPromptEnding, marksFolder, streakEnding } from '../session/session-marks.ts'
import { drainWord, failurePrefix, promptPrefix } from '../store/spool.ts'

/** Which settings file: the project's shared one, the project's private one, or the user's own. */
export type Scope = 'project' | 'local' | 'user'
export const scopes: readonly Scope[] = ['project', 'local', 'user']

export type HookExecutable =
  | 'circuit-breaker-gate'
  | 'circuit-breaker-monitor'
  | 'prompt-intake'
  | 'memory-janitor'
  | 'pattern-tracker'

/**
 * When an entry starts its executable.
 * - `always`: a plain Node command.
 * - `begun`: for the start of a session, but while the last one has found all well, nothing has changed since, and no other session of the
 *   project is running, which may have started this one.
 * - `armed`: only while the marker is there, that is while a circuit is not closed or a streak is one step from tripping.
 * - `prompted`: for a prompt, but for the first of a session whose start has found that nothing would have to be told with it: that
 *   one is put into the spool, unless it holds words that are meant for us.
 * - `waiting`: also when batches wait in the spool, and then in the background: a session ends, nothing has to be said.
 * - `resting`: the same, at the end of a turn, which in a run that nobody watches is soon the end of the session.
 * - `batch`: also when enough of them wait; else the input is put there.
 * - `troubled`: only while the model's API has failed and has not worked since.
 * - `left`: never; the input is left in the spool for the next prompt. Under `claude -p` the client ends with a turn that failed
 *   and takes its hooks along, and a Node that is still starting would be lost.
 * - `names`: like `always`, and no contents are to be reported.
 */
export type CommandForm =
  | 'always'
  | 'begun'
  | 'armed'
  | 'prompted'
  | 'waiting'
  | 'resting'
  | 'batch'
  | 'troubled'
  | 'left'
  | 'names'

export interface HookRegistration {
  readonly event: string
  /** A regular expression over tool names, `*` for all; absent on events that are not about one tool. */
  readonly matcher?: string
  readonly executable: HookExecutable
  readonly form: CommandForm
  /** Seconds after which the client gives up on the hook. */
  readonly timeout: number
  /** What the client shows a person while the hook runs. */
  readonly statusMessage?: string
}

/** What a settings file holds for one registration. */
export interface SettingsEntry {
  readonly event: string
  readonly matcher?: string
  readonly hook: {
    readonly type: 'command'
    readonly command: string
    readonly timeout: number
    readonly statusMessage?: string
  }
}

/** Tools that have to be counted before they run, and all others. */
export const counted = '^(?:Agent|Task|WebFetch|WebSearch|mcp__.*)$'
const uncounted = '^(?!(?:Agent|Task|WebFetch|WebSearch)$|mcp__)'

/**
 * Tools whose success has to be known before the batch ends: an edit, which the batch shows by its wording only, and an agent,
 * whose slot gets free. The success of all others stands in the batch, which follows before the next model request.
 */
const seenAtOnce = '^(?:Agent|Task|Edit|MultiEdit|Write|NotebookEdit)$'

const gate = (matcher: string, form: CommandForm): HookRegistration => ({
  event: 'PreToolUse',
  matcher,
  executable: 'circuit-breaker-gate',
  form,
  timeout: 10,
})

const monitor = (event: string, form: CommandForm = 'always', matcher?: string): HookRegistration => ({
  event,
  ...(matcher === undefined ? {} : { matcher }),
  executable: 'circuit-breaker-monitor',
  form,
  timeout: 10,
})

export const hookTable: readonly HookRegistration[] = [
  { event: 'SessionStart', executable: 'memory-janitor', form: 'begun', timeout: 15 },
  {
    event: 'UserPromptSubmit',
    executable: 'prompt-intake',
    form: 'prompted',
    // It waits for a minute at most while the model's API is overloaded.
    timeout: 75,
    statusMessage: 'Breakerbox: is the model API overloaded?',
  },
  gate(counted, 'always'),
  gate(uncounted, 'armed'),
  monitor('PostToolUse', 'armed', seenAtOnce),
  monitor('PostToolUseFailure', 'always', '*'),
  monitor('PostToolBatch', 'batch'),
  monitor('SubagentStart'),
  monitor('SubagentStop'),
  monitor('Stop', 'resting'),
  { event: 'Stop', executable: 'prompt-intake', form: 'troubled', timeout: 10 },
  { event: 'StopFailure', executable: 'prompt-intake', form: 'left', timeout: 10 },
  monitor('SessionEnd', 'waiting'),
]

/** What is registered besides where the person asks for tracking. */
export const trackingTable = (form: 'always' | 'names'): readonly HookRegistration[] => [
  { event: 'PostToolUse', matcher: '^(?:Write|Edit|MultiEdit)$', executable: 'pattern-tracker', form, timeout: 10 },
]

/**
 * What hooks load only when they need it: where the monitor finds a loop or has something to log, for a prompt that is one of our
 * commands, and where memory is above a limit.
 */
export const loadedParts: readonly string[] = [
  'circuit-breaker-reactions.cjs',
  'prompt-commands.cjs',
  'memory-work.cjs',
]

/**
 * File names below the hooks folder: what hooks load in every install, and they themselves in the order of the table. Install
 * writes them one by one, and a hook that starts meanwhile finds what it loads.
 */
export function hookFiles(table: readonly HookRegistration[] = hookTable): readonly string[] {
  return [...loadedParts, ...new Set(table.map(({ executable }) => `${executable}.cjs`))]
}

/**
 * The variable stands inside the quotes and the rest outside: quoted, a folder may hold spaces, quotes, `$` or any letter;
 * unquoted, such a hook is silently dead. Without the variable the current folder is the nearest guess.
 */
export const hooksFolder: Readonly<Record<Scope, string>> = {
  project: '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks',
  local: '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks',
  user: '"$HOME"/.claude/hooks',
}

/** The memory folder, for the shell. */
export const memoryFolder = '"${BREAKERBOX_MEMORY_DIR:-${CLAUDE_PROJECT_DIR:-.}/.claude/memory}"'
/** The same by its name here, and the marker in it. */
const memory = `m=${memoryFolder}`
const isArmed = '[ -e "$m/circuit_breaker_armed" ]'
const isTroubled = '[ -e "$m/circuit_breaker_llm_api" ]'
const spool = 's="$m/circuit_breaker_spool"'
/** There is none that a shell may write to. */
const noSpool = '[ ! -d "$s" ] || [ -L "$s" ] || [ -L "$m" ]'
/** How marks of a session are named. */
const sessionAndClient = '$CLAUDE_CODE_SESSION_ID-$CLAUDE_PID'

/**
 * The batch that is the so-manieth to wait starts Node in the background, which takes them in while the model thinks. More
 * would start Node less often and see a loop later: `npm run bench -- batches` shows both. With three, and the mark of a streak, a
 * loop of successes is stopped one call later at worst than by a Node for each batch. Calls that are rejected before they run show in
 * their batch only, where no mark helps: with three the model is told of them after three.
 */
const gathered = 3
/** Where a streak has begun each batch does, so that it makes little difference how many wait when a loop begins. */
const hasStreak = `[ -e "$m/${marksFolder}/$CLAUDE_CODE_SESSION_ID${streakEnding}" ]`
/** With so many waiting the background has not managed, or had something to say: Node takes them in before the run goes on. */
export const overdue = 2 * gathered

/** Whoever works in the foreground comes first, on whom a person waits. Not lower: what runs here holds the state's lock for a moment. */
const behindOthers = 'nice -n 5 '
/** Takes in what waits; a client that ends may end it, and then the next hook of the project does. */
const inBackground = (node: string): string => `${behindOthers}${node} ${drainWord} </dev/null >/dev/null 2>&1 &`
/**
 * The same once the client has sent the model's next request, which it is about to do: while the model thinks nobody is in the way. A
 * `sleep` that knows whole seconds only fails, and nothing is put off.
 */
const afterRequest = (node: string): string =>
  `{ sleep 0.05; exec ${behindOthers}${node} ${drainWord}; } </dev/null >/dev/null 2>&1 &`

const ifWaiting = (node: string): string =>
  `set -- "$s"/*.json "$s"/${promptPrefix}*; if [ -e "$1" ] || [ -e "$2" ]; then ${inBackground(node)} fi`

/**
 * Whether the last look around still holds for this session, and what its start has to leave then. `$1` and on: the JSON files of the
 * memory folder. Marks name the clients that run: of another one it may be nested in, or of its own, where it goes on after a `/clear`
 * or a compaction. The mark that it leaves is also the time of now. `:` would end the shell where its redirection fails.
 */
const beginsCalmly = [
  'calm() {',
  '[ -z "$BREAKERBOX_DEPTH$BREAKERBOX_CONFIG" ] && [ "$CLAUDE_CODE_SESSION_ID" ] && [ "$CLAUDE_PID" ] || return;',
  `! { ${noSpool} || [ -L "$k" ]; } || return;`,
  `read -r n <"$k/${lookName}" && [ $# -eq "$n" ] && [ ! -e "$m/circuit_breaker_sessions/$CLAUDE_CODE_SESSION_ID.json" ] || return;`,
  `for x in "$c" "$c"/settings*.json "$c/hooks" "$c"/hooks/* "$HOME/.claude/breakerbox.json"; do [ ! "$x" -nt "$k/${lookName}" ] || return; done;`,
  `for x in "$m"/*; do [ ! "$x" -nt "$k/${lookName}" ] || [ -d "$x" ] || return; done;`,
  'for x in "$k"/*-*[0-9]; do ! kill -0 "${x##*-}" || return; done;',
  `true >"$f" && [ "$k/${lookEndName}" -nt "$f" ] && [ ! "$k/${lookName}" -nt "$f" ] || return;`,
  `[ -z "$CLAUDE_ENV_FILE" ] || printf '\\nexport ${depthVariable}=1\\n' >>"$CLAUDE_ENV_FILE" || return;`,
  `true >"$f${firstPromptEnding}"; }`,
].join(' ')

/** Words of a prompt that Node has to read at once, as the client's JSON spells them. */
const meantForUs = ['"SUDO BYPASS"', ...promptCommandNames]

const putPrompt = `umask 077; set -C; { printf %s "$t" >"$s/${promptPrefix}$PPID-$$"; } 2>/dev/null`

/**
 * What the shell runs. Only builtins decide whether Node starts; where one of them fails, it starts, or the hook ends with 0.
 * A batch is written by one process, owner-only, never over a file that is there and never through a link; where it cannot
 * be opened Node gets it. Exit code 2 would block, and a failed redirection of `exec` ends with it: hence the braces.
 */
const commandForms: Record<CommandForm, (node: string) => string> = {
  always: (node) => node,
  names: (node) => `${node} ${namesWord}`,
  begun: (node) =>
    [
      memory,
      spool,
      'c="${CLAUDE_PROJECT_DIR:-.}/.claude"',
      `k="$m/${marksFolder}"`,
      `f="$k/${sessionAndClient}"`,
      'umask 077',
      'set -C',
      beginsCalmly,
      `calm "$m"/*.json 2>/dev/null || exec ${node}`,
    ].join('; '),
  armed: (node) => `${memory}; ! ${isArmed} || exec ${node}`,
  prompted: (node) =>
    [
      memory,
      spool,
      `f="$m/${marksFolder}/${sessionAndClient}${firstPromptEnding}"`,
      `set -- "$s"/${failurePrefix}*`,
      `{ [ -f "$f" ] && ! { ${isArmed} || ${isTroubled} || ${noSpool} || [ -e "$1" ]; } && rm "$f"; } 2>/dev/null || exec ${node}`,
      't=$(cat)',
      `case $t in ${meantForUs.map((words) => `*${words}*`).join('|')}) ;; *) ${putPrompt} && exit; esac`,
      `printf %s "$t" | ${node}`,
    ].join('; '),
  waiting: (node) => [memory, spool, `! ${isArmed} || exec ${node}`, ifWaiting(node)].join('; '),
  resting: (node) =>
    [
      memory,
      spool,
      `! ${isArmed} || exec ${node}`,
      '[ "$CLAUDE_CODE_SESSION_ATTENDED" != 0 ] || exit 0',
      ifWaiting(node),
    ].join('; '),
  troubled: (node) => `${memory}; ! ${isTroubled} || exec ${node}`,
  left: (node) =>
    [
      memory,
      spool,
      `! { ${noSpool}; } || exec ${node}`,
      'umask 077',
      'set -C',
      `{ exec cat; } >"$s/${failurePrefix}$PPID-$$"`,
      `exec ${node}`,
    ].join('; '),
  batch: (node) =>
    [
      memory,
      spool,
      'set -- "$s"/*.json',
      `! { ${isArmed} || ${noSpool} || [ $# -ge ${overdue - 1} ]; } || exec ${node}`,
      'umask 077',
      'set -C',
      `if ${hasStreak}; then ${inBackground(node)} elif [ $# -eq ${gathered - 1} ]; then ${afterRequest(node)} fi`,
      '{ exec cat; } >"$s/batch-$PPID-$$.json"',
      `exec ${node}`,
    ].join('; '),
}

/**
 * The command string that the client runs for one registration.
 *
 * @param shell whether there is a POSIX shell; without one every entry is the plain Node command.
 */
export function commandText(
  scope: Scope,
  { executable, form }: Pick<HookRegistration, 'executable' | 'form'>,
  shell = true,
): string {
  const folder = shell ? hooksFolder[scope] : plainHooksFolder[scope]
  return commandForms[shell || form === 'names' ? form : 'always'](`node ${folder}/${executable}.cjs`)
}

/** The same without what only a POSIX shell expands. Not run on Windows yet. */
export const plainHooksFolder: Record<Scope, string> = {
  project: '"$CLAUDE_PROJECT_DIR"/.claude/hooks',
  local: '"$CLAUDE_PROJECT_DIR"/.claude/hooks',
  user: '"$HOME"/.claude/hooks',
}

/** Whether commands of this system are run by a POSIX shell: everywhere but on Windows without one. */
export const hasPosixShell = (env: Readonly<Record<string, string | undefined>>): boolean =>
  env['OS'] !== 'Windows_NT' || env['MSYSTEM'] !== undefined || env['SHELL'] !== undefined

export function settingsEntries(
  scope: Scope,
  shell = true,
  table: readonly HookRegistration[] = hookTable,
): SettingsEntry[] {
  return table.map((registration) => settingsEntry(registration, commandText(scope, registration, shell)))
}

const settingsEntry = (
  { event, matcher, timeout, statusMessage }: HookRegistration,
  command: string,
): SettingsEntry => ({
  event,
  ...(matcher === undefined ? {} : { matcher }),
  hook: { type: 'command', command, timeout, ...(statusMessage === undefined ? {} : { statusMessage }) },
})

/**
 * Every command string that this or an older version registers in a settings file of that scope, whatever the event. An
 * entry is ours exactly when its command is one of these. A string that goes out of use stays in `retired`, or an update
 * would leave it behind.
 */
export function ownCommands(scope: Scope): ReadonlySet<string> {
  const executables = new Set([...hookTable, ...trackingTable('always')].map(({ executable }) => executable))
  const forms = Object.keys(commandForms) as CommandForm[]
  const current = [...executables].flatMap((executable) =>
    forms.flatMap((form) => [true, false].map((shell) => commandText(scope, { executable, form }, shell))),
  )
  return new Set([...current, ...retired(scope)])
}

/**
 * What the plugin registers. In a shell command its folder is a variable of the environment, which the client sets to whatever
 * the folder is called. Without a POSIX shell none of it runs, and nothing can be chosen there: such systems take `install`.
 */
export const pluginEntries = (): SettingsEntry[] =>
  hookTable.map((registration) => {
    const { event, executable, form } = registration
    const node = `node "\${CLAUDE_PLUGIN_ROOT}"/hooks/${executable}.cjs`
    // The marks by which a shell knows of sessions that run are those of installed copies.
    const command =
      form === 'always' || form === 'begun' ? `exec ${node}` : commandForms[form](node).replace(`${memory}; `, '')
    return settingsEntry(registration, `${memory}; ${stepAside(event)}; ${command}`)
  })

/**
 * Where an installed copy is at work in the same session, the plugin leaves everything to that: with both each call would be counted
 * once, at twice the cost. One of them works: the copy has left a mark for this session of this client by running
 * (`installed-mark.ts`), and its hooks still stand there. With each prompt the settings are asked too; where they no longer start
 * it, the mark goes.
 */
function stepAside(event: string): string {
  const mark = `f="$m/${marksFolder}/${sessionAndClient}"`
  const isWorking = `[ -e "$f" ] && { [ -e "$p/${copy}" ] || [ -e "$u/${copy}" ]; }`
  const settings = '"$p/settings.json" "$p/settings.local.json" "$u/settings.json"'
  const aside = event === 'UserPromptSubmit' ? `! grep -qs ${copy} ${settings} || exit 0; rm -f "$f"` : 'exit 0'
  return `p="\${CLAUDE_PROJECT_DIR:-.}/.claude"; u="$HOME/.claude"; ${mark}; if ${isWorking}; then ${aside}; fi`
}

/** The hook of an installed copy that every prompt starts. */
const copy = 'hooks/prompt-intake.cjs'

/**
 * Commands of older versions: until 0.1.0 what waited was taken in before a turn or a session ended, and then as urgently as all else.
 * Three batches gathered, whatever had happened; then the third was taken in at once.
 */
function retired(scope: Scope): readonly string[] {
  const node = `node ${hooksFolder[scope]}/circuit-breaker-monitor.cjs`
  const urgent = `${node} ${drainWord} </dev/null >/dev/null 2>&1 &`
  const behind = `nice -n 5 ${urgent}`
  const third = '[ $# -eq 2 ]'
  const streak = '[ -e "$m/circuit_breaker_marks/$CLAUDE_CODE_SESSION_ID.streak" ]'
  const batches = [`${third}; then ${urgent}`, `${third}; then ${behind}`, `${third} || ${streak}; then ${behind}`]
  return [
    `${memory}; ${spool}; set -- "$s"/*.json; ! { ${isArmed} || [ -e "$1" ]; } || exec ${node}`,
    `${memory}; ${spool}; ! ${isArmed} || exec ${node}; set -- "$s"/*.json; if [ -e "$1" ]; then ${urgent} fi`,
    ...batches.map((taken) =>
      [
        memory,
        spool,
        'set -- "$s"/*.json',
        `! { ${isArmed} || ${noSpool} || [ $# -ge 5 ]; } || exec ${node}`,
        'umask 077',
        'set -C',
        `if ${taken} fi`,
        '{ exec cat; } >"$s/batch-$PPID-$$.json"',
        `exec ${node}`,
      ].join('; '),
    ),
  ]
}

/**
 * Rules that keep the model's file tools away from the state and the hooks. A path without a prefix is taken from the
 * session's working folder, `~/` from the home folder.
 */
export function denyRules(scope: Scope): readonly string[] {
  const root = scope === 'user' ? '~/' : ''
  // Also where the part is not installed: hooks would load one that the model has put there. What guards hooks of others is theirs.
  const names = ownFileNames.filter((name) => name !== 'hook-guard')
  return ['Edit(.claude/memory/circuit_breaker_*)', ...names.map((name) => `Edit(${root}.claude/hooks/${name}*)`)]
}
