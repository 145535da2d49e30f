import type { SettingsEntry } from './hook-table.ts'
import { isStrictJson, members, plainValue, readTree } from './json-text.ts'
import { byteOrderMark, type HookEntry, hookPath, SettingsText, stringMember } from './settings-text.ts'

/**
 * What install and uninstall make of a settings text. Pure: texts in, texts out. Only entries whose command is, letter for
 * letter, one that we register are ever touched.
 */

/** What of a settings file is ours besides the hook entries, which their commands tell. */
export interface Ours {
  /** Containers that install created, as dotted names: `hooks`, `hooks.Stop`, `permissions`, `permissions.deny`. */
  readonly created: readonly string[]
  /** Deny rules that install added; one that was there before is the person's. */
  readonly deny: readonly string[]
}

export interface Wanted {
  readonly entries: readonly SettingsEntry[]
  /** Every command string, old and new, that marks an entry as ours. */
  readonly commands: ReadonlySet<string>
  /** Deny rules to add; empty for none. */
  readonly deny: readonly string[]
  /** What earlier installs added; absent where that is not known. */
  readonly ours?: Ours
}

export interface InstallPlan extends Ours {
  readonly text: string
}

export interface Removable {
  readonly commands: ReadonlySet<string>
  /** Deny rules that install may have added, for settings whose record is lost. */
  readonly deny: readonly string[]
  readonly ours?: Ours
}

/** The text with our entries in it. The same text comes back where nothing is to do, so planning twice is planning once. */
export function planInstall(text: string | undefined, wanted: Wanted): InstallPlan {
  const settings = new SettingsText(text)
  settings.checkShape(
    wanted.entries.map(({ event }) => event),
    wanted.deny.length > 0,
  )
  const before = findOwn(settings, wanted.commands)
  // Where our entries stand and no record tells otherwise, our rules were added by the same install.
  const denyBefore = wanted.ours?.deny ?? (before.length > 0 ? wanted.deny : [])

  for (const entry of wanted.entries) {
    if (before.some((own) => isSame(own, entry))) continue
    const group = entry.matcher === undefined ? {} : { matcher: entry.matcher }
    settings.ensure(['hooks'], {})
    settings.ensure(['hooks', entry.event], [])
    settings.append(['hooks', entry.event], { ...group, hooks: [entry.hook] })
  }
  removeOwn(settings, wanted.commands, wanted.ours, wanted.entries)

  const rules = settings.strings(['permissions', 'deny'])
  const added = wanted.deny.filter((rule) => !rules.includes(rule))
  for (const rule of added) {
    settings.ensure(['permissions'], {})
    settings.ensure(['permissions', 'deny'], [])
    settings.append(['permissions', 'deny'], rule)
  }
  const dropped = denyBefore.filter((rule) => !wanted.deny.includes(rule))
  removeRules(settings, dropped, wanted.ours)

  const kept = denyBefore.filter((rule) => wanted.deny.includes(rule) && rules.includes(rule))
  const created = [...(wanted.ours?.created ?? holdingOnly(text, before, wanted)), ...settings.created]
  return { text: settings.result(), created: unique(created), deny: unique([...kept, ...added]) }
}

/** Containers that hold nothing but our entries: where no record tells otherwise, the install that made those made them too. */
function holdingOnly(text: string | undefined, own: readonly OwnEntry[], { commands, deny }: Wanted): string[] {
  if (text === undefined || own.length === 0) return []
  const present = new SettingsText(text)
  const without = new SettingsText(planUninstall(text, { commands, deny }))
  const paths = [['hooks'], ...own.map(({ event }) => ['hooks', event]), ['permissions'], ['permissions', 'deny']]
  return paths
    .filter((path) => present.at(path) !== undefined && without.at(path) === undefined)
    .map((path) => path.join('.'))
}

/** The text without our entries. Comes back unchanged where there are none. */
export function planUninstall(text: string, removable: Removable): string {
  const settings = new SettingsText(text)
  settings.checkShape([], false)
  const found = removeOwn(settings, removable.commands, removable.ours, [])
  const deny = removable.ours?.deny ?? (found > 0 ? removable.deny : [])
  removeRules(settings, deny, removable.ours)
  return settings.result()
}

/** Things about a settings text that keep the client from running hooks, each one sentence. */
export function settingsWarnings(text: string): string[] {
  const warnings: string[] = []
  const body = text.startsWith(byteOrderMark) ? text.slice(1) : text
  if (!isStrictJson(body)) {
    warnings.push(
      'It has comments or trailing commas, which are no JSON: Claude Code takes nothing of such a file, so no hook in it runs until they are taken out.',
    )
  }
  const off = members(readTree(body), 'disableAllHooks').some((node) => plainValue(node) === true)
  if (off) warnings.push('It says "disableAllHooks": true, so no hook will run.')
  return warnings
}

/** One of our entries as it stands in a settings text. */
interface OwnEntry extends HookEntry {
  readonly command: string
}

const findOwn = (settings: SettingsText, commands: ReadonlySet<string>): OwnEntry[] =>
  settings.hookEntries().flatMap((entry) => {
    const command = stringMember(entry.hook, 'command')
    return command === undefined || !commands.has(command) ? [] : [{ ...entry, command }]
  })

/** An entry counts as the wanted one whatever timeout or further fields the person gave it. */
function isSame(own: OwnEntry, entry: SettingsEntry): boolean {
  return (
    own.event === entry.event && own.command === entry.hook.command && all(own.matcher) === all(entry.matcher ?? '')
  )
}

/** `*`, an empty matcher and none mean the same. */
function all(matcher: string): string {
  return matcher === '*' ? '' : matcher
}

/** Takes out our entries, but for the first one of each that is `wanted`; returns how many were found. */
function removeOwn(
  settings: SettingsText,
  commands: ReadonlySet<string>,
  ours: Ours | undefined,
  wanted: readonly SettingsEntry[],
): number {
  const found = findOwn(settings, commands)
  const keep = new Set(wanted.map((entry) => found.find((own) => isSame(own, entry))))
  // From the end, so that the positions of those still to go stay right.
  for (const own of found.filter((each) => !keep.has(each)).reverse()) {
    if (countAt(settings, own) > 1) {
      settings.remove(hookPath(own))
      continue
    }
    settings.remove(['hooks', own.event, own.group])
    removeIfEmpty(settings, ['hooks', own.event], ours)
  }
  return found.length
}

function countAt(settings: SettingsText, { event, group }: OwnEntry): number {
  const node = settings.at(['hooks', event])?.children?.[group]
  return node === undefined ? 0 : (members(node, 'hooks')[0]?.children?.length ?? 0)
}

function removeRules(settings: SettingsText, rules: readonly string[], ours: Ours | undefined): void {
  for (const rule of rules) {
    const index = settings.strings(['permissions', 'deny']).lastIndexOf(rule)
    if (index < 0) continue
    settings.remove(['permissions', 'deny', index])
    removeIfEmpty(settings, ['permissions', 'deny'], ours)
  }
}

/** Takes out a container that we emptied, and its parent, unless the person had made it. */
function removeIfEmpty(settings: SettingsText, path: readonly string[], ours: Ours | undefined): void {
  if (path.length === 0 || (settings.at(path)?.children ?? []).length > 0) return
  if (ours !== undefined && !ours.created.includes(path.join('.'))) return
  settings.remove([...path])
  removeIfEmpty(settings, path.slice(0, -1), ours)
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
