import { dirname, join } from 'node:path'
import type { InitialFile } from '../config/initial-files.ts'
import type { ProjectPaths } from '../config/paths.ts'
import type { Files } from '../system/system.ts'
import { commandSteps } from './command-files.ts'
import { fleetFiles, fleetNote, needsFleet } from './fleet-need.ts'
import { unguarded } from './guard-plan.ts'
import { guardFiles } from './guard-wrap.ts'
import { copySteps, knownHashes, readBundles } from './hook-files.ts'
import { denyRules, type HookRegistration, hookFiles, ownCommands, type Scope, settingsEntries } from './hook-table.ts'
import { InstallError } from './install-error.ts'
import { type Place, placeOf, type Surroundings, sharingScope } from './place.ts'
import { plainText } from './plain-text.ts'
import { type InstallPlan, planInstall, planUninstall, settingsWarnings } from './plan.ts'
import { type InstallRecord, type OwnFolder, readRecord, recordText, sha256, withHash } from './record.ts'
import { reportingNeeds, reportingNotes, type TrackingWish, tableFor } from './reporting-need.ts'
import { readSettings, type SettingsFile } from './settings-file.ts'
import { SettingsRefusal } from './settings-text.ts'
import { withoutStatusLine } from './status-line-plan.ts'
import { statusLineFiles } from './status-line-wrap.ts'
import { leftovers, namesIn, type Step } from './steps.ts'

export interface InstallRequest extends TrackingWish {
  readonly scope: Scope
  /** Absolute path of the project; of no effect for the user scope. */
  readonly project: string
  /** Folder that holds the built hooks, `<name>.cjs`. */
  readonly bundles: string
  /** Whether to add the deny rules. */
  readonly deny: boolean
  /** Whether the client's commands are run by a POSIX shell. */
  readonly shell: boolean
  readonly initialFiles: (paths: ProjectPaths) => readonly InitialFile[]
}

/** Everything that an install or an uninstall would do; `perform` does it. */
export interface Change {
  readonly place: Place
  readonly steps: readonly Step[]
  readonly settings: { readonly path: string; readonly before: string | undefined; readonly after: string | undefined }
  /** Things that the person should know, one sentence each. */
  readonly notes: readonly string[]
  /** Installed, but the client runs no hook of these settings; the first notes say why. */
  readonly isInactive?: boolean
  /** Commands of guarded hooks that are given back: what is known of them is of no use any more. */
  readonly released?: readonly string[]
}

/**
 * Reads what is there and says what an install would do; changes nothing.
 *
 * @throws InstallError where the settings cannot be edited, a built hook is missing, or a foreign file is in the way.
 */
export function prepareInstall(system: Surroundings, request: InstallRequest): Change {
  const { files } = system
  const place = placeOf(system, request.scope, request.project)
  if (request.scope !== 'user' && placeOf(system, 'user', '').settings === place.settings) {
    throw new InstallError(place.settings, 'these are the settings of the user; install with --scope user')
  }
  if (files.facts(place.memory)?.kind === 'link') {
    throw new InstallError(
      place.memory,
      'it is a link, and the hooks follow no link; name its target in BREAKERBOX_MEMORY_DIR',
    )
  }
  const record = readRecord(files, place)
  const settings = readSettings(files, place.settings, request.scope === 'project' ? 0o644 : 0o600)
  const table = tableFor(request, settings.text)
  const plan = planSettings(settings, request, table, record)
  const original = originalOf(settings, request.scope, record)
  const hooks = hookSteps(system, place, request, table, record, settings)
  const commands = commandSteps(files, place.commands)
  const missing = (['claude', 'memory', 'hooks', 'commands'] as const).filter((folder) => !exists(files, place[folder]))
  // A clone that has our entries and no record: an install made the folders, and one that others use is never empty.
  if (record === undefined && original === 'derived') missing.push('claude', 'hooks', 'commands')
  if (holdsOnlyWrappers(files, place)) missing.push('hooks')
  if (madeWithSettings(files, place, settings)) missing.push('claude')
  const next: InstallRecord = {
    version: 1,
    settings: {
      original,
      written: writtenHashes(settings, plan, original, record),
      created: [...plan.created],
      deny: [...plan.deny],
    },
    hooks: [...(record?.hooks ?? []).filter(({ file }) => !hooks.names.includes(file)), ...hooks.hashes],
    folders: madeFolders(system, place, record, missing),
    ...(settings.text === settings.plain
      ? guardedBefore(record)
      : { guarded: withHash(record?.guarded, sha256(plan.text)) }),
  }
  const steps = [
    ...leftovers(files, ownFolders(place, settings)),
    ...recordStep(files, place, recordText(next)),
    ...ignoreStep(files, place.memory),
    ...(original === 'kept' ? backupStep(files, place, settings, record) : []),
    ...hooks.steps,
    ...commands.steps,
    ...projectSteps(files, place, request),
    // Last, so that the settings never name a hook that is not there.
    ...settingsStep(settings, plan.text),
  ]
  const warnings = settingsWarnings(plan.text).map((warning) => `${place.settings}: ${warning}`)
  const notes = [
    ...warnings,
    ...linkNote(settings),
    ...commands.notes,
    ...fleetNote(system, place),
    ...reportingNotes(system, table),
  ]
  return {
    place,
    steps,
    settings: { path: place.settings, before: settings.text, after: plan.text },
    notes: [...notes, ...repositoryNote(files, place)],
    isInactive: warnings.length > 0,
  }
}

