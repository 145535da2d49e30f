import { dirname, join } from 'node:path'
import { clean } from '../calls/result.ts'
import { pluginEntries } from '../install/hook-table.ts'
import { placeOf } from '../install/place.ts'
import { counted } from '../status/quantities.ts'
import type { Ran, Scratch } from '../system/machine.ts'
import { fine, type Mend, note, problem, type Told } from './finding.ts'
import { hookEnvironment, shell } from './hook-environment.ts'
import { isOursWithParts } from './hook-files.ts'
import { type Check, editCommand, type Look } from './look.ts'
import { installCommand, reinstall, usedScopes } from './reinstall.ts'
import type { RegisteredHook } from './settings-sources.ts'
import { prepareTrial, type Trial, trialsOf } from './trials.ts'

/** Milliseconds for one run: a machine that is busy starts Node slowly, and a dead hook ends at once. */
const patience = 15_000
/** Runs at the same time. */
const abreast = 3

/**
 * Runs every registered command of ours as the client does, with a sample input, in a scratch folder that stands in for the
 * project and the home. A hook that fails open says nothing, so only this shows that one is dead. Run is only what is, byte for
 * byte, a file that this command installs, with nothing else beside it that it would load, by a command that starts nothing else.
 */
export const hookAnswers: Check = {
  id: 'answers',
  group: 'Hooks',
  async examine(look) {
    const ours = distinct(look.hooks.filter(({ executable }) => executable !== undefined))
    if (ours.length === 0) return [fine('answers', 'no command to try')]
    if (look.quick) return [fine('answers', `${counted(ours.length, 'command')}, none was tried`)]
    if (look.machine.platform === 'win32') return [note('hook-untested', 'commands are not tried on this system')]
    const fit = ours.map((hook) => ({ hook, file: fileOf(look, hook) }))
    const trusted = fit.filter(({ file }) => file !== undefined && isOursWithParts(look, file)).map(({ hook }) => hook)
    const { failures, count } = await tryAll(look, trusted)
    const untried = fit.filter(({ hook, file }) => !trusted.includes(hook) && !isToldElsewhere(hook, file))
    const odd = [...failuresTold(look, failures), ...untriedTold(untried.map(({ hook }) => hook))]
    if (odd.length > 0) return odd
    if (count === 0) return [fine('answers', 'nothing was tried: see the files')]
    return [
      fine(
        'answers',
        `${counted(trusted.length, 'command')} did what they should with ${counted(count, 'sample input')}`,
      ),
    ]
  },
}

const distinct = (hooks: readonly RegisteredHook[]): RegisteredHook[] =>
  hooks.filter((hook, i) => hooks.findIndex((other) => sameRun(hook, other)) === i)

const sameRun = (a: RegisteredHook, b: RegisteredHook): boolean =>
  a.event === b.event &&
  a.matcher === b.matcher &&
  a.command === b.command &&
  JSON.stringify(a.args) === JSON.stringify(b.args) &&
  a.source.plugin?.root === b.source.plugin?.root

/** A missing, changed or older file of an entry that install wrote is a finding of another check. */
const isToldElsewhere = (hook: RegisteredHook, file: string | undefined): boolean => hook.isOwn && file !== undefined

/**
 * The file that a command starts; undefined where that cannot be told, or where it starts something besides. Of an entry written by
 * hand only `node FILE` is understood, the file one word of the shell: it may come with a cloned repository. A plugin is what the
 * user had the client install.
 */
