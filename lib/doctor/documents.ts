import { basename } from 'node:path'
import { loadUserConfig, userConfigPath } from '../config/user-config.ts'
import { guardPaths } from '../guard/guard-paths.ts'
import { hookBlocksKind } from '../guard/hook-repeats.ts'
import { hookStateKind } from '../guard/hook-state.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import { scopes } from '../install/hook-table.ts'
import { type Place, placeOf } from '../install/place.ts'
import { readRecord } from '../install/record.ts'
import { damageIncident } from '../session/damage.ts'
import { circuitStateKind, haltKind, sessionKind, sharedKind } from '../session/documents.ts'
import { modelApiKind } from '../session/model-api.ts'
import { seenKind } from '../session/seen.ts'
import { counted } from '../status/quantities.ts'
import { damagedName } from '../store/file-lock.ts'
import { fileStore } from '../store/file-store.ts'
import type { DocumentKind, Store } from '../store/store.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import { fine, type Mend, note, problem, type Told } from './finding.ts'
import { type Check, editCommand, hasMemory, type Look, ownCommand } from './look.ts'
import { installCommand, reinstall, usedScopes } from './reinstall.ts'

/** The project's config and the user's own: every wrong value is named, and the default holds. */
export const configs: Check = {
  id: 'config',
  group: 'Settings',
  examine(look) {
    const { system, project } = look
    const own = project.configProblems
    const user = loadUserConfig(system).problems.map(({ message }) => message)
    const told = [
      ...(own.length === 0 ? [] : [configTold('config-invalid', look, project.paths.config, own)]),
      ...(user.length === 0 ? [] : [configTold('user-config-invalid', look, userConfigPath(system), user)]),
      ...mode(look),
    ]
    const isThere = system.files.facts(project.paths.config) !== undefined
    return told.length > 0
      ? told
      : [fine('config', isThere ? 'the config is valid' : 'there is no config: the defaults hold')]
  },
}

function configTold(
  id: 'config-invalid' | 'user-config-invalid',
  look: Look,
  path: string,
  problems: readonly string[],
): Told {
  const title = `${path}: ${counted(problems.length, 'value')} cannot be used`
  return problem(id, title, { detail: problems.slice(0, 10), command: editCommand(look, path) })
}

function mode(look: Look): Told[] {
  const { config, paths } = look.project
  if (config.mode === 'enforce') return []
  const what =
    config.mode === 'off' ? 'nothing is counted and nothing is refused' : 'loops are recorded and nothing is refused'
  return [note('breakers-off', `"mode": "${config.mode}": ${what}`, { command: editCommand(look, paths.config) })]
}

/** Every document that hooks keep: whether it can be read as what it is. */
export const documents: Check = {
  id: 'documents',
  group: 'Memory',
  async examine(look) {
    const { project, system } = look
    const kept = hasMemory(look) ? projectKinds(look).map((kind) => ({ kind, store: project.store })) : []
    const guards = guardPaths(system)
    const shared = { kind: hookStateKind(guards.name), store: fileStore(system, guards.folder, { isMemory: false }) }
    const damaged = await Promise.all([...kept, shared].map(({ kind, store }) => judgeDocument(look, store, kind)))
    const odd = [...damaged.flat(), ...records(look), ...log(look), ...(await halted(look))]
    return odd.length > 0 ? odd : [fine('documents', 'state, sessions, incident log and records can be read')]
  },
}

type AnyKind = DocumentKind<object>

function projectKinds({ system, project }: Look): AnyKind[] {
  const { sessions } = project.paths
  const names = system.files.facts(sessions)?.kind === 'folder' ? system.files.list(sessions) : []
  return [
    circuitStateKind,
    sharedKind,
    haltKind,
    seenKind,
    hookBlocksKind,
    modelApiKind,
    ...names.filter((name) => /^[A-Za-z0-9_-]+\.json$/.test(name)).map((name) => sessionKind(basename(name, '.json'))),
  ] as AnyKind[]
}