function planSettings(
  settings: SettingsFile,
  request: InstallRequest,
  table: readonly HookRegistration[],
  record: InstallRecord | undefined,
): InstallPlan {
  return refusingFor(settings.path, () =>
    planInstall(settings.text, {
      entries: settingsEntries(request.scope, request.shell, table),
      commands: ownCommands(request.scope),
      deny: request.deny ? denyRules(request.scope) : [],
      ...(record === undefined ? {} : { ours: record.settings }),
    }),
  )
}

/** Turns what the plan refuses into an error that names the file. */
export function refusingFor<T>(path: string, plan: () => T): T {
  try {
    return plan()
  } catch (error) {
    if (error instanceof SettingsRefusal) throw new InstallError(path, `${error.message}; nothing was changed`)
    throw error
  }
}

/** What uninstall will have to give back, seen from the file as it is now. */
function originalOf(
  settings: SettingsFile,
  scope: Scope,
  record: InstallRecord | undefined,
): InstallRecord['settings']['original'] {
  if (settings.plain === undefined) return 'absent'
  if (record?.settings.written.includes(sha256(settings.plain))) return record.settings.original
  const own = { commands: ownCommands(scope), deny: denyRules(scope) }
  const without = planUninstall(settings.plain, record === undefined ? own : { ...own, ours: record.settings })
  return without === settings.plain ? 'kept' : 'derived'
}

function writtenHashes(
  settings: SettingsFile,
  plan: InstallPlan,
  original: InstallRecord['settings']['original'],
  record: InstallRecord | undefined,
): string[] {
  // Hashes of earlier texts stay good for as long as they go back to the same original.
  const continued = settings.plain !== undefined && record?.settings.written.includes(sha256(settings.plain))
  return original === 'derived'
    ? []
    : withHash(continued ? record?.settings.written : [], sha256(plainText(plan.text) ?? ''))
}

function hookSteps(
  system: Surroundings,
  place: Place,
  request: InstallRequest,
  table: readonly HookRegistration[],
  record: InstallRecord | undefined,
  { text = '' }: SettingsFile,
) {
  // Whoever guards hooks, or has our status line, gets the newer files of those with the newer hooks.
  const guard = text === unguarded(text) ? [] : guardFiles
  const statusLine = text === withoutStatusLine(text) ? [] : statusLineFiles
  const { files } = system
  const fleet = needsFleet(system, place) ? fleetFiles : []
  const names = [...hookFiles(table), ...guard, ...statusLine, ...fleet, ...reportingNeeds(system, place, table)]
  const bundles = readBundles(files, request.bundles, names)
  const hashes = bundles.map(({ name, hash }) => ({ file: name, sha256: withHash(knownHashes(record, name), hash) }))
  return { names, steps: copySteps(files, place.hooks, bundles, (name) => knownHashes(record, name)), hashes }
}

const guardedBefore = (record: InstallRecord | undefined): Pick<InstallRecord, 'guarded'> =>
  record?.guarded === undefined ? {} : { guarded: record.guarded }

/** Files that commands of others are wrapped with. */
const wrapperFiles = [...guardFiles, ...statusLineFiles]

/** Whether wrapping commands has made the hooks folder: nothing else is in it. */
export function holdsOnlyWrappers(files: Files, { hooks }: Place): boolean {
  const names = namesIn(files, hooks)
  return names.length > 0 && names.every((name) => wrapperFiles.includes(name))
}

/** Whether the status line has made the `.claude` folder: it has made the settings, and nothing else is in there. */
function madeWithSettings(files: Files, place: Place, { path, text, plain }: SettingsFile): boolean {
  const isOwn = (name: string): boolean =>
    join(place.claude, name) === path || (join(place.claude, name) === place.hooks && holdsOnlyWrappers(files, place))
  return text !== undefined && plain === undefined && namesIn(files, place.claude).every(isOwn)
}

