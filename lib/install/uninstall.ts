import { basename, join } from 'node:path'
import { archiveFolder, sessionArchiveFolder } from '../memory/names.ts'
import { seenKind } from '../session/seen.ts'
import type { Files } from '../system/system.ts'
import { commandFiles } from './command-files.ts'
import { fleetFiles } from './fleet-need.ts'
import { handGuardNote, isNamed, namesGuard, needsGuard } from './guard-need.ts'
import { guardedCommands } from './guard-plan.ts'
import { guardFiles } from './guard-wrap.ts'
import { knownHashes, removeSteps } from './hook-files.ts'
import { denyRules, hookFiles, ownCommands, type Scope } from './hook-table.ts'
import { type Change, holdsOnlyWrappers, ignoreAll, ignoreOwn, linkNote, ownFolders, refusingFor } from './install.ts'
import { ownPrefix, type Place, placeOf, type Surroundings, sharingScope } from './place.ts'
import { planUninstall } from './plan.ts'
import { type InstallRecord, type OwnFolder, readRecord, sha256 } from './record.ts'
import { reportingFiles } from './reporting-need.ts'
import { readSettings, type SettingsFile } from './settings-file.ts'
import { namesStatusLine, statusLineFiles } from './status-line-wrap.ts'
import { leftovers, namesIn, type Step } from './steps.ts'

export interface UninstallRequest {
  readonly scope: Scope
  /** Absolute path of the project; of no effect for the user scope. */
  readonly project: string
  /** Whether config, state, incidents and sessions go as well. */
  readonly purge: boolean
}

/**
 * Reads what is there and says what an uninstall would do; changes nothing.
 *
 * @throws InstallError where the settings cannot be edited.
 */
export function prepareUninstall(system: Surroundings, request: UninstallRequest): Change {
  const { files } = system
  const place = placeOf(system, request.scope, request.project)
  const record = readRecord(files, place)
  const settings = readSettings(files, place.settings, 0o644)
  const after = settingsAfter(files, place, settings, record)
  const usedBy = stillUsedBy(system, place)
  const kept = [
    ...(needsGuard(system, place, after) ? guardFiles : []),
    ...(isNamed(system, place, after, namesStatusLine) ? statusLineFiles : []),
  ]
  const hooks = usedBy === undefined ? hookSteps(files, place, record, kept) : []
  const menu = usedBy === undefined ? menuSteps(files, place) : []
  const purge = request.purge && usedBy === undefined
  const isOurs = record !== undefined || settings.text !== after || hooks.length + menu.length > 0
  const steps = [
    // First, so that the settings never name a hook that is gone.
    ...settingsStep(settings, after),
    ...leftovers(files, ownFolders(place, settings)),
    ...hooks,
    ...menu,
    ...(usedBy === undefined && isOurs ? seenStep(files, place) : []),
    ...folderStep(place, 'hooks', record, purge || holdsOnlyWrappers(files, place)),
    ...folderStep(place, 'commands', record, purge),
    ...(purge ? purgeSteps(files, place) : []),
    // The record goes last of all files: until then, running again knows what is ours.
    ...[place.backup, place.record].flatMap((path) => removeStep(files, path)),
    ...(purge || isUnused(files, place) ? ignoreSteps(files, place) : []),
    ...(purge ? movedFolderStep(place) : []),
    ...folderStep(place, 'memory', record, purge),
    ...folderStep(place, 'claude', record, purge),
  ]
  const staying = request.purge && !purge ? 'hooks and state are' : 'the hooks are'
  const notes =
    usedBy === undefined
      ? []
      : [`${placeOf(system, usedBy, place.root).settings} still uses Breakerbox; ${staying} kept.`]
  return {
    place,
    steps,
    settings: { path: place.settings, before: settings.text, after },
    notes: [...linkNote(settings), ...notes, ...handNote(place, after), ...linkedMemoryNote(files, place, purge)],
    released: settings.text === undefined ? [] : guardedCommands(settings.text),
  }
}

/** The settings text that is left; undefined where no file is. */
function settingsAfter(
  files: Files,
  place: Place,
  settings: SettingsFile,
  record: InstallRecord | undefined,
): string | undefined {
  // Guarded hooks and the person's own status line are given back with everything else: what wraps them goes.
  const { plain: text } = settings
  if (text === undefined) return undefined
  if (record?.settings.written.includes(sha256(text))) {
    if (record.settings.original === 'absent') return undefined
    const backup = record.settings.original === 'kept' ? readBackup(files, place) : undefined
    if (backup !== undefined) return backup
  }
  const ours = record === undefined ? {} : { ours: record.settings }
  const without = refusingFor(settings.path, () =>
    planUninstall(text, { commands: ownCommands(place.scope), deny: denyRules(place.scope), ...ours }),
  )
  const emptied = without !== text && without.trim() === '{}'
  return emptied && record?.settings.original === 'absent' ? undefined : without
}

function readBackup(files: Files, place: Place): string | undefined {
  return files.facts(place.backup)?.kind === 'file' ? files.readText(place.backup) : undefined
}

function settingsStep(settings: SettingsFile, after: string | undefined): Step[] {
  if (settings.text === after) return []
  if (after === undefined) return [{ kind: 'remove', path: settings.target }]
  return [{ kind: 'write', path: settings.target, content: after, mode: settings.mode, replaces: true }]
}

