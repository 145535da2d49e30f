import type { System } from '../system/system.ts'
import { type Place, placeOf, sharingScope } from './place.ts'
import { readSettings } from './settings-file.ts'

/** Whether a settings text names the guard in a hooks folder, by our hand or another: then its files are needed. */
export const namesGuard = (text: string | undefined): boolean => text?.includes('.claude/hooks/hook-guard.') ?? false

/** Whether the guard's files must stay: for what is left in these settings, or for those that share the hooks folder. */
export const needsGuard = (system: Readable, place: Place, left: string | undefined): boolean =>
  isNamed(system, place, left, namesGuard)

type Readable = Pick<System, 'files' | 'env' | 'homeFolder'>

/** Whether a file is named by what is left in these settings, or by those that share the hooks folder. */
export function isNamed(
  system: Readable,
  place: Place,
  left: string | undefined,
  names: (text: string | undefined) => boolean,
): boolean {
  const sharing = sharingScope(place.scope)
  if (names(left) || sharing === undefined) return names(left)
  try {
    return names(readSettings(system.files, placeOf(system, sharing, place.root).settings, 0o644).text)
  } catch {
    // Settings that cannot be read now may be mended later and then need it.
    return true
  }
}

/** Said where what is left in the settings was guarded by somebody's hand. */
export const handGuardNote = ({ settings, hooks }: Place): string =>
  `${settings} has hooks that were guarded by hand; they stay so, and so does hook-guard in ${hooks}.`