async function judgeDocument(look: Look, store: Store, kind: AnyKind): Promise<Told[]> {
  try {
    const { damage } = await store.read(kind)
    if (damage === undefined) return []
    return [
      problem('document-damaged', `${kind.key}.json cannot be read: ${damage.cause}`, {
        detail: ['It counts as empty. It is set aside under another name, and nothing of it is lost.'],
        command: ownCommand(look, 'doctor --fix'),
        mend: setAside(look, store, kind),
      }),
    ]
  } catch (error) {
    // Rights are another check's.
    if (errorCode(error) === 'EACCES') throw error
    return [problem('document-damaged', causeLine(error), { detail: ['Hooks that need it let the call run.'] })]
  }
}

/** As any hook does with the next change of the document, told in the log. */
const setAside = ({ system, project }: Look, store: Store, kind: AnyKind): Mend => ({
  key: `document ${kind.key}`,
  does: `set the damaged ${kind.key}.json aside and begin a new one`,
  async act() {
    const result = await store.update(kind, (document) => ({ ...document }))
    if (result.kind === 'busy') throw new Error('it is locked by another process')
    if (result.damage !== undefined)
      appendIncidents(system, project.paths.incidents, [damageIncident(result.damage, system.clock())])
  },
})

/** What install remembers: without it uninstall cannot give back every byte. */
function records(look: Look): Told[] {
  const { system, project } = look
  return scopes.flatMap((scope) => {
    const place = placeOf(system, scope, project.paths.project)
    if (system.files.facts(place.record) === undefined) return missingRecord(look, place)
    try {
      if (readRecord(system.files, place) !== undefined) return []
    } catch {
      // Told like any other damage.
    }
    const isUsed = usedScopes(look).includes(scope)
    return [
      note('record-damaged', `${place.record} cannot be read: what install remembers is lost`, {
        detail: ['Uninstall then takes out what is ours and cannot give back the settings byte for byte.'],
        command: ownCommand(look, 'doctor --fix'),
        mend: {
          key: `record ${scope}`,
          does: `set ${basename(place.record)} aside${isUsed ? ' and have install write a new one' : ''}`,
          async act() {
            system.files.rename(place.record, damagedName(system, place.record))
            if (isUsed) await reinstall(look, scope).act()
          },
        },
      }),
    ]
  })
}

/** Settings with our entries and no record: it was deleted, or this is a clone in which nothing was installed. */
function missingRecord(look: Look, { scope, record, memory }: Place): Told[] {
  if (!usedScopes(look).includes(scope) || look.system.files.facts(memory)?.kind !== 'folder') return []
  return [
    note('record-missing', `${record} is missing: what install remembers is lost, or was never there, as in a clone`, {
      detail: ['Uninstall then takes out what is ours and cannot give back the settings byte for byte.'],
      command: installCommand(look, scope),
      mend: reinstall(look, scope),
    }),
  ]
}

/** Bytes of the log's end that are looked at. */
const mostLog = 4_000_000

function log(look: Look): Told[] {
  const { system, project } = look
  const path = project.paths.incidents
  const facts = system.files.facts(path)
  if (facts === undefined) return []
  if (facts.kind !== 'file') {
    const detail = ['The next incident sets it aside and begins a new log.']
    return [note('incidents-damaged', `${path} is a ${facts.kind}, no file`, { detail })]
  }
  const { damaged } = readIncidents(system, path, mostLog)
  // Of a log whose beginning is left out the first line may be cut.
  const broken = facts.size > mostLog ? damaged - 1 : damaged
  if (broken <= 0) return []
  const detail = ['They are passed over by everything that reads the log.']
  return [note('incidents-damaged', `${counted(broken, 'line')} of ${path} cannot be read`, { detail })]
}

async function halted(look: Look): Promise<Told[]> {
  if (!hasMemory(look)) return []
  try {
    const { document } = await look.project.store.read(haltKind)
    if (document.at === undefined) return []
    const title = `a run was halted at ${document.at} and nobody has answered yet: ${document.subject ?? ''}`
    return [note('run-halted', title, { command: 'circuit-status --halted' })]
  } catch {
    // What stands in the way of the file is told above.
    return []
  }
}
