import { absolute, canonicalInput } from './canonical.ts'
import { hash } from './hash.ts'
import { isRecord, textField } from './json.ts'
import { editors } from './outcome.ts'
import { redact } from './redact.ts'
import { clean } from './result.ts'
import { simpleCommands } from './shell-words.ts'
import { wordSet } from './word-set.ts'

/** One tool use, as the engine knows it: no contents, only what it is called and what it is compared by. */
export interface Call {
  /** `tool_use_id`. */
  readonly id: string
  /** `tool_name`. */
  readonly tool: string
  /** What a person would name it, redacted: `Bash(npm test)`, `Edit(src/a.ts)`, `mcp__github__search`. At most 120 characters. */
  readonly operation: string
  /** Fingerprint of the operation: the command, the file edited, else the same as `fingerprint`. */
  readonly operationKey: string
  /** Fingerprint of tool and canonical input. */
  readonly fingerprint: string
  /** Changes files, as far as its name and input tell. */
  readonly edits: boolean
  /** The simple commands of a Bash line, each as its words; empty for every other tool. */
  readonly programs: readonly (readonly string[])[]
  /** Does nothing but wait, or waits before it looks: `sleep 60`, `sleep 30 && tail log`. Seconds, 0 for none. */
  readonly waits: number
}

/** Tools that start a subagent; `Task` is the older name. */
export const isSpawn = (tool: string): boolean => tool === 'Agent' || tool === 'Task'

/**
 * What a tool use is.
 *
 * @param folder the working folder that relative paths start from, absolute.
 */
export function describeCall(id: string, name: string, input: unknown, folder?: string): Call {
  // kept in windows and circuits, whose texts are bounded
  const tool = name.length <= 200 ? name : `${name.slice(0, 100)}…${hash(name)}`
  const fingerprint = hash(`${tool} ${canonicalInput(input, folder)}`)
  const file = textField(input, 'file_path') ?? textField(input, 'notebook_path')
  const command = tool === 'Bash' ? textField(input, 'command') : undefined
  const path = file === undefined ? undefined : absolute(file, folder)
  const programs = command === undefined ? [] : simpleCommands(command)
  return {
    id,
    tool,
    // named only where something has to be said about it
    get operation() {
      return operationName(tool, input, command, path === undefined ? undefined : shortPath(path, folder))
    },
    operationKey: editors.has(tool) && path !== undefined ? hash(`${tool} ${path}`) : fingerprint,
    fingerprint,
    edits: editors.has(tool) || (command !== undefined && changesFiles(programs, command)),
    programs,
    waits: waitSeconds(programs),
  }
}

function operationName(tool: string, input: unknown, command: string | undefined, file: string | undefined): string {
  const name = clean(tool, 80)
  const subject = command ?? file ?? mainWord(input)
  if (subject === undefined || tool.startsWith('mcp__')) return name
  return `${clean(`${name}(${redact(subject)}`, 119)})`
}

const mainFields = wordSet('url query pattern path bash_id shell_id task_id skill description')

/** The one field that says what a call is about. */
function mainWord(input: unknown): string | undefined {
  if (!isRecord(input)) return undefined
  for (const field of mainFields) {
    const found = textField(input, field)
    if (found) return found
  }
  return undefined
}

const shortPath = (path: string, folder: string | undefined): string =>
  folder !== undefined && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path

const changers = wordSet('mv cp rm mkdir rmdir touch chmod chown ln patch tee dd truncate install')
const gitChanges = wordSet(
  'add am apply checkout cherry-pick clean commit merge mv pull push rebase reset restore revert rm stash switch',
)
const packageManagers = wordSet('npm pnpm yarn bun pip pip3 uv poetry cargo go gem bundle apt apt-get brew')
const packageChanges = wordSet('install i ci add remove uninstall update upgrade mod get sync link')

const optionsWithValue = wordSet('-C -c --prefix --cwd --filter --git-dir --work-tree')

/** The first word that is neither an option nor an option's value. */
const verbOf = (words: readonly string[]): string | undefined =>
  words.find((word, i) => !word.startsWith('-') && !optionsWithValue.has(words[i - 1] ?? ''))

/** Whether a shell line changes files, git's state or installed packages, read off its programs and redirections. */
function changesFiles(programs: readonly (readonly string[])[], command: string): boolean {
  if (/(?:^|[^0-9&<>=-])>{1,2}\s*(?!\/dev\/|&)[^\s&|;<>()]/.test(command)) return true
  return programs.some(([program, ...rest]) => {
    if (program === undefined) return false
    if (changers.has(program)) return true
    if (program === 'sed' || program === 'perl')
      return rest.some((word) => /^-[a-zA-Z]*i/.test(word) || word.startsWith('--in-place'))
    const verb = verbOf(rest)
    if (program === 'git') return verb !== undefined && gitChanges.has(verb)
    return packageManagers.has(program) && verb !== undefined && packageChanges.has(verb)
  })
}

/** Seconds that a command line sleeps, as far as it says so. */
function waitSeconds(programs: readonly (readonly string[])[]): number {
  let seconds = 0
  for (const [program, amount] of programs) {
    if (program !== 'sleep' || amount === undefined) continue
    const found = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(amount)
    if (found) seconds += Number(found[1]) * ({ m: 60, h: 3600, d: 86_400 }[found[2] ?? ''] ?? 1)
  }
  return seconds
}
