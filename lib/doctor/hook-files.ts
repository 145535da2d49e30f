import { basename, dirname, join } from 'node:path'
import { quoted } from '../guard/guard-command.ts'
import { commandFiles } from '../install/command-files.ts'
import { fleetFiles } from '../install/fleet-need.ts'
import { guardFiles } from '../install/guard-wrap.ts'
import { bundleMark, shellMark } from '../install/hook-files.ts'
import { hookFiles, loadedParts, type Scope } from '../install/hook-table.ts'
import { placeOf } from '../install/place.ts'
import { readRecord, sha256 } from '../install/record.ts'
import { reportingFiles } from '../install/reporting-need.ts'
import { counted } from '../status/quantities.ts'
import { causeLine } from '../system/known-error.ts'
import type { Bytes } from '../system/system.ts'
import { fine, problem, type Told } from './finding.ts'
import { type Check, type Look, ownCommand } from './look.ts'
import { installCommand, reinstall, usedScopes } from './reinstall.ts'
import { compareVersions } from './versions.ts'

/** What stands where a hook's file belongs. */
export type HookFileState =
  | { readonly kind: 'right' }
  | { readonly kind: 'missing' }
  /** No file of ours. */
  | { readonly kind: 'foreign'; readonly what: string }
  /** Ours, and of another build: `version` of its header. */
  | { readonly kind: 'other build'; readonly version: string }
  /** It says that it is this version's, and is not what this version installs or ever installed here. */
  | { readonly kind: 'changed' }

/** Of another name nobody has a hash. */
const allNames = [...hookFiles(), ...guardFiles, ...fleetFiles, ...reportingFiles]
/** Larger files are none of ours, bytes. */
const mostBytes = 8_000_000

/** Whether the files that the entries name are there, readable, of this version and unchanged. */
export const hookFilesOnDisk: Check = {
  id: 'files',
  group: 'Hooks',
  examine(look) {
    const found = usedFolders(look).map((folder) => ({ ...folder, names: namesIn(look, folder) }))
    const odd = found.flatMap((folder) => [
      ...folder.names.flatMap((name) => judgeFile(look, folder, name)),
      ...missingCommands(look, folder),
    ])
    const count = found.reduce((sum, { names }) => sum + names.length, 0)
    if (odd.length > 0) return odd
    return [
      fine(
        'files',
        count === 0 ? 'no files are needed' : `${counted(count, 'file')} of version ${look.version}, unchanged`,
      ),
    ]
  },
}

interface HooksFolder {
  readonly path: string
  readonly scope: Scope
}

/** The folders that hooks are copied to; project and private settings share one. */
function usedFolders(look: Look): HooksFolder[] {
  const folders = usedScopes(look).map((scope) => ({
    scope,
    path: placeOf(look.system, scope, look.project.paths.project).hooks,
  }))
  return folders.filter(({ path }, i) => folders.findIndex((other) => other.path === path) === i)
}

/** Files that entries need, and those of ours that are there besides. */
function namesIn({ hooks, system, project }: Look, { path }: HooksFolder): string[] {
  const here = hooks.filter(({ source }) => folderOf(system, project.paths.project, source.kind) === path)
  const started = here.flatMap(({ isOwn, executable }) => (isOwn ? [`${executable}.cjs`] : []))
  const needed = new Set([...hookFiles(), ...started])
  if (here.some(({ command }) => command.includes('/.claude/hooks/hook-guard.')))
    for (const name of guardFiles) needed.add(name)
  return [...new Set(allNames)].filter((name) => needed.has(name) || system.files.facts(join(path, name)) !== undefined)
}

const folderOf = (system: Look['system'], project: string, kind: string): string | undefined =>
  kind === 'user' || kind === 'project' || kind === 'local' ? placeOf(system, kind, project).hooks : undefined

function judgeFile(look: Look, folder: HooksFolder, name: string): Told[] {
  const path = join(folder.path, name)
  const closed = rightsOf(look, path)
  if (closed.length > 0) return closed
  const state = hookFileState(look, path, knownIn(look, folder, name))
  const again = { command: restoring(look, folder.scope, name) }
  const mended = guardFiles.includes(name) ? again : { ...again, mend: reinstall(look, folder.scope) }
  switch (state.kind) {
    case 'right':
      return []
    case 'missing':
      return [problem('hook-file-missing', `${path} is missing: ${withoutIt(name)}`, mended)]
    case 'foreign': {
      const command = `mv ${quoted(path)} ${quoted(`${path}.away`)} && ${again.command}`
      return [problem('hook-file-foreign', `${path} is not a file of Breakerbox: ${state.what}`, { command })]
    }
    case 'other build': {
      const isNewer = compareVersions(state.version, look.version) > 0
      const title = `${path} is of version ${state.version}, and this command of ${look.version}`
      return isNewer
        ? [problem('hook-file-outdated', `${title}: this command is older than the hooks`, again)]
        : [
            problem(
              'hook-file-outdated',
              state.version === look.version ? `${title} too, but another build` : title,
              mended,
            ),
          ]
    }
    case 'changed':
      return [problem('hook-file-changed', `${path} is not what version ${look.version} installs`, mended)]
    default:
      return state satisfies never
  }
}

