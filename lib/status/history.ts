import type { Config } from '../config/schema.ts'
import { isLoop } from '../engine/circuit.ts'
import type { Incident } from '../engine/incident.ts'
import { dateOf } from '../memory/names.ts'
import type { PatternName } from '../patterns/finding.ts'
import { patternNames } from '../patterns/patterns.ts'
import { type Episode, episodesOf, type Sign, signOf } from './episodes.ts'
import { grouped } from './grouped.ts'
import { type Suggestion, suggestions } from './limit-advice.ts'
import type { PastIncidents } from './past-incidents.ts'
import { day } from './quantities.ts'

/** Days that are looked at unless somebody says otherwise, and at most. */
export const usualDays = 14
export const mostDays = 365
/** Operations that are listed, the most looped ones first. */
const mostSubjects = 50

/** What `breakerbox history --json` prints. Names and units are promised; fields may be added. Times are ISO 8601 UTC. */
export interface HistoryReport {
  /** Of this report's form. */
  readonly version: 1
  /** Calendar days in UTC, today included. */
  readonly days: number
  readonly from: string
  readonly to: string
  /** When what is still on disk begins, if that is later than `from`; else null. Nothing is known of the time before. */
  readonly knownSince: string | null
  /** Incidents by kind, those that happened. */
  readonly counts: Counts
  /** One for each day, oldest first. */
  readonly perDay: readonly DayReport[]
  /** Those of which anything is told, in the order of the config. */
  readonly patterns: readonly PatternReport[]
  /** Most looped first: by trips, then refusals; at most 50. */
  readonly subjects: readonly SubjectReport[]
  readonly time: TimeReport
  readonly falseAlarms: FalseAlarms
  readonly suggestions: readonly Suggestion[]
  /** What all this is made of. */
  readonly read: Omit<PastIncidents, 'incidents' | 'begins'> & {
    readonly incidents: number
    /** As many rotated parts are there as may stay: older ones were deleted. */
    readonly isCut: boolean
  }
}

export type Counts = Readonly<Partial<Record<Incident['kind'], number>>>

export interface DayReport {
  /** `2026-11-21`, UTC. */
  readonly day: string
  readonly counts: Counts
  /** Trips by pattern, those that happened. */
  readonly trips: Readonly<Partial<Record<PatternName, number>>>
}

export interface PatternReport {
  readonly pattern: PatternName
  readonly counts: Counts
  /** Seconds; see `TimeReport`. */
  readonly loopedSeconds: number | null
  readonly savedSeconds: number | null
}

export interface SubjectReport {
  readonly pattern: PatternName
  readonly subject: string
  readonly trips: number
  readonly refused: number
  readonly halts: number
  readonly lastTrip: string
}

/** Time, of loop patterns alone: a limit is no loop, and a failing API costs what it costs. */
export interface TimeReport {
  /** From the first counted call of each loop to its trip, added up; null where no trip says since when it counted. */
  readonly loopedSeconds: number | null
  /** Trips that say so, of all trips of loops. */
  readonly knownTrips: number
  readonly trips: number
  /**
   * An estimate of what the refused calls would have taken: for each pattern its refusals, times the median round of its loops.
   * A round is the time from the first counted call to the trip, divided by the calls between. Null where no round is known.
   */
  readonly savedSeconds: number | null
  /** Refusals that the estimate holds, of all refusals of loops. */
  readonly estimatedRefusals: number
  readonly refusals: number
}

/** Trips that something speaks against, each counted once, by the strongest sign: see `Sign`. */
export interface FalseAlarms extends Readonly<Record<Sign, number>> {
  /** Of so many trips. */
  readonly trips: number
}

/** The first moment of the first of these days, milliseconds since 1970. */
export const firstMoment = (days: number, now: number): number => Math.floor(now / day) * day - (days - 1) * day

