import { join } from 'node:path'
import { namesWord } from '../resilience/names-word.ts'
import { serviceSettings } from '../resilience/service-settings.ts'
import type { HookRegistration } from './hook-table.ts'
import { hookFiles, hookTable, trackingTable } from './hook-table.ts'
import type { Place, Surroundings } from './place.ts'

/** Hands over in the background what hooks have left in the spool; whatever fills it needs it beside itself. */
const flusher = 'event-flusher.cjs'
/** Tells the webhook of incidents; hooks load it from beside themselves. */
const alerts = 'service-alerts.cjs'
const tracker = 'pattern-tracker.cjs'

/** What hooks load or start of it by themselves, where an address is named. */
export const reportingParts: readonly string[] = [alerts, flusher]
/** Everything that reports to a service, needed or not. */
export const reportingFiles: readonly string[] = [tracker, ...reportingParts]

/** What the person says of tracking; what is absent stays as it is. */
export interface TrackingWish {
  readonly tracking?: boolean
  /** Whether contents are reported; where nothing was ever said, they are. */
  readonly content?: boolean
}

/** What is registered. @param settings as they are. */
export function tableFor({ tracking, content }: TrackingWish, settings = ''): readonly HookRegistration[] {
  const command = `.claude/hooks/${tracker}`
  if (!(tracking ?? settings.includes(command))) return hookTable
  const hasContent = content ?? !settings.includes(`${command} ${namesWord}`)
  return [...hookTable, ...trackingTable(hasContent ? 'always' : 'names')]
}

/**
 * Files that have to stand beside the hooks for what they report. The part for alerts is kept up to date once it is there; only
 * uninstall takes it away.
 */
export function reportingNeeds(
  system: Surroundings,
  { hooks }: Place,
  table: readonly HookRegistration[],
): readonly string[] {
  const isTracking = hookFiles(table).includes(tracker)
  const isAlerting =
    serviceSettings(system).settings.alerts !== undefined || system.files.facts(join(hooks, alerts)) !== undefined
  return [...(isAlerting ? [alerts] : []), ...(isTracking || isAlerting ? [flusher] : [])]
}

/** Said of them. */
export function reportingNotes(system: Surroundings, table: readonly HookRegistration[]): string[] {
  const { settings, problems } = serviceSettings(system)
  const { tracking, alerts: webhook } = settings
  const isTracking = hookFiles(table).includes(tracker)
  const hasContent = tracking?.content === true && !table.some(({ form }) => form === 'names')
  return [
    ...problems,
    ...(isTracking && tracking !== undefined
      ? [
          `what Write and Edit do is reported to ${hostOf(tracking.url)}${hasContent ? ', contents included' : ', without contents'}.`,
        ]
      : []),
    ...(isTracking && tracking === undefined
      ? [
          'tracking is registered and off: INTELLIGENCE_SERVICE_URL, or tracking.url in ~/.claude/breakerbox.json, names the service.',
        ]
      : []),
    ...(webhook === undefined ? [] : [`incidents are reported to ${hostOf(webhook.webhook)}.`]),
  ]
}

/** The part of an address that is no secret. */
const hostOf = (url: string): string => new URL(url).origin