const withoutIt = (name: string): string =>
  loadedParts.includes(name)
    ? 'a hook that comes to need it lets everything run'
    : 'its hooks end with an error and guard nothing'

/** Files of the client's menu: a command that it does not find there is unknown to it, and no hook is asked. */
function missingCommands(look: Look, { scope }: HooksFolder): Told[] {
  const { system, project } = look
  const { commands } = placeOf(system, scope, project.paths.project)
  const gone = commandFiles.map(({ name }) => name).filter((name) => !system.files.facts(join(commands, name)))
  if (gone.length === 0) return []
  const typed = gone.map((name) => `/${basename(name, '.md')}`).join(', ')
  return [
    problem('command-file-missing', `${counted(gone.length, 'file')} missing in ${commands}: ${gone.join(', ')}`, {
      detail: [`The client answers "Unknown command" to ${typed}.`],
      command: installCommand(look, scope),
      mend: reinstall(look, scope),
    }),
  ]
}

const restoring = (look: Look, scope: Scope, name: string): string =>
  guardFiles.includes(name)
    ? ownCommand(look, `guard-hooks${scope === 'project' ? '' : ` --scope ${scope}`}`)
    : installCommand(look, scope)

/** Hashes that installs of this folder have written under a name. */
function knownIn({ system, project }: Look, { scope }: HooksFolder, name: string): readonly string[] {
  const scopes: readonly Scope[] = scope === 'user' ? ['user'] : ['project', 'local']
  return scopes.flatMap((each) => {
    const record = readRecord(system.files, placeOf(system, each, project.paths.project))
    return record?.hooks.find(({ file }) => file === name)?.sha256 ?? []
  })
}

/** @param known hashes of what installs wrote there. */
export function hookFileState(
  { system, bundles, version }: Look,
  path: string,
  known: readonly string[],
): HookFileState {
  const { files } = system
  const facts = files.facts(path)
  if (facts === undefined) return { kind: 'missing' }
  if (facts.kind !== 'file')
    return { kind: 'foreign', what: `it is ${facts.kind === 'other' ? 'no regular file' : `a ${facts.kind}`}` }
  if (facts.size > mostBytes) return { kind: 'foreign', what: `it has ${facts.size} bytes` }
  let content: Bytes
  try {
    content = files.readHead(path, facts.size)
  } catch (error) {
    return { kind: 'foreign', what: `it cannot be read: ${causeLine(error)}` }
  }
  const hash = sha256(content)
  if (hash === bundleHash(files, join(bundles, basename(path)))) return { kind: 'right' }
  const marked = markedVersion(content)
  if (marked === undefined) return { kind: 'foreign', what: 'it does not carry our mark' }
  return marked === version && !known.slice(0, -1).includes(hash)
    ? { kind: 'changed' }
    : { kind: 'other build', version: marked }
}

/**
 * Whether a file is, byte for byte, what this command installs, and so is whatever stands beside it under a name of ours, which it
 * may load or start: nothing else is ever run by an examination.
 */
export function isOursWithParts(look: Look, path: string): boolean {
  const state = (each: string) => hookFileState(look, each, []).kind
  const beside = allNames.map((name) => join(dirname(path), name))
  return state(path) === 'right' && beside.every((each) => ['right', 'missing'].includes(state(each)))
}

function bundleHash(files: Look['system']['files'], path: string): string | undefined {
  try {
    const target = files.realPath(path)
    return sha256(files.readHead(target, files.facts(target)?.size ?? 0))
  } catch {
    return undefined
  }
}

/** The version in the second line of a built hook, as in `// breakerbox 0.1.0 prompt-intake`. */
function markedVersion(content: Bytes): string | undefined {
  const lines = content.subarray(0, 300).toString('latin1').split('\n', 2)
  const mark = lines.find((line) => line.startsWith(bundleMark) || line.startsWith(shellMark))
  return mark?.replace(/^\S+ breakerbox /, '').split(' ')[0]
}

/** Whoever runs hooks has to read it, and nobody else may change it. */
function rightsOf({ system, machine }: Look, path: string): Told[] {
  const { kind, mode } = system.files.facts(path) ?? {}
  if (kind !== 'file' || mode === undefined || machine.platform === 'win32') return []
  const isClosed = (mode & 0o400) === 0
  if (!isClosed && (mode & 0o002) === 0) return []
  const why = isClosed ? 'its owner may not read it' : 'everybody may change it'
  return [
    problem('hook-file-mode', `${path} has mode ${mode.toString(8).padStart(3, '0')}: ${why}`, {
      command: `chmod 755 ${quoted(path)}`,
      mend: {
        key: `mode ${path}`,
        does: `set the mode of ${path} to 755`,
        act: () => system.files.setMode(path, 0o755),
      },
    }),
  ]
}
