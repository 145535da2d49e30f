import { projectOf, withoutProjectWords } from '../config/own-words.ts'
import { nodeBeside, type ProgramWords } from '../system/beside.ts'
import type { System } from '../system/system.ts'
import { flusherFile, type Reporting, reporting } from './hand.ts'
import { changeHash, type Pattern, type PatternAction, type PatternChange, patternEvent } from './pattern-event.ts'
import { serviceSettings } from './service-settings.ts'

/** What became of a report. */
export type Tracked =
  /** It is in the spool, under this idempotency key. */
  | { readonly kind: 'kept'; readonly id: string }
  /** The same was reported of this pattern a moment ago. */
  | { readonly kind: 'repeated' }
  /** Nobody has named a service, or tracking is turned off. */
  | { readonly kind: 'off' }
  /** The disk refused it; counted, and of no consequence for the caller. */
  | { readonly kind: 'lost'; readonly cause: string }

export interface TrackerStatistics {
  /** Events of this process that went into the spool. */
  readonly created: number
  readonly modified: number
  readonly applied: number
  readonly merged: number
  /** Reports that were dropped because the same was reported a moment ago. */
  readonly repeated: number
  /** Reports that the disk refused. */
  readonly lost: number
}

/** Reports what happens to patterns. Nothing throws and nothing waits: an event is on the disk, or counted, on return. */
export interface PatternTracker {
  trackCreation(change: PatternChange): Tracked
  trackModification(change: PatternChange): Tracked
  /** A pattern was used as it is. */
  trackApplication(change: PatternChange): Tracked
  /** Several patterns became one. */
  trackMerge(sources: readonly Pattern[], into: PatternChange): Tracked
  stats(): TrackerStatistics
}

export interface TrackerOptions {
  /** False keeps contents back, whatever the user's settings say; by default those decide. */
  readonly content?: boolean
  /** What delivers in the background; `event-flusher.cjs` beside the executable by default. */
  readonly flusher?: ProgramWords
  /** Absolute path of the project; `CLAUDE_PROJECT_DIR`, else the folder that the process was started in, by default. */
  readonly project?: string
  /** Makes the idempotency key of a report; random by default. Who knows a name for the occasion makes repeats recognisable. */
  readonly id?: (action: PatternAction) => string
}

/** The same report of the same pattern within this time is a repeat, milliseconds. */
export const repeatMilliseconds = 60_000

/** Where a report goes; asked before each, undefined while there is nobody to report to. */
export type Reach = () => (Reporting & { readonly content: boolean }) | undefined

let shared: PatternTracker | undefined

/** The tracker of this process: whoever asks first decides the project. */
export function patternTracker(system: System, options: TrackerOptions = {}): PatternTracker {
  shared ??= openTracker(system, options)
  return shared
}

/** A tracker of its own. The user's settings are read anew for each report; problems in them are for `breakerbox sync` to tell. */
export function openTracker(system: System, options: TrackerOptions = {}): PatternTracker {
  const project = options.project ?? projectOf(system)
  const reach: Reach = () => {
    const own = withoutProjectWords(system, project)
    const { settings } = serviceSettings(own)
    if (settings.tracking === undefined) return undefined
    const { flusher = nodeBeside(flusherFile) } = options
    return { ...reporting(own, settings, flusher), content: options.content !== false && settings.tracking.content }
  }
  return trackerOver(system, reach, { ...options, project })
}

/** A tracker that reports to whoever `reach` finds. */
export function trackerOver(
  system: System,
  reach: Reach,
  {
    project,
    id = () => `${system.processes.pid}-${system.token()}${system.token()}`,
  }: TrackerOptions & { readonly project: string },
): PatternTracker {
  const counts = { created: 0, modified: 0, applied: 0, merged: 0, repeated: 0, lost: 0 }

  const track = (action: PatternAction, change: PatternChange): Tracked => {
    try {
      const to = reach()
      if (to === undefined) return { kind: 'off' }
      const { content, news, hand } = to
      const event = patternEvent(action, change, { content, id: id(action), project, now: system.clock() })
      if (!news.isNew(event.key, changeHash(action, change, project), repeatMilliseconds)) {
        counts.repeated += 1
        return { kind: 'repeated' }
      }
      hand(event)
      counts[action] += 1
      return { kind: 'kept', id: event.id }
    } catch (error) {
      counts.lost += 1
      return { kind: 'lost', cause: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    trackCreation: (change) => track('created', change),
    trackModification: (change) => track('modified', change),
    trackApplication: (change) => track('applied', change),
    trackMerge: (sources, into) => track('merged', { ...into, sources }),
    stats: () => ({ ...counts }),
  }
}