/** What the log tells of the last days; pure. @param past at least since `firstMoment`. */
export function historyReport(past: PastIncidents, config: Config, days: number, now: number): HistoryReport {
  const from = firstMoment(days, now)
  const incidents = past.incidents.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < from + days * day)
  const episodes = episodesOf(incidents)
  const { incidents: _all, begins, ...read } = past
  const patterns = patternNames.flatMap((pattern) => patternReport(pattern, incidents, episodes) ?? [])
  return {
    version: 1,
    days,
    from: new Date(from).toISOString(),
    to: new Date(now).toISOString(),
    knownSince: begins !== null && Date.parse(begins) > from ? begins : null,
    counts: countsOf(incidents),
    perDay: perDay(incidents, from, days),
    patterns,
    subjects: subjectsOf(episodes),
    time: timeReport(patterns, episodes),
    falseAlarms: falseAlarms(episodes),
    suggestions: suggestions(episodes, config),
    read: {
      incidents: incidents.length,
      ...read,
      isCut: past.archives >= config.memory_limits.telemetry_keep_rotations,
    },
  }
}

export function countsOf(incidents: readonly Incident[]): Counts {
  const counts: Partial<Record<Incident['kind'], number>> = {}
  for (const { kind } of incidents) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

function perDay(incidents: readonly Incident[], from: number, days: number): DayReport[] {
  const byDay = grouped(incidents, ({ at }) => at.slice(0, 10))
  return Array.from({ length: days }, (_, index) => {
    const name = dateOf(from + index * day)
    const own = byDay.get(name) ?? []
    const trips: Partial<Record<PatternName, number>> = {}
    for (const { kind, pattern } of own) {
      if (kind === 'trip' && pattern !== undefined) trips[pattern] = (trips[pattern] ?? 0) + 1
    }
    return { day: name, counts: countsOf(own), trips }
  })
}

function patternReport(
  pattern: PatternName,
  incidents: readonly Incident[],
  episodes: readonly Episode[],
): PatternReport | undefined {
  const own = incidents.filter((incident) => incident.pattern === pattern)
  if (own.length === 0) return undefined
  const counts = countsOf(own)
  const loops = isLoop(pattern) ? episodes.filter((episode) => episode.pattern === pattern) : []
  const looped = loops.flatMap(({ loopMs }) => loopMs ?? [])
  const round = median(loops.flatMap(({ roundMs }) => roundMs ?? []))
  return {
    pattern,
    counts,
    loopedSeconds: looped.length === 0 ? null : seconds(looped.reduce((sum, each) => sum + each, 0)),
    savedSeconds: round === undefined ? null : seconds(round * (counts.denial ?? 0)),
  }
}

function timeReport(patterns: readonly PatternReport[], episodes: readonly Episode[]): TimeReport {
  const loops = patterns.filter(({ pattern }) => isLoop(pattern))
  const estimated = loops.filter(({ savedSeconds }) => savedSeconds !== null)
  return {
    loopedSeconds: total(loops.flatMap(({ loopedSeconds }) => loopedSeconds ?? [])),
    knownTrips: episodes.filter(({ pattern, loopMs }) => isLoop(pattern) && loopMs !== undefined).length,
    trips: sum(loops.map(({ counts }) => counts.trip ?? 0)),
    savedSeconds: total(estimated.flatMap(({ savedSeconds }) => savedSeconds ?? [])),
    estimatedRefusals: sum(estimated.map(({ counts }) => counts.denial ?? 0)),
    refusals: sum(loops.map(({ counts }) => counts.denial ?? 0)),
  }
}

function subjectsOf(episodes: readonly Episode[]): SubjectReport[] {
  const bySubject = grouped(episodes, ({ pattern, subject }) => `${pattern}\n${subject}`)
  return [...bySubject.values()]
    .map((own) => {
      const last = own.at(-1) as Episode
      return {
        pattern: last.pattern,
        subject: last.subject,
        trips: own.length,
        refused: sum(own.map(({ refused }) => refused)),
        halts: sum(own.map(({ halts }) => halts)),
        lastTrip: new Date(last.trippedAt).toISOString(),
      }
    })
    .sort((a, b) => b.trips - a.trips || b.refused - a.refused || (a.lastTrip < b.lastTrip ? 1 : -1))
    .slice(0, mostSubjects)
}

function falseAlarms(episodes: readonly Episode[]): FalseAlarms {
  const signs = episodes.map(signOf)
  const count = (sign: Sign): number => signs.filter((each) => each === sign).length
  return { trips: episodes.length, bypassed: count('bypassed'), reset: count('reset'), passed: count('passed') }
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0)
const total = (values: readonly number[]): number | null => (values.length === 0 ? null : sum(values))
/** Whole seconds. */
const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000)

/** The middle value; the mean of the two middle ones of an even number. */
function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}
