import { join } from 'node:path'
import { isRecord } from '../calls/json.ts'
import { redact } from '../calls/redact.ts'
import { clean } from '../calls/result.ts'
import { defaultConfig } from '../config/load.ts'
import type { Incident } from '../engine/incident.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { type Place, placeOf } from '../install/place.ts'
import { readRecord, sha256 } from '../install/record.ts'
import { causeLine } from '../system/known-error.ts'
import type { Files } from '../system/system.ts'
import { damageIncident } from './damage.ts'
import { circuitStateKind } from './documents.ts'
import { lostCircuits } from './lost-circuits.ts'
import { ownFileNames } from './own-file-names.ts'
import type { Project } from './project.ts'
import { brokenSeal, sealed, tampered, tamperLine } from './seal.ts'
import { hasList, ownHooks, type Seen, seenKind } from './seen.ts'

export interface Watch {
  /** Lines for the person; each is in the incident log too. */
  readonly person: readonly string[]
  /** Why the look failed, for stderr. */
  readonly notes: readonly string[]
}

/**
 * Looks at state, config, hook files and settings entries, and remembers what is there now, so that everything is told
 * once. Done when a session starts and with its prompts, where Node runs anyway, time matters least and the person reads. A
 * change of the config is a person's right: it is told and holds. Our own writes, an upgrade by install and what was never there
 * are no news. A light, not a wall: whoever knows of the list can change it too.
 *
 * @param begins the session does: a list that is not there was never made, and was not taken away since.
 */
export async function lookAround(project: Project, session: string, begins = false): Promise<Watch> {
  try {
    const incidents = [...(await lookAtState(project, session)), ...(await lookAtRest(project, session, begins))]
    appendIncidents(project.system, project.paths.incidents, incidents)
    return { person: incidents.filter(({ kind }) => kind === 'tamper').map(tamperLine), notes: [] }
  } catch (error) {
    return { person: [], notes: [causeLine(error)] }
  }
}

async function lookAtState(project: Project, session: string): Promise<Incident[]> {
  const judge = (state: Parameters<typeof brokenSeal>[1]) =>
    brokenSeal(project, state, session) ?? lostCircuits(project, state, session)
  const { document, damage } = await project.store.read(circuitStateKind)
  // What is damaged is told by the update that sets it aside.
  if (damage !== undefined || judge(document) === undefined) return []
  let found: Incident | undefined
  const result = await project.store.update(circuitStateKind, (state) => {
    found = judge(state)
    return found === undefined ? state : sealed(state)
  })
  return result.kind === 'written' && found !== undefined ? [found] : []
}

async function lookAtRest(project: Project, session: string, begins: boolean): Promise<Incident[]> {
  const isMissing = !begins && !hasList(project)
  const { document } = await project.store.read(seenKind)
  const now = survey(project, document)
  if (isUpToDate(document, now)) return []
  // A project without hooks of its own gets no memory folder for a prompt or a start alone.
  const isKnown = project.system.files.facts(project.paths.memory) !== undefined
  if (!isKnown && now.hooks.size === 0) return []
  let found: [subject: string, reason: string][] = []
  const result = await project.store.update(seenKind, (seen) => {
    found = same(seen.facts, now.facts) ? [] : differences(seen.facts, now, isMissing)
    return isUpToDate(seen, now) ? seen : { ...seen, facts: now.facts, files: now.files }
  })
  if (result.kind !== 'written') return []
  // Against a damaged list nothing can be compared.
  if (result.damage !== undefined) return [damageIncident(result.damage, project.now)]
  return found.map((news) => tampered(project, session, ...news))
}

const isUpToDate = ({ facts, files = [] }: Seen, now: Survey): boolean =>
  same(facts, now.facts) && same(files, now.files)

const same = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n')

/** What is there now. */
interface Survey {
  readonly facts: readonly string[]
  /** As in `Seen`. */
  readonly files: readonly string[]
  /** Hash of each hook file of the project. */
  readonly hooks: ReadonlyMap<string, string>
  /** What install has left, looked up only where something has changed. */
  readonly installed: () => Installed
}

