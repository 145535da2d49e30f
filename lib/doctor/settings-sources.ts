import { join } from 'node:path'
import { isRecord, textField } from '../calls/json.ts'
import { type HookExecutable, hookTable, ownCommands, trackingTable } from '../install/hook-table.ts'
import { isStrictJson, JsonTextError, plainValue, readTree } from '../install/json-text.ts'
import { placeOf } from '../install/place.ts'
import { errorCode } from '../system/known-error.ts'
import type { Machine } from '../system/machine.ts'
import type { System } from '../system/system.ts'

/** Whose settings: those of an administrator, of the user, the project's shared and private ones, or a plugin's. */
export type SourceKind = 'managed' | 'user' | 'project' | 'local' | 'plugin'

export interface SettingsSource {
  readonly kind: SourceKind
  readonly path: string
  /** What it says; an empty object where the client takes nothing of it. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Why the client takes nothing of it, one line; absent where it does. */
  readonly cause?: string
  /** Of a plugin: its id, `name@marketplace`, and its folder. */
  readonly plugin?: { readonly id: string; readonly root: string }
}

/** One hook as it stands in one of them. */
export interface RegisteredHook {
  readonly source: SettingsSource
  readonly event: string
  /** Empty where there is none. */
  readonly matcher: string
  readonly command: string
  /** For a program that the client starts without a shell. */
  readonly args?: readonly string[]
  /** Which of our executables it starts; absent for hooks of others. */
  readonly executable?: HookExecutable
  /** Its command is, letter for letter, one that install writes into settings of that scope. */
  readonly isOwn: boolean
}

/** Larger settings are not read, bytes. */
const mostBytes = 4_000_000

/** The name of our plugin, whatever marketplace it comes from. */
const pluginName = 'breakerbox'

/** Where an administrator's settings are, by platform: as the client 2.1.330 has it; Windows since 2.1.75. */
export function managedFolder({ platform }: Pick<Machine, 'platform'>): string {
  if (platform === 'darwin') return '/Library/Application Support/ClaudeCode'
  return platform === 'win32' ? 'C:\\Program Files\\ClaudeCode' : '/etc/claude-code'
}

/** The user's own folder of the client, which `CLAUDE_CONFIG_DIR` moves. */
export const clientFolder = ({ env, homeFolder }: Pick<System, 'env' | 'homeFolder'>): string =>
  env['CLAUDE_CONFIG_DIR'] || join(homeFolder, '.claude')

/** @param managed see `managedFolder`; undefined leaves an administrator's out. */
export function settingsSources(system: System, project: string, managed?: string): SettingsSource[] {
  const files: readonly (readonly [SourceKind, string])[] = [
    ...(managed === undefined ? [] : managedFiles(system, managed)),
    ['user', join(clientFolder(system), 'settings.json')],
    ['project', placeOf(system, 'project', project).settings],
    ['local', placeOf(system, 'local', project).settings],
  ]
  // In the home folder, the project's settings are the user's.
  const distinct = files.filter(([, path], i) => files.findIndex(([, other]) => other === path) === i)
  const sources = distinct.flatMap(([kind, path]) => sourceAt(system, kind, path) ?? [])
  return [...sources, ...plugins(system, project, sources)]
}

/** The file, and the fragments that administrators put beside it (client 2.1.83 and later). */
function managedFiles({ files }: System, folder: string): (readonly [SourceKind, string])[] {
  const fragments = join(folder, 'managed-settings.d')
  const names = files.facts(fragments)?.kind === 'folder' ? files.list(fragments) : []
  return [
    join(folder, 'managed-settings.json'),
    ...names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).map((name) => join(fragments, name)),
  ].map((path) => ['managed', path] as const)
}

function sourceAt(system: System, kind: SourceKind, path: string): SettingsSource | undefined {
  try {
    const text = textAt(system, path)
    if (text === undefined) return undefined
    const { value, cause } = parsed(text)
    return { kind, path, settings: value, ...(cause === undefined ? {} : { cause }) }
  } catch (error) {
    return { kind, path, settings: {}, cause: `cannot be read: ${errorCode(error) ?? String(error)}` }
  }
}

function textAt({ files }: System, path: string): string | undefined {
  const facts = files.facts(path)
  if (facts === undefined) return undefined
  const target = facts.kind === 'link' ? files.realPath(path) : path
  const { size = 0 } = files.facts(target) ?? {}
  if (size > mostBytes) throw new Error(`${size} bytes are more than ${mostBytes}`)
  return files.readText(target)
}