const folderModes: Record<OwnFolder, number> = { claude: 0o755, hooks: 0o755, commands: 0o755, memory: 0o700 }

/** Every folder in which a crash may leave a temporary file. */
export function ownFolders(place: Place, settings: SettingsFile): string[] {
  const memory = place.project?.memory ?? place.memory
  return [place.root, place.claude, place.hooks, place.commands, place.memory, memory, dirname(settings.target)]
}

function recordStep(files: Files, place: Place, content: string): Step[] {
  if (exists(files, place.memory)) return fileStep(files, place.record, content)
  const folders = (['claude', 'memory'] as const)
    .filter((folder) => !exists(files, place[folder]))
    .map((folder) => ({ path: place[folder], mode: folderModes[folder] }))
  return [{ kind: 'plant', path: place.record, content, folders }]
}

function madeFolders(
  system: Surroundings,
  place: Place,
  record: InstallRecord | undefined,
  missing: readonly OwnFolder[],
): OwnFolder[] {
  const sharing = sharingScope(place.scope)
  const shared = sharing === undefined ? undefined : readRecord(system.files, placeOf(system, sharing, place.root))
  return [...new Set([...(record?.folders ?? []), ...(shared?.folders ?? []), ...missing])].sort()
}

/**
 * Text of the memory folder's `.gitignore`. A folder that others use already gets one that names only what is ours, lest
 * their files vanish from `git status`.
 */
export const ignoreAll = '*\n'
export const ignoreOwn = '/circuit_breaker_*\n/archives/\n/session_archives/\n/.gitignore\n'

export function ignoreStep(files: Files, memory: string): Step[] {
  const path = join(memory, '.gitignore')
  if (exists(files, path)) return []
  const content = namesIn(files, memory).some((name) => !name.startsWith('circuit_breaker_')) ? ignoreOwn : ignoreAll
  return [{ kind: 'write', path, content, mode: 0o600, replaces: false }]
}

function backupStep(files: Files, place: Place, settings: SettingsFile, record: InstallRecord | undefined): Step[] {
  // The backup of a file that we have written since is older than the file, and stays.
  const ours = settings.plain !== undefined && record?.settings.written.includes(sha256(settings.plain))
  return ours || settings.plain === undefined ? [] : fileStep(files, place.backup, settings.plain)
}

/** Writes an owner-only file, or keeps it where it has that text. */
export function fileStep(files: Files, path: string, content: string): Step[] {
  const replaces = exists(files, path)
  if (replaces && files.readText(path) === content) return [{ kind: 'keep', path }]
  return [{ kind: 'write', path, content, mode: 0o600, replaces }]
}

function projectSteps(files: Files, place: Place, request: InstallRequest): Step[] {
  const paths = place.project
  if (paths === undefined) return []
  const moved = paths.memory !== place.memory
  const folder: Step[] =
    moved && !exists(files, paths.memory) ? [{ kind: 'folder', path: paths.memory, mode: folderModes.memory }] : []
  const initial = request.initialFiles(paths).map(({ path, content }): Step => {
    return exists(files, path) ? { kind: 'keep', path } : { kind: 'write', path, content, mode: 0o600, replaces: false }
  })
  return [...folder, ...(moved ? ignoreStep(files, paths.memory) : []), ...initial]
}

/** The step that writes the settings, if there is something to write. */
export function settingsStep(settings: SettingsFile, text: string): Step[] {
  if (settings.text === text) return [{ kind: 'keep', path: settings.target }]
  const replaces = settings.text !== undefined
  return [{ kind: 'write', path: settings.target, content: text, mode: settings.mode, replaces }]
}

export function linkNote({ path, target }: SettingsFile): string[] {
  return path === target ? [] : [`${path} is a link; its target ${target} is what is edited.`]
}

/** The client loads the settings of the folder it is started in, not those of folders above. */
function repositoryNote(files: Files, place: Place): string[] {
  if (place.scope === 'user' || exists(files, join(place.root, '.git'))) return []
  for (let folder = dirname(place.root); ; folder = dirname(folder)) {
    if (exists(files, join(folder, '.git'))) {
      return [`${place.root} is inside the repository ${folder}: Claude Code started there does not load these hooks.`]
    }
    if (folder === dirname(folder)) return []
  }
}

function exists(files: Files, path: string): boolean {
  return files.facts(path) !== undefined
}