/** The other scope whose settings run the same hook files. */
function stillUsedBy(system: Surroundings, place: Place): Scope | undefined {
  const sharing = sharingScope(place.scope)
  if (sharing === undefined) return undefined
  try {
    const { text } = readSettings(system.files, placeOf(system, sharing, place.root).settings, 0o644)
    if (text === undefined) return undefined
    return planUninstall(text, { commands: ownCommands(sharing), deny: [] }) === text ? undefined : sharing
  } catch {
    // Settings that cannot be read now may be mended later and then need their hooks.
    return sharing
  }
}

function hookSteps(files: Files, place: Place, record: InstallRecord | undefined, kept: readonly string[]): Step[] {
  const recorded = (record?.hooks ?? []).map(({ file }) => file).filter(isPlainName)
  const all = [
    ...new Set([...hookFiles(), ...guardFiles, ...statusLineFiles, ...fleetFiles, ...reportingFiles, ...recorded]),
  ]
  const names = all.filter((name) => !kept.includes(name))
  return removeSteps(files, place.hooks, names, (name) => knownHashes(record, name))
}

/** The commands in the client's menu. */
const menuSteps = (files: Files, { commands }: Place): Step[] =>
  removeSteps(
    files,
    commands,
    commandFiles.map(({ name }) => name),
  )

/** The list of what was last seen here: hooks that go on, of a plugin or of the user, must not miss what has gone by a person's wish. */
const seenStep = (files: Files, { project }: Place): Step[] =>
  project === undefined ? [] : removeStep(files, join(project.memory, `${seenKind.key}.json`))

/** A name from the record is used as a path only if it cannot lead out of the folder. */
function isPlainName(name: string): boolean {
  return /^[a-z][a-z0-9-]*\.(?:[cm]js|sh)$/.test(name)
}

function removeStep(files: Files, path: string): Step[] {
  return files.facts(path) === undefined ? [] : [{ kind: 'remove', path }]
}

function folderStep(place: Place, folder: OwnFolder, record: InstallRecord | undefined, orphaned: boolean): Step[] {
  // After an uninstall without a purge there is no record; a folder that a later purge empties is then taken for ours.
  const own = record === undefined ? orphaned : record.folders.includes(folder)
  return own ? [{ kind: 'removeEmptyFolder', path: place[folder] }] : []
}

function memoryFolders(place: Place): string[] {
  return [...new Set([place.memory, place.project?.memory ?? place.memory])]
}

function purgeSteps(files: Files, place: Place): Step[] {
  return memoryFolders(place).flatMap((folder) =>
    namesIn(files, folder)
      .filter((name) => name.startsWith(ownPrefix))
      .map((name) => join(folder, name))
      .filter((path) => path !== place.record && path !== place.backup)
      .map((path): Step => ({ kind: 'removeTree', path }))
      .concat(archiveFolders.flatMap((name) => archiveSteps(files, join(folder, name)))),
  )
}

/** Where the cleanup packs logs, ours and those of other tools; theirs stay. */
const archiveFolders: readonly string[] = [archiveFolder, sessionArchiveFolder]

function archiveSteps(files: Files, folder: string): Step[] {
  const names = namesIn(files, folder).filter((name) => name.startsWith(ownPrefix))
  if (names.length === 0) return []
  return [
    ...names.map((name): Step => ({ kind: 'remove', path: join(folder, name) })),
    { kind: 'removeEmptyFolder', path: folder },
  ]
}

/** Whether a purge leaves this name in the memory folder. */
function isOfOthers(files: Files, folder: string, name: string): boolean {
  if (name === '.gitignore' || name.startsWith(ownPrefix)) return false
  const packed = archiveFolders.includes(name) ? namesIn(files, join(folder, name)) : []
  return packed.length === 0 || packed.some((file) => !file.startsWith(ownPrefix))
}

/** Our `.gitignore` goes where nothing is left that it could be for. */
function ignoreSteps(files: Files, place: Place): Step[] {
  return memoryFolders(place).flatMap((folder): Step[] => {
    const path = join(folder, '.gitignore')
    const others = namesIn(files, folder).filter((name) => isOfOthers(files, folder, name))
    if (others.length > 0 && !(files.facts(path)?.kind === 'file' && files.readText(path) === ignoreOwn)) return []
    if (files.facts(path)?.kind !== 'file') return []
    return [ignoreAll, ignoreOwn].includes(files.readText(path)) ? [{ kind: 'remove', path }] : []
  })
}

/** Projects have config and state in their folders, the user scope only its record: then nothing is left to be ignored. */
function isUnused(files: Files, { project, memory, record, backup }: Place): boolean {
  const leaves = (name: string) => ['.gitignore', basename(record), basename(backup)].includes(name)
  return project === undefined && namesIn(files, memory).every(leaves)
}

/** What `BREAKERBOX_MEMORY_DIR` names is made where it is not there; no record knows of it. */
function movedFolderStep({ memory, project }: Place): Step[] {
  return project === undefined || project.memory === memory ? [] : [{ kind: 'removeEmptyFolder', path: project.memory }]
}

function handNote(place: Place, after: string | undefined): string[] {
  return namesGuard(after) ? [handGuardNote(place)] : []
}

function linkedMemoryNote(files: Files, place: Place, purge: boolean): string[] {
  if (!purge) return []
  return memoryFolders(place)
    .filter((folder) => files.facts(folder)?.kind === 'link')
    .map((folder) => `${folder} is a link and is not followed; what it points at is kept.`)
}