/** The client reads strict JSON: of a file with one comment or a comma too many it takes nothing (seen with 2.1.330). */
function parsed(text: string): { value: Record<string, unknown>; cause?: string } {
  const body = text.replace(/^\ufeff/, '')
  if (body.trim() === '') return { value: {} }
  try {
    const value = plainValue(readTree(body))
    if (!isStrictJson(body)) return { value: {}, cause: 'has comments or trailing commas, which are no JSON' }
    return isRecord(value) ? { value } : { value: {}, cause: 'is no JSON object' }
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error
    return { value: {}, cause: `is no JSON, ${error.message}` }
  }
}

/** Of several settings that name a plugin the strongest counts. */
const strongestFirst: readonly SourceKind[] = ['managed', 'local', 'project', 'user']

/** Ids of our plugin that are switched on. */
export function enabledPlugins(sources: readonly SettingsSource[]): string[] {
  const said = new Map<string, boolean>()
  for (const kind of strongestFirst) {
    for (const { settings } of sources.filter((source) => source.kind === kind)) {
      const { enabledPlugins: named } = settings as { enabledPlugins?: unknown }
      for (const [id, value] of Object.entries(isRecord(named) ? named : {})) {
        if (id.split('@')[0] === pluginName && !said.has(id)) said.set(id, value !== false && value !== null)
      }
    }
  }
  return [...said].flatMap(([id, isOn]) => (isOn ? [id] : []))
}

function plugins(system: System, project: string, sources: readonly SettingsSource[]): SettingsSource[] {
  return enabledPlugins(sources).flatMap((id) => {
    const root = pluginRoot(system, project, id)
    if (root === undefined) return []
    const source = sourceAt(system, 'plugin', join(root, 'hooks', 'hooks.json'))
    return source === undefined ? [] : [{ ...source, plugin: { id, root } }]
  })
}

/** Where the client has put a plugin, by its own list of those that are installed. */
function pluginRoot(system: System, project: string, id: string): string | undefined {
  try {
    const text = textAt(system, join(clientFolder(system), 'plugins', 'installed_plugins.json'))
    const list: unknown = JSON.parse(text ?? '')
    const all = isRecord(list) && isRecord(list['plugins']) ? list['plugins'][id] : undefined
    const installs = (Array.isArray(all) ? all : [all]).filter(isRecord)
    const ofProject = installs.find((each) => each['projectPath'] === project)
    const ofUser = installs.find((each) => each['projectPath'] === undefined)
    return textField(ofProject ?? ofUser, 'installPath')
  } catch {
    return undefined
  }
}

const executables = [...new Set([...hookTable, ...trackingTable('always')].map(({ executable }) => executable))]
const named = new RegExp(`(?:^|[\\s/\\\\"'}])(${executables.join('|')})\\.[cm]?js(?=$|[\\s"';])`, 'g')

/** The one that a command starts: it may ask for another on the way, and ends with what it is there for. */
const executableIn = (text: string): HookExecutable | undefined =>
  [...text.matchAll(named)].at(-1)?.[1] as HookExecutable | undefined

/** Every hook of type `command` in some settings, in their order; what has another shape than the client's is left out. */
export function hooksIn(sources: readonly SettingsSource[]): RegisteredHook[] {
  return sources.flatMap((source) => {
    const { hooks } = source.settings
    const own = ownCommands(source.kind === 'project' || source.kind === 'local' ? source.kind : 'user')
    return Object.entries(isRecord(hooks) ? hooks : {}).flatMap(([event, groups]) =>
      listOf(groups).flatMap((group) =>
        listOf(group['hooks']).flatMap((hook) => {
          const command = textField(hook, 'command')
          if (command === undefined) return []
          const args = Array.isArray(hook['args']) ? hook['args'].map(String) : undefined
          const executable = executableIn([command, ...(args ?? [])].join(' '))
          return {
            source,
            event,
            matcher: textField(group, 'matcher') ?? '',
            command,
            ...(args === undefined ? {} : { args }),
            ...(executable === undefined ? {} : { executable }),
            isOwn: args === undefined && own.has(command),
          }
        }),
      ),
    )
  })
}

const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : [])
