import manifest from '../../package.json' with { type: 'json' }
import type { Project } from '../session/project.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import type { Machine } from '../system/machine.ts'
import { armedMarker } from './armed-marker.ts'
import { clientVersion } from './client-version.ts'
import { clock } from './clock.ts'
import { rules } from './deny-rules.ts'
import { diskSpace } from './disk-space.ts'
import { configs, documents } from './documents.ts'
import { type Finding, groups, type Mend, problem, type Told } from './finding.ts'
import { fleetServer } from './fleet-server.ts'
import { guardedHooks } from './guarded-hooks.ts'
import { hookAnswers } from './hook-answers.ts'
import { hookFilesOnDisk } from './hook-files.ts'
import { lastErrors } from './last-errors.ts'
import { leftoverFiles } from './leftover-files.ts'
import { locks } from './locks.ts'
import type { Check, Look } from './look.ts'
import { memoryFolder } from './memory-folder.ts'
import { nodeVersion } from './node-version.ts'
import { otherHooks } from './other-hooks.ts'
import { projectAddresses } from './project-addresses.ts'
import { registration } from './registration.ts'
import { reports } from './reports.ts'
import { settingsFiles, switches } from './settings-files.ts'
import { hooksIn, managedFolder, settingsSources } from './settings-sources.ts'
import { spoolWaiting } from './spool-waiting.ts'
import { versionIn } from './versions.ts'

/** Everything that is looked at, in the order of the report. */
export const checks: readonly Check[] = [
  nodeVersion,
  clientVersion,
  settingsFiles,
  switches,
  configs,
  rules,
  registration,
  hookFilesOnDisk,
  hookAnswers,
  otherHooks,
  memoryFolder,
  documents,
  armedMarker,
  spoolWaiting,
  locks,
  leftoverFiles,
  diskSpace,
  clock,
  fleetServer,
  reports,
  projectAddresses,
  lastErrors,
  guardedHooks,
]

/** What an examination has come to. */
export interface Examined {
  readonly findings: readonly Finding[]
  /** What mends those that can be mended safely, by the finding; one mend may stand for several. */
  readonly mends: ReadonlyMap<Finding, Mend>
}

/**
 * Looks at everything, one check after another, and changes nothing. A check that fails is a finding itself, and the others go on.
 *
 * @param options of this command: the folder of its built hooks, and whether it should run none of those that are registered.
 */
export async function examine(
  project: Project,
  machine: Machine,
  options: Pick<Look, 'bundles' | 'quick'>,
): Promise<Examined> {
  const { system } = project
  const sources = settingsSources(system, project.paths.project, managedFolder(machine))
  const look: Look = {
    system,
    machine,
    project,
    ...options,
    version: manifest.version,
    lowestNode: versionIn(`${manifest.engines.node.replace(/^\D+/, '')}.0`) ?? '20.0',
    sources,
    hooks: hooksIn(sources),
  }
  const mends = new Map<Finding, Mend>()
  const findings: Finding[] = []
  const denied = new Set<Finding>()
  for (const check of checks) {
    const { all, isDenied = false } = await examined(check, look)
    for (const told of all) {
      const finding = findingOf(check, told)
      findings.push(finding)
      if (told.mend !== undefined) mends.set(finding, told.mend)
      if (isDenied) denied.add(finding)
    }
  }
  // Where rights are missing, that is told; what could not be looked at for it is no news.
  const isToldOfRights = findings.some(({ id }) => aboutRights.includes(id))
  const told = findings.filter((finding) => !(isToldOfRights && denied.has(finding)))
  return { findings: told.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group)), mends }
}

const aboutRights: readonly Finding['id'][] = ['memory-not-writable', 'memory-not-ours', 'hook-file-mode']

/** `isDenied`: it failed, because the system did not let it look. */
async function examined(check: Check, look: Look): Promise<{ all: readonly Told[]; isDenied?: boolean }> {
  try {
    return { all: await check.examine(look) }
  } catch (error) {
    const all = [problem('check-failed', `${check.id} could not be looked at: ${causeLine(error)}`)]
    return { all, isDenied: errorCode(error) === 'EACCES' }
  }
}

function findingOf({ group }: Check, { id, level, title, detail, command, mend }: Told): Finding {
  return {
    id,
    group,
    level,
    title,
    ...(detail === undefined ? {} : { detail }),
    ...(command === undefined ? {} : { fix: { command, safe: mend !== undefined } }),
  }
}