export function fileOf(
  { system, project }: Pick<Look, 'system' | 'project'>,
  hook: RegisteredHook,
): string | undefined {
  const { project: folder } = project.paths
  const { source, executable, command, args } = hook
  if (hook.isOwn && (source.kind === 'project' || source.kind === 'local' || source.kind === 'user'))
    return join(placeOf(system, source.kind, folder).hooks, `${executable}.cjs`)
  if (source.plugin !== undefined) {
    const isKnown = args === undefined && pluginEntries().some(({ hook: entry }) => entry.command === command)
    return isKnown ? join(source.plugin.root, 'hooks', `${executable}.cjs`) : undefined
  }
  if (args !== undefined) {
    const [word = ''] = args
    const isPlain = command === 'node' && args.length === 1 && !/\$(?!\{CLAUDE_PROJECT_DIR\})/.test(word)
    const path = inPlace(word, folder)
    return isPlain && path.startsWith('/') ? path : undefined
  }
  const word = startsOne.exec(command.trim())?.[1]
  if (word === undefined) return undefined
  const places: Readonly<Record<string, string>> = { CLAUDE_PROJECT_DIR: folder, HOME: system.homeFolder }
  const path = word
    .replace(/["']/g, '')
    .replace(named, (_all, bare: string | undefined, braced: string | undefined) => places[bare ?? braced ?? ''] ?? '')
    .replace(/^~(?=\/)/, () => system.homeFolder)
  return path.startsWith('/') ? path : undefined
}

/** The source of an expression for the variables that are known here. @param group how the parenthesis around a name opens. */
function variable(group: '(' | '(?:'): string {
  const name = `${group}CLAUDE_PROJECT_DIR|HOME)`
  return String.raw`\$(?:${name}(?!\w)|\{${name}(?::-[^{}"'$\`()\\]*)?\})`
}
const named = new RegExp(variable('('), 'g')
const known = variable('(?:')
/**
 * `node FILE`, the file one word in which nothing is left to the shell but its quotes and the variables above: what a shell would
 * make of a pattern, of braces or of quotes within quotes is another file than the one that was looked at.
 */
const startsOne = new RegExp(
  String.raw`^(?:exec +)?node +((?:~(?=/))?(?!-)(?:"(?:${known}|[^"'\`$\\])*"|'[^'"$]*'|${known}|[^\s"'\`;&|<>()\\#$*?[\]{}~!])+)$`,
)

interface Failure {
  readonly hook: RegisteredHook
  readonly trial: Trial
  readonly cause: string
}

async function tryAll(look: Look, hooks: readonly RegisteredHook[]): Promise<{ failures: Failure[]; count: number }> {
  const runs = hooks.flatMap((hook) =>
    trialsOf(hook.event, hook.matcher, hook.executable ?? 'prompt-intake').map((trial) => ({ hook, trial })),
  )
  if (runs.length === 0) return { failures: [], count: 0 }
  const scratch = look.machine.scratch()
  try {
    const stage = setStage(look, scratch, hooks)
    const failures: Failure[] = []
    for (let i = 0; i < runs.length; i += abreast) {
      const some = runs.slice(i, i + abreast)
      const causes = await Promise.all(
        some.map((run, j) => tryOne(look, stage, join(scratch.folder, `memory-${i + j}`), run)),
      )
      failures.push(...some.flatMap((run, j) => (causes[j] === undefined ? [] : [{ ...run, cause: causes[j] }])))
    }
    return { failures, count: runs.length }
  } finally {
    scratch.remove()
  }
}

interface Stage {
  readonly project: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Stand-ins for project and home, at their own paths below the scratch folder: a quoting that breaks on a blank or an apostrophe
 * breaks here too. Their hooks folders, and those of files that are started, are the real ones; nothing else of theirs is there, so
 * no config names a service.
 */
function setStage(look: Look, scratch: Scratch, hooks: readonly RegisteredHook[]): Stage {
  const { system, project } = look
  const standIn = (path: string): string => join(scratch.folder, path)
  const folders = [...new Set([project.paths.project, system.homeFolder])]
  for (const folder of folders) system.files.makeFolders(standIn(folder))
  const started = hooks.flatMap((hook) => fileOf(look, hook) ?? []).map((file) => dirname(file))
  for (const folder of new Set([...folders.map((each) => join(each, '.claude', 'hooks')), ...started])) {
    const isThere = system.files.facts(folder) !== undefined
    if (isThere && system.files.facts(standIn(folder)) === undefined) scratch.link(folder, standIn(folder))
  }
  const home = standIn(system.homeFolder)
  return {
    project: standIn(project.paths.project),
    env: {
      ...hookEnvironment(look),
      HOME: home,
      USERPROFILE: home,
      CLAUDE_PROJECT_DIR: standIn(project.paths.project),
    },
  }
}

/** @returns what is wrong with what it did; undefined where it did right. */
async function tryOne(
  { system, machine }: Look,
  { project, env }: Stage,
  memory: string,
  { hook, trial }: { readonly hook: RegisteredHook; readonly trial: Trial },
): Promise<string | undefined> {
  const { files } = system
  prepareTrial(trial, files, memory)
  const root = hook.source.plugin?.root
  const words = hook.args?.map((word) => inPlace(word, project))
  const ran = await machine.run(words === undefined ? shell : hook.command, words ?? ['-c', hook.command], {
    folder: project,
    env: { ...env, BREAKERBOX_MEMORY_DIR: memory, ...(root === undefined ? {} : { CLAUDE_PLUGIN_ROOT: root }) },
    input: JSON.stringify({ ...trial.input, cwd: project }),
    timeoutMs: patience,
  })
  return endOf(ran) ?? causeOf(trial.verdict({ files, memory, stdout: ran.stdout }), ran)
}

/** Where no shell does, the client itself fills in the folder. */
const inPlace = (word: string, project: string): string => word.replaceAll('${CLAUDE_PROJECT_DIR}', project)

function endOf({ code, stderr, timedOut }: Ran): string | undefined {
  if (timedOut) return `no end within ${patience / 1000} s`
  if (code === 0) return undefined
  return `exit code ${code ?? 'unknown'}${tellingLine(stderr)}`
}

const causeOf = (verdict: string | undefined, { stderr }: Ran): string | undefined =>
  verdict === undefined ? undefined : `${verdict}${tellingLine(stderr)}`

/** Of a Node that could not even load its file the first line says where, and a later one what. */
function tellingLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((each) => /^\w*Error\b|not found|denied/.test(each)) ?? lines[0]
  // Shells differ in how they say where they are.
  const plain = line?.replace(/^\S*\bsh: (?:(?:line )?\d+: )?(?:exec: )?/, 'sh: ')
  return plain === undefined ? '' : `: ${clean(plain, 160)}`
}

/** One finding for all that fail for the same reason. */
function failuresTold(look: Look, failures: readonly Failure[]): Told[] {
  const causes = [...new Set(failures.map(({ cause }) => cause))]
  return causes.map((cause) => {
    const here = failures.filter((failure) => failure.cause === cause)
    const commands = distinct(here.map(({ hook }) => hook))
    const title = `${counted(commands.length, 'command')} ${commands.length === 1 ? 'does' : 'do'} not work: ${cause}`
    const detail = here.map(({ hook, trial }) => `${placeOfHook(hook)}: asked ${trial.asked}`)
    return problem('hook-dead', title, { detail, ...mendOf(look, commands) })
  })
}

function mendOf(look: Look, hooks: readonly RegisteredHook[]): { command?: string; mend?: Mend } {
  const written = hooks.find(({ isOwn, source }) => !isOwn && source.plugin === undefined)
  if (written !== undefined) return { command: editCommand(look, written.source.path) }
  const plugin = hooks.find(({ source }) => source.plugin !== undefined)?.source.plugin
  if (plugin !== undefined) return { command: `claude plugin update ${plugin.id}` }
  const scope = usedScopes(look).find((each) => hooks.some(({ source }) => source.kind === each))
  return scope === undefined ? {} : { command: installCommand(look, scope), mend: reinstall(look, scope) }
}

function untriedTold(hooks: readonly RegisteredHook[]): Told[] {
  if (hooks.length === 0) return []
  const title = `${counted(hooks.length, 'command')} ${hooks.length === 1 ? 'was' : 'were'} not tried`
  const detail = [
    ...hooks.map((hook) => `${placeOfHook(hook)}: ${clean(hook.command, 160)}`),
    'Only a file that is exactly what this version installs is ever run, by a command that runs nothing else.',
  ]
  return [note('hook-untested', title, { detail })]
}

const placeOfHook = ({ event, matcher, executable, source }: RegisteredHook): string =>
  `${event}${matcher === '' ? '' : ` ${clean(matcher, 60)}`} ${executable} (${source.kind})`
