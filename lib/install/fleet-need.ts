import { join } from 'node:path'
import { fleetAddress, shownAddress } from '../config/fleet-address.ts'
import type { Place, Surroundings } from './place.ts'

/** The part that knows the server of a fleet; hooks load it from beside themselves. */
export const fleetFiles: readonly string[] = ['fleet-store.cjs']

/**
 * Whether the part has to stand beside the hooks: a server is configured. One that stands there already is kept up to date, also
 * where an environment variable that named the server is not set this time; only uninstall takes it away.
 */
export const needsFleet = (system: Surroundings, { hooks }: Place): boolean =>
  fleetAddress(system) !== undefined || fleetFiles.some((name) => system.files.facts(join(hooks, name)) !== undefined)

/** Said of the part. */
export function fleetNote(system: Surroundings, place: Place): string[] {
  const address = fleetAddress(system)
  if (address !== undefined) return [`limits of scope "fleet" are shared through ${shownAddress(address.url)}.`]
  if (!needsFleet(system, place)) return []
  return [`no Redis server is configured any more; ${fleetFiles.join(', ')} stays until uninstall.`]
}
