import { dirname, join } from 'node:path'
import { clean } from '../calls/result.ts'
import { foldersAbove } from '../config/paths.ts'
import { commandText, type HookRegistration, hookTable, type Scope, scopes } from '../install/hook-table.ts'
import { counted } from '../status/quantities.ts'
import type { Files } from '../system/system.ts'
import { fine, note, problem, type Told } from './finding.ts'
import { type Check, editCommand, hasMemory, type Look, ownCommand } from './look.ts'
import { installCommand, reinstall, usedScopes } from './reinstall.ts'
import { enabledPlugins, hooksIn, type RegisteredHook, type SourceKind, settingsSources } from './settings-sources.ts'

/** Whether every hook of the table is registered, once, where a client that is started here looks. */
export const registration: Check = {
  id: 'registration',
  group: 'Hooks',
  examine(look) {
    const ours = look.hooks.filter(({ executable }) => executable !== undefined)
    if (ours.length === 0) return nowhere(look)
    const odd = [...missing(look, ours), ...byHand(look, ours), ...twice(look, ours), ...lostPlugins(look)]
    const where = [...new Set(ours.map(({ source }) => nameOf(source.kind)))].join(', ')
    return odd.length > 0 ? odd : [fine('registration', `${counted(hookTable.length, 'entry', 'entries')} in ${where}`)]
  },
}

const nameOf = (kind: SourceKind): string => (kind === 'plugin' ? 'the plugin' : `the ${kind} settings`)

function nowhere(look: Look): Told[] {
  const { sources } = look
  const lost = lostPlugins(look)
  if (lost.length > 0) return lost
  if (sources.some(({ kind, cause }) => cause !== undefined && kind !== 'managed')) {
    return [note('settings-not-looked-at', 'what is registered is not known while a settings file cannot be read')]
  }
  return (
    notHere(look) ?? [
      problem('not-installed', 'no hook is registered for a client that is started here', {
        ...(hasMemory(look)
          ? { detail: ['There is a memory folder: it was installed once, or hooks of another scope have run.'] }
          : {}),
        command: ownCommand(look, 'install'),
      }),
    ]
  )
}

/** The client reads the settings of the folder it is started in, and of no folder above. */
function notHere(look: Look): Told[] | undefined {
  const { system, project } = look
  const { project: folder } = project.paths
  const home = system.homeFolder
  const has = (other: string): boolean => other !== home && hooksIn(settingsSources(system, other)).some(isOfProject)
  const above = foldersAbove(folder).find(has)
  if (above !== undefined) {
    const title = `a client that is started here loads no hooks: they are in ${above}`
    const detail = [`Start Claude Code in ${above}, or install for every folder of yours:`]
    return [problem('not-loaded-here', title, { detail, command: ownCommand(look, 'install --scope user') })]
  }
  const main = mainWorktree(system.files, folder)
  if (main !== undefined && has(main)) {
    const title = `this worktree is a project of its own, and loads no hooks: they are in ${main}`
    return [problem('not-loaded-here', title, { command: ownCommand(look, 'install') })]
  }
  return undefined
}

const isOfProject = ({ executable, source }: RegisteredHook): boolean =>
  executable !== undefined && (source.kind === 'project' || source.kind === 'local')

/** The folder of the repository that a worktree belongs to: there, `.git` is a file that says so. */
function mainWorktree(files: Files, folder: string): string | undefined {
  try {
    const path = join(folder, '.git')
    if (files.facts(path)?.kind !== 'file') return undefined
    const [, admin] = /^gitdir: (.*[\\/]\.git)[\\/]worktrees[\\/][^\\/]+\s*$/.exec(files.readText(path)) ?? []
    return admin === undefined ? undefined : dirname(admin)
  } catch {
    return undefined
  }
}

/** Which of the table's entries stand in some settings, or none of them does. Pure. */
export function unregistered(hooks: readonly RegisteredHook[]): HookRegistration[] {
  return hookTable.filter((wanted) => !hooks.some((hook) => stands(hook, wanted)))
}