interface Installed {
  /** Whether there is a record on this machine. */
  readonly isRecorded: boolean
  /** Hashes that install wrote, by hook file. */
  readonly written: ReadonlyMap<string, readonly string[]>
  /** Whether the settings are word for word what install, or guarding hooks, made. */
  readonly settingsAsWritten: boolean
}

const ownHookIn = new RegExp(String.raw`\.claude/hooks/((?:${ownFileNames.join('|')})[\w.-]*)`, 'g')
const ownRule = /^Edit\((?:~\/)?\.claude\/(?:memory\/circuit_breaker_|hooks\/)/

/** Looks at the project's own installation; one for the whole user guards many projects and is left out. */
function survey(project: Project, seen: Seen): Survey {
  const { files } = project.system
  const claude = join(project.paths.project, '.claude')
  const facts: string[] = configFacts(project)
  const hooks = new Map<string, string>()
  const stamps: string[] = []
  for (const name of ownHooks(project)) {
    const path = join(claude, 'hooks', name)
    const found = files.facts(path)
    if (found === undefined) continue
    const { kind, size, identity, changed } = found
    const stamp = `${name} ${identity} ${size} ${changed}`
    const known = changed !== undefined && seen.files?.includes(stamp) ? hashIn(seen.facts, name) : undefined
    const hash = known ?? (kind === 'file' && size < 8_000_000 ? sha256(files.readHead(path, size)) : kind)
    hooks.set(name, hash)
    facts.push(`hook ${name} ${hash}`)
    stamps.push(stamp)
  }
  const settings = (['project', 'local'] as const).map((scope): SettingsFound => {
    const place = placeOf(project.system, scope, project.paths.project)
    return { place, text: readText(project, place.settings) }
  })
  facts.push(...settings.flatMap(({ text }) => settingsFacts(text)))
  return { facts: [...new Set(facts)].sort(), files: stamps, hooks, installed: () => installedIn(files, settings) }
}

const hashIn = (facts: readonly string[], hook: string): string | undefined =>
  facts.find((fact) => fact.startsWith(`hook ${hook} `))?.slice(`hook ${hook} `.length)

interface SettingsFound {
  readonly place: Place
  /** Undefined where there is no file, or none that can be read. */
  readonly text: string | undefined
}

function installedIn(files: Files, settings: readonly SettingsFound[]): Installed {
  const found = settings.map(({ place, text }) => ({ text, record: readRecord(files, place) }))
  const records = found.flatMap(({ record }) => record ?? [])
  const isRecorded = records.length > 0
  const settingsAsWritten = found.every(({ text, record }) => {
    if (text === undefined) return true
    // What somebody keeps beside ours, without anything of ours in it, was never written by us.
    if (record === undefined) return isRecorded && settingsFacts(text).length === 0
    return [...record.settings.written, ...(record.guarded ?? [])].includes(sha256(text))
  })
  const written = new Map(records.flatMap((record) => record.hooks.map(({ file, sha256 }) => [file, sha256])))
  return { isRecorded, written, settingsAsWritten }
}

function readText({ system: { files } }: Project, path: string): string | undefined {
  try {
    const target = files.facts(path)?.kind === 'link' ? files.realPath(path) : path
    const facts = files.facts(target)
    return facts?.kind === 'file' && facts.size < 4_000_000 ? files.readText(target) : undefined
  } catch {
    return undefined
  }
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Which of our hooks the settings start on which event, and our deny rules. */
function settingsFacts(text: string | undefined): string[] {
  const settings = parse(text)
  if (!isRecord(settings)) return []
  const { hooks, permissions } = settings as { hooks?: unknown; permissions?: unknown }
  const entries = Object.entries(isRecord(hooks) ? hooks : {}).flatMap(([event, groups]) =>
    Array.from(JSON.stringify(groups).matchAll(ownHookIn), ([, name]) => `entry ${event} ${name}`),
  )
  const deny = isRecord(permissions) && Array.isArray(permissions['deny']) ? permissions['deny'] : []
  return [...entries, ...deny.filter((rule) => ownRule.test(String(rule))).map((rule) => `rule ${rule}`)]
}

function configFacts({ config, paths, system }: Project): string[] {
  const defaults = leaves(defaultConfig())
  const own = leaves(config).filter(([field, value]) => defaultOf(defaults, field) !== value)
  const file = system.files.facts(paths.config) === undefined ? [] : ['config file']
  return [...file, ...own.map(([field, value]) => `config ${field}=${brief(value)}`)]
}

/** A value of a config as one short line. */
const brief = (value: string): string => clean(redact(value), 100)

type Leaf = readonly [field: string, value: string]

const defaultOf = (defaults: readonly Leaf[], field: string): string | undefined =>
  defaults.find(([name]) => name === field)?.[1]

/** Every value of a config as JSON, by its dotted name. */
const leaves = (value: unknown, field = ''): Leaf[] =>
  isRecord(value)
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, field === '' ? key : `${field}.${key}`))
    : [[field, JSON.stringify(value) ?? '']]

