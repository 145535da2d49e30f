import { isNamed } from './guard-need.ts'
import { guardFiles } from './guard-wrap.ts'
import { copySteps, readBundles, removeSteps } from './hook-files.ts'
import type { Scope } from './hook-table.ts'
import { type Change, holdsOnlyWrappers, linkNote, ownFolders, refusingFor, settingsStep } from './install.ts'
import { InstallError } from './install-error.ts'
import { type Place, placeOf, type Surroundings } from './place.ts'
import { settingsWarnings } from './plan.ts'
import { readRecord, withHash } from './record.ts'
import { recordSteps, sharedRecordSteps } from './record-steps.ts'
import { changedText, openSettings, readSettings, type SettingsFile } from './settings-file.ts'
import { hasStatusLine, planStatusLine, planStatusLineRelease, type StatusLineFate } from './status-line-plan.ts'
import { namesStatusLine, statusLineFiles } from './status-line-wrap.ts'
import { leftovers, namesIn, type Step } from './steps.ts'

export interface StatusLineRequest {
  readonly scope: Scope
  /** Absolute path of the project; of no effect for the user scope. */
  readonly project: string
  /** Folder that holds the built hooks. */
  readonly bundles: string
  /** Whether a POSIX shell runs the client's commands. */
  readonly shell: boolean
}

/** What putting our segment into a status line, or taking it out, would do. */
export interface StatusLineChange extends Change {
  readonly fate: StatusLineFate
}

/**
 * Reads what is there and says what putting our segment into its status line would do; changes nothing. What it leaves in the settings
 * holds all of the original, so nothing else has to be remembered.
 *
 * @throws InstallError where the settings cannot be edited, the status line of another scope would no longer show, a built file is missing, or a
 *   foreign one is in the way.
 */
export function prepareStatusLine(system: Surroundings, request: StatusLineRequest): StatusLineChange {
  const { files } = system
  const { place, settings } = openSettings(system, request, request.scope === 'project' ? 0o644 : 0o600)
  const plan = refusingFor(settings.path, () => planStatusLine(settings.text, request))
  if (plan.fate.kind === 'added') refuseToHide(system, place)
  // Whoever prints the segment in a line of their own may do without our file.
  const isUsed = namesStatusLine(plan.text)
  const bundles = isUsed ? readBundles(files, request.bundles, statusLineFiles) : []
  const claude: Step = { kind: 'folder', path: place.claude, mode: 0o755 }
  const steps = [
    ...leftovers(files, ownFolders(place, settings)),
    ...recordSteps(files, place, statusLineFiles, changedText(settings, plan.text), (name, known) =>
      bundles.filter((bundle) => bundle.name === name).flatMap(({ hash }) => withHash(known, hash)),
    ),
    ...(files.facts(place.claude) === undefined ? [claude] : []),
    ...(isUsed ? copySteps(files, place.hooks, bundles) : []),
    // Last, so that the settings never name a file that is not there.
    ...(plan.text === undefined ? [] : settingsStep(settings, plan.text)),
  ]
  const warnings = settingsWarnings(plan.text ?? '').map((warning) => `${place.settings}: ${warning}`)
  const notes = [...warnings, ...hiddenNotes(system, place, request.project), ...sharedNote(place, plan.fate)]
  return change(place, settings, plan, steps, notes)
}

/**
 * Reads what is there and says what giving the status line back as it was would do; changes nothing.
 *
 * @throws InstallError where the settings cannot be edited.
 */
export function prepareStatusLineRelease(
  system: Surroundings,
  request: Pick<StatusLineRequest, 'scope' | 'project'>,
): StatusLineChange {
  const { files } = system
  const { place, settings } = openSettings(system, request, 0o644)
  const { text } = settings
  const plan =
    text === undefined
      ? { text, fate: { kind: 'not there' } as const }
      : refusingFor(settings.path, () => planStatusLineRelease(text))
  const isNeeded = isNamed(system, place, plan.text, namesStatusLine)
  const record = readRecord(files, place)
  const isGone = text !== undefined && plan.text === undefined
  const steps: Step[] = [
    ...recordSteps(files, place, statusLineFiles, changedText(settings, plan.text), (_, known) =>
      isNeeded ? known : [],
    ),
    ...(isNeeded ? [] : sharedRecordSteps(system, place, statusLineFiles)),
    // Before the files, so that the settings never name one that is gone.
    ...(isGone ? [{ kind: 'remove', path: settings.target } as const] : []),
    ...(plan.text === undefined ? [] : settingsStep(settings, plan.text)),
    ...leftovers(files, ownFolders(place, settings)),
    ...(isNeeded ? [] : removeSteps(files, place.hooks, statusLineFiles)),
    ...(isNeeded || record !== undefined ? [] : folderSteps(system, place, isGone)),
  ]
  return change(place, settings, plan, steps, [])
}

/** Folders that only our file has made; where Breakerbox is installed, uninstall sees to them. */
function folderSteps({ files }: Surroundings, place: Place, isSettingsGone: boolean): Step[] {
  const isOurs =
    holdsOnlyWrappers(files, place) && !namesIn(files, place.hooks).some((name) => guardFiles.includes(name))
  return [
    ...(isOurs ? [{ kind: 'removeEmptyFolder', path: place.hooks } as const] : []),
    ...(isSettingsGone ? [{ kind: 'removeEmptyFolder', path: place.claude } as const] : []),
  ]
}

/** Settings of a later scope hide the status line of the earlier ones. */
const precedence: readonly Scope[] = ['user', 'project', 'local']

/** @throws InstallError where the person's own status line would no longer show. */
function refuseToHide(system: Surroundings, { scope, root, settings }: Place): void {
  const [hidden] = precedence
    .slice(0, precedence.indexOf(scope))
    .map((each) => placeOf(system, each, root))
    .filter((each) => each.settings !== settings && hasLine(system, each))
  if (hidden === undefined) return
  throw new InstallError(
    hidden.settings,
    `it has a status line, which one of ${scope} scope would hide; say --scope ${hidden.scope}, and both are shown`,
  )
}

/** Settings of a later scope that hide what is registered here. */
const hiddenNotes = (system: Surroundings, { scope, settings }: Place, project: string): string[] =>
  precedence
    .slice(precedence.indexOf(scope) + 1)
    .map((each) => placeOf(system, each, project))
    .filter((each) => each.settings !== settings && hasLine(system, each))
    .map((each) => `${each.settings} has a status line of its own, which is the one that shows there.`)

const sharedNote = ({ scope, settings }: Place, { kind }: StatusLineFate): string[] =>
  scope === 'project' && kind === 'added'
    ? [
        `whoever opens this project with ${settings} sees this status line instead of their own; --scope user or local is for you alone.`,
      ]
    : []

function hasLine({ files }: Surroundings, place: Place): boolean {
  try {
    const { text } = readSettings(files, place.settings, 0o644)
    return text !== undefined && hasStatusLine(text)
  } catch {
    // The client cannot read them either.
    return false
  }
}

const change = (
  place: Place,
  settings: SettingsFile,
  { text, fate }: { readonly text: string | undefined; readonly fate: StatusLineFate },
  steps: readonly Step[],
  notes: readonly string[],
): StatusLineChange => ({
  place,
  steps,
  settings: { path: place.settings, before: settings.text, after: text },
  notes: [...linkNote(settings), ...notes],
  fate,
})
