import { loadUserConfig } from '../config/user-config.ts'
import { limitsOf } from '../guard/hook-limits.ts'
import type { HookClass } from '../guard/hook-state.ts'
import { handGuardNote, needsGuard } from './guard-need.ts'
import { type GuardPlan, type PlannedHook, planGuard, planRelease, releasedCommands } from './guard-plan.ts'
import { guardFiles } from './guard-wrap.ts'
import { copySteps, readBundles, removeSteps } from './hook-files.ts'
import { ownCommands, type Scope, scopes } from './hook-table.ts'
import { type Change, holdsOnlyWrappers, linkNote, ownFolders, refusingFor, settingsStep } from './install.ts'
import type { Place, Surroundings } from './place.ts'
import { settingsWarnings } from './plan.ts'
import { readRecord, withHash } from './record.ts'
import { recordSteps, sharedRecordSteps } from './record-steps.ts'
import { changedText, openSettings, type SettingsFile } from './settings-file.ts'
import { leftovers, type Step } from './steps.ts'

export interface GuardRequest {
  readonly scope: Scope
  /** Absolute path of the project; of no effect for the user scope. */
  readonly project: string
  /** Folder that holds the built hooks. */
  readonly bundles: string
  /** Whether a POSIX shell runs the client's commands. */
  readonly shell: boolean
  /** Absent: `convenience` for a hook that is not guarded yet, and no change for one that is. */
  readonly class?: HookClass
  /** Whether a hook, by its own command, is meant. */
  readonly isMeant: (command: string) => boolean
}

/** What guarding hooks, or no longer guarding them, would do. */
export interface GuardChange extends Change {
  /** Every hook of the settings, in their order. */
  readonly hooks: readonly PlannedHook[]
}

/**
 * Reads what is there and says what guarding its hooks would do; changes nothing. What guarding leaves in the settings holds
 * all of the original, so nothing else has to be remembered.
 *
 * @throws InstallError where the settings cannot be edited, a built hook is missing, or a foreign file is in the way.
 */
export function prepareGuard(system: Surroundings, request: GuardRequest): GuardChange {
  const { files } = system
  const { place, settings } = openSettings(system, request, 0o644)
  const { config, problems } = loadUserConfig(system)
  const plan = planned(settings, (text) =>
    planGuard(text, {
      ...request,
      home: system.homeFolder,
      ownCommands: new Set(scopes.flatMap((scope) => [...ownCommands(scope)])),
      secondsFor: (command) => limitsOf(command, config.hook_guard)?.timeout_seconds,
    }),
  )
  const isUsed = plan.hooks.some(({ fate }) => fate.kind === 'guarded' || fate.kind === 'guarded already')
  const bundles = isUsed ? readBundles(files, request.bundles, guardFiles) : []
  const steps = [
    ...leftovers(files, ownFolders(place, settings)),
    ...recordSteps(files, place, guardFiles, changedText(settings, plan.text), (name, known) =>
      bundles.filter((bundle) => bundle.name === name).flatMap(({ hash }) => withHash(known, hash)),
    ),
    ...(isUsed ? copySteps(files, place.hooks, bundles) : []),
    // Last, so that the settings never name a guard that is not there.
    ...(plan.text === undefined ? [] : settingsStep(settings, plan.text)),
  ]
  const warnings = isUsed ? settingsWarnings(plan.text ?? '').map((warning) => `${place.settings}: ${warning}`) : []
  return change(place, settings, plan, steps, [...problems.map(({ message }) => message), ...warnings])
}

/**
 * Reads what is there and says what giving the hooks back as they were would do; changes nothing.
 *
 * @throws InstallError where the settings cannot be edited.
 */
export function prepareRelease(
  system: Surroundings,
  request: Pick<GuardRequest, 'scope' | 'project' | 'isMeant'>,
): GuardChange {
  const { files } = system
  const { place, settings } = openSettings(system, request, 0o644)
  const plan = planned(settings, (text) => planRelease(text, request.isMeant))
  const isNeeded = needsGuard(system, place, plan.text)
  const record = readRecord(files, place)
  const ownsFolder = record === undefined ? holdsOnlyWrappers(files, place) : record.folders.includes('hooks')
  const folder: Step = { kind: 'removeEmptyFolder', path: place.hooks }
  const steps = [
    ...recordSteps(files, place, guardFiles, changedText(settings, plan.text), (_, known) => (isNeeded ? known : [])),
    ...(isNeeded ? [] : sharedRecordSteps(system, place, guardFiles)),
    // Before the files, so that the settings never name a guard that is gone.
    ...(plan.text === undefined ? [] : settingsStep(settings, plan.text)),
    ...leftovers(files, ownFolders(place, settings)),
    ...(isNeeded ? [] : removeSteps(files, place.hooks, guardFiles)),
    ...(isNeeded || !ownsFolder ? [] : [folder]),
  ]
  const byHand = plan.hooks.some(({ fate }) => fate.kind === 'left alone')
  return change(place, settings, plan, steps, byHand ? [handGuardNote(place)] : [])
}

interface Planned {
  /** Undefined where there are no settings. */
  readonly text: string | undefined
  readonly hooks: readonly PlannedHook[]
}

function planned({ path, text }: SettingsFile, plan: (text: string) => GuardPlan): Planned {
  return text === undefined ? { text, hooks: [] } : refusingFor(path, () => plan(text))
}

const change = (
  place: Place,
  settings: SettingsFile,
  { text, hooks }: Planned,
  steps: readonly Step[],
  notes: readonly string[],
): GuardChange => ({
  place,
  steps,
  settings: { path: place.settings, before: settings.text, after: text },
  notes: [...linkNote(settings), ...notes],
  hooks,
  released: releasedCommands(hooks),
})