function stands(hook: RegisteredHook, wanted: HookRegistration): boolean {
  const isSame =
    hook.event === wanted.event &&
    hook.executable === wanted.executable &&
    all(hook.matcher) === all(wanted.matcher ?? '')
  if (!isSame || !hook.isOwn) return isSame
  const scope = scopes.find((each) => each === hook.source.kind)
  return scope === undefined || [true, false].some((shell) => commandText(scope, wanted, shell) === hook.command)
}

/** `*`, an empty matcher and none mean the same. */
const all = (matcher: string): string => (matcher === '*' ? '' : matcher)

function missing(look: Look, ours: readonly RegisteredHook[]): Told[] {
  const gone = unregistered(ours)
  if (gone.length === 0) return []
  const detail = gone.map(
    ({ event, matcher, executable }) => `${event}${matcher === undefined ? '' : ` ${matcher}`}: ${executable}`,
  )
  const title = `${gone.length} of ${counted(hookTable.length, 'entry', 'entries')} are not registered`
  const [scope] = usedScopes(look)
  if (scope === undefined) {
    const plugin = ours.find(({ source }) => source.plugin !== undefined)?.source.plugin
    const command = plugin === undefined ? ownCommand(look, 'install') : `claude plugin update ${plugin.id}`
    return [problem('hook-unregistered', title, { detail, command })]
  }
  return [
    problem('hook-unregistered', title, { detail, command: installCommand(look, scope), mend: reinstall(look, scope) }),
  ]
}

/** Entries that start our executables and are not what install writes: it neither updates nor removes them. */
function byHand(look: Look, ours: readonly RegisteredHook[]): Told[] {
  const theirs = ours.filter(({ isOwn, source }) => !isOwn && source.kind !== 'plugin')
  return [...new Set(theirs.map(({ source }) => source.path))].map((path) => {
    const here = theirs.filter(({ source }) => source.path === path)
    const title = `${counted(here.length, 'entry', 'entries')} of ${path} ${here.length === 1 ? 'was' : 'were'} written by hand`
    const detail = [
      ...here.map(({ event, command }) => `${event}: ${clean(command, 160)}`),
      'Install neither updates nor removes them: take them out, then run breakerbox install.',
    ]
    return note('hook-by-hand', title, { detail, command: editCommand(look, path) })
  })
}

/** Copies that the client runs side by side: the project's and the private settings name one, which it runs once. */
type Copy = 'project' | 'user' | 'plugin'
const copyOf = ({ source }: RegisteredHook): Copy =>
  source.kind === 'plugin' ? 'plugin' : source.kind === 'user' || source.kind === 'managed' ? 'user' : 'project'

function twice(look: Look, ours: readonly RegisteredHook[]): Told[] {
  const copies = [...new Set(ours.map(copyOf))]
  if (copies.length < 2) return []
  const where = [...new Set(ours.map(({ source }) => nameOf(source.kind)))]
  const title = `the hooks are registered ${copies.length === 2 ? 'twice' : 'three times'}: in ${where.join(' and in ')}`
  const cost = where.includes(nameOf('plugin'))
    ? 'Each call is counted once. The plugin leaves sessions to the other copy, which costs a few milliseconds per call. One is enough:'
    : 'Each call is counted once, and costs as often as it is registered. Take one out:'
  const detail = [cost]
  const scope: Scope | undefined = usedScopes(look)[0]
  if (scope === undefined) return [note('hook-twice', title, { detail: detail.slice(0, 1) })]
  return [
    note('hook-twice', title, {
      detail,
      command: ownCommand(look, `uninstall${scope === 'project' ? '' : ` --scope ${scope}`}`),
    }),
  ]
}

function lostPlugins({ sources }: Look): Told[] {
  const found = sources.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin.id]))
  return enabledPlugins(sources)
    .filter((id) => !found.includes(id))
    .map((id) => {
      const title = `the plugin ${id} is enabled, and its files were not found`
      const detail = ['Whether its hooks are there is not known. This puts them back:']
      return note('plugin-not-found', title, { detail, command: `claude plugin install ${id}` })
    })
}
