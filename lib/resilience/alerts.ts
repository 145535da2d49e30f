import { basename } from 'node:path'
import { hash } from '../calls/hash.ts'
import { projectOf, withoutProjectWords } from '../config/own-words.ts'
import type { ProjectPaths } from '../config/paths.ts'
import type { Incident } from '../engine/incident.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import { nodeBeside } from '../system/beside.ts'
import type { System } from '../system/system.ts'
import { type Alert, alertBody } from './alert-message.ts'
import { flusherFile, reporting } from './hand.ts'
import { serviceSettings } from './service-settings.ts'

/**
 * Tells the webhook of the user's own config what a team wants to know: a circuit that opened for the third time, a halted
 * run, a hook taken down. A part of its own beside the hooks: only who has configured a webhook installs it, and only
 * such an incident loads it. It leaves the message in the spool; nobody waits for the network.
 */

/** Of one circuit or hook, one message in this time, milliseconds. */
const quietMilliseconds = 60 * 60 * 1000
/** From this trip of one circuit on. */
const manyTrips = 3
/** Trips that are this old are of another story, milliseconds. */
const longestStory = 24 * 60 * 60 * 1000
/** The end of the incident log that is read, bytes. */
const longestLog = 1_000_000

/** What a hook's record holds, as far as a message needs it. */
interface DownHook {
  readonly consecutive_failures: number
  readonly last_error: string | null
}

/**
 * Tells of those of a project's incidents that are worth it. They stand in the log already.
 *
 * @throws where the disk refuses.
 */
export function alertIncidents(system: System, paths: ProjectPaths, incidents: readonly Incident[]): void {
  for (const incident of incidents) {
    const alert = alertOf(system, paths, incident)
    if (alert !== undefined) send(system, circuitOf(incident), alert)
  }
}

/**
 * Tells of a hook that was taken out of the way.
 *
 * @param key what the hook is called in the state.
 * @throws where the disk refuses.
 */
export function alertHookDown(system: System, key: string, hook: DownHook): void {
  send(system, key, {
    kind: 'hook_down',
    at: new Date(system.clock()).toISOString(),
    machine: system.host,
    subject: key,
    count: hook.consecutive_failures,
    reason: hook.last_error ?? '',
  })
}

function alertOf(system: System, { project, incidents }: ProjectPaths, incident: Incident): Alert | undefined {
  const { kind, at, session, pattern, subject = '', reason = '', count = 0 } = incident
  const frame = {
    at,
    machine: system.host,
    project: basename(project),
    ...(session === undefined ? {} : { session_id: session }),
    ...(pattern === undefined ? {} : { pattern }),
    subject,
    reason,
  }
  if (kind === 'halt') return { kind: 'run_halted', ...frame, count }
  if (!isTrip(incident)) return undefined
  const trips = tripsOf(system, incidents, incident)
  return trips < manyTrips ? undefined : { kind: 'circuit_tripped', ...frame, count: trips }
}

/** How often a circuit has opened: the log says, or, where its beginning is gone, how far its cooldown has climbed. */
function tripsOf(system: System, log: string, incident: Incident): number {
  const circuit = circuitOf(incident)
  const now = Date.parse(incident.at)
  const logged = readIncidents(system, log, longestLog).incidents.filter(
    (other) => isTrip(other) && circuitOf(other) === circuit && now - Date.parse(other.at) < longestStory,
  )
  return Math.max(logged.length, incident.level ?? 1)
}

const isTrip = ({ kind }: Incident): boolean => kind === 'trip' || kind === 'reopen'

const circuitOf = ({ pattern, session, subject }: Incident): string => [pattern, session, subject].join('\n')

function send(system: System, subject: string, alert: Alert): void {
  const own = withoutProjectWords(system, projectOf(system))
  const { settings } = serviceSettings(own)
  if (settings.alerts === undefined) return
  const { hand, news } = reporting(own, settings, nodeBeside(flusherFile))
  const { format } = settings.alerts
  const key = `alert-${hash(subject)}`
  if (!news.isNew(key, '', quietMilliseconds)) return
  const id = `${key}-${Date.parse(alert.at)}`
  hand({ id, key, at: alert.at, route: 'alerts', kind: alert.kind, body: alertBody(alert, format) })
}
