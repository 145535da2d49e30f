import type { System } from '../system/system.ts'
import { type Place, placeOf, sharingScope } from './place.ts'
import { readSettings } from './settings-file.ts'

/** Whether a settings text names the guard in a hooks folder, by our hand or another: then its files are needed. */
export const namesGuard = (text: string | undefined): boolean => text?.includes('.claude/hooks/hook-guard.') ?? false

/** Whether the guard's files must stay: for what is left in these settings, or for those that share the hooks folder. */
export function needsGuard(
  system: Pick<System, 'files' | 'env' | 'homeFolder'>,
  place: Place,
  left: string | undefined,
): boolean {
  const sharing = sharingScope(place.scope)
  if (namesGuard(left) || sharing === undefined) return namesGuard(left)
  try {
    return namesGuard(readSettings(system.files, placeOf(system, sharing, place.root).settings, 0o644).text)
  } catch {
    // Settings that cannot be read now may be mended later and then need it.
    return true
  }
}

/** Said where what is left in the settings was guarded by somebody's hand. */
export const handGuardNote = ({ settings, hooks }: Place): string =>
  `${settings} has hooks that were guarded by hand; they stay so, and so does hook-guard in ${hooks}.`
