import type { Incident } from '../engine/incident.ts'
import type { Damage } from '../store/store.ts'

/** What became of a damaged document, in one line. */
export const describeDamage = ({ key, cause, setAsideAs }: Damage): string =>
  `${key}.json was damaged (${cause}); ${setAsideAs === undefined ? 'it could not be set aside' : `the old file is now ${setAsideAs}`}`

/** Damage is told once: the next reader finds the replacement. */
export const damageIncident = (damage: Damage, now: number): Incident => ({
  at: new Date(now).toISOString(),
  kind: 'error',
  subject: `${damage.key}.json`,
  reason: describeDamage(damage),
})