const mend = 'breakerbox install puts it back'
const mendOf = (name: string): string => (name.startsWith('hook-guard') ? 'breakerbox guard-hooks puts it back' : mend)

/** What changed since the last look, as subject and reason. */
function differences(before: readonly string[], now: Survey, isMissing: boolean): [subject: string, reason: string][] {
  const news: [string, string][] = []
  const { isRecorded, written, settingsAsWritten } = now.installed()
  const changed = configChanges(before, now.facts)
  if (before.length === 0) {
    // The start of the session has left a list, and install a record: both are gone where the folder was.
    if (isMissing && !isRecorded && now.hooks.size > 0)
      news.push(['the memory folder', 'was emptied or removed since the session started; it is made anew'])
  } else if (before.includes('config file') && !now.facts.includes('config file')) {
    news.push(['circuit_breaker_config.json', 'is gone; the defaults hold'])
  } else if (changed.length > 0) {
    const shown = `${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`
    news.push(['circuit_breaker_config.json', `has changed: ${shown}`])
  }
  let upgraded = false
  for (const [name, hash] of now.hooks) {
    const known = written.get(name)
    if (known === undefined || before.includes(`hook ${name} ${hash}`)) continue
    if (known.includes(hash)) upgraded = true
    else news.push([name, `is not the file that install wrote; ${mendOf(name)}`])
  }
  for (const name of namesOf(before, 'hook')) {
    if (!now.hooks.has(name) && !(settingsAsWritten && !written.has(name)))
      news.push([name, `is gone; ${mendOf(name)}`])
  }
  if (upgraded || settingsAsWritten) return news
  for (const fact of before) {
    if (now.facts.includes(fact)) continue
    const [kind = '', event = '', name = ''] = fact.split(' ')
    if (kind === 'rule') news.push(['the settings', `no longer hold the rule ${fact.slice(5)}; ${mend}`])
    if (kind === 'entry') news.push(['the settings', `no longer start ${name} on ${event}; ${mendOf(name)}`])
  }
  return news
}

const namesOf = (facts: readonly string[], kind: string): string[] =>
  facts.filter((fact) => fact.startsWith(`${kind} `)).map((fact) => fact.split(' ')[1] ?? '')

function configChanges(before: readonly string[], now: readonly string[]): string[] {
  const defaults = leaves(defaultConfig())
  const values = (facts: readonly string[]) =>
    new Map(
      facts
        .filter((fact) => fact.startsWith('config ') && fact.includes('='))
        .map((fact): [string, string] => [
          fact.slice(7, fact.indexOf('=')),
          clean(fact.slice(fact.indexOf('=') + 1), 100),
        ]),
    )
  const [old, current] = [values(before), values(now)]
  return [...new Set([...old.keys(), ...current.keys()])].sort().flatMap((field) => {
    const [was, is] = [old, current].map((table) => table.get(field) ?? brief(defaultOf(defaults, field) ?? '?'))
    return was === is ? [] : [`${field.replace(/^circuit_breakers\./, '')} ${was} → ${is}`]
  })
}
