import { redact } from '../calls/redact.ts'
import { clean } from '../calls/result.ts'
import type { Config } from '../config/schema.ts'
import type { Circuit } from '../engine/circuit.ts'
import { cooldownOf, modeOf } from '../engine/draft.ts'
import { isShared, limitNames } from '../engine/shared-config.ts'
import { longestWatch } from '../session/marker.ts'
import type { SessionLook } from '../session/session-look.ts'
import { apiReport, byUrgency, type CircuitReport, circuitReport } from './status-report.ts'
import { columnsOf } from './text-columns.ts'

/** What the segment is made from. */
export interface SegmentFacts extends Omit<SessionLook, 'damage'> {
  readonly config: Config
}

/** Columns that a subject may take. */
const mostColumns = 24

/**
 * What a status line says of one session, on one line without a line end: `⚡ npm test 23s` while a call is refused, `½ npm test`
 * where the next one is let through as a probe, `⚡ halted: npm test` when a run was ended and nobody has answered yet, ` +2` for
 * further circuits, and nothing where nothing is held back.
 *
 * At most 50 columns. No colour: it stands in a line of somebody else's, which the client dims, and a colour of ours would either end theirs or
 * have to know it.
 *
 * @param now milliseconds since 1970.
 */
export function statusSegment(facts: SegmentFacts, now: number): string {
  const { halt } = facts
  const held = [...circuitsHeld(facts, now), ...fleetHeld(facts, now), ...apiHeld(facts, now)].sort(byUrgency)
  if (halt !== undefined) {
    const others = held.filter(({ subject }) => subject !== halt.subject)
    const who = halt.agent === undefined || halt.agent === 'main' ? '' : 'agent '
    return `⚡ ${who}halted: ${shortSubject(halt.subject ?? '')}${further(others.length)}`
  }
  const [first] = held
  if (first === undefined) return ''
  const { state, subject, cooldownRemainingSeconds: seconds } = first
  const sign = state === 'half_open' ? '½' : '⚡'
  return `${sign} ${shortSubject(subject)}${seconds > 0 ? ` ${shortTime(seconds)}` : ''}${further(held.length - 1)}`
}

/** Of a circuit's report what a segment shows. */
type Held = Pick<CircuitReport, 'subject' | 'state' | 'cooldownRemainingSeconds'>

/** Those that refuse something now, or let the next call through as a probe. */
function circuitsHeld({ config, circuits, shared }: SegmentFacts, now: number): Held[] {
  // What machines share is in these files only while their server is away, and may be old news: `fleetUntil` knows of both.
  const together = shared.filter(({ pattern }) => isShared(config, pattern) && !isOfFleet(config, pattern))
  return [...circuits, ...together].flatMap((circuit) => {
    if (modeOf(config, circuit.pattern) !== 'block') return []
    const report = circuitReport(circuit, config, now)
    const { state, cooldownRemainingSeconds } = report
    if (state === 'closed' || state === 'disabled') return []
    const isRefused = state === 'forced_open' || cooldownRemainingSeconds > 0
    return isRefused || !(now - Date.parse(circuit.lastTrip.at) > longestWatch) ? [report] : []
  })
}

/** What machines share, as this one saw it last: how long, and what only where it has kept that itself. */
function fleetHeld({ config, shared, fleetUntil }: SegmentFacts, now: number): Held[] {
  if (fleetUntil === undefined) return []
  const inFleet = limitNames.filter((name) => isOfFleet(config, name) && modeOf(config, name) === 'block')
  // A clock that has jumped must not make it longer than the longest cooldown there is.
  const most = Math.max(0, ...inFleet.map((name) => cooldownOf(config, name, Number.POSITIVE_INFINITY)))
  const left = Math.min(most, (Date.parse(fleetUntil) - now) / 1000)
  if (!(left > 0)) return []
  const named = shared
    .filter(({ pattern }) => (inFleet as readonly string[]).includes(pattern))
    .map((circuit) => circuitReport(circuit, config, now))
    .filter(({ cooldownRemainingSeconds }) => cooldownRemainingSeconds > 0)
  if (named.length > 0) return named
  return [{ subject: 'fleet limit', state: 'open', cooldownRemainingSeconds: Math.ceil(left) }]
}

const isOfFleet = ({ circuit_breakers }: Config, pattern: Circuit['pattern']): boolean => {
  const limits = circuit_breakers[pattern]
  return 'scope' in limits && limits.scope === 'fleet'
}

function apiHeld({ config, api: document }: SegmentFacts, now: number): Held[] {
  if (modeOf(config, 'llm_api') !== 'block') return []
  const { llmApi } = apiReport({ scope: 'project', at: now, document }, config, now)
  if (llmApi === undefined || llmApi.state === 'closed' || llmApi.state === 'disabled') return []
  return [{ subject: 'model API', ...llmApi }]
}

const further = (count: number): string => (count > 0 ? ` +${count}` : '')

const shortTime = (seconds: number): string =>
  seconds < 120 ? `${seconds}s` : seconds < 7200 ? `${Math.ceil(seconds / 60)}m` : `${Math.ceil(seconds / 3600)}h`

/** A subject as a person names it in passing: a shell line alone, without secrets, on one line, cut to its width. */
function shortSubject(subject: string): string {
  const line = clean(redact(subject.replace(/^Bash\((.*)\)$/s, '$1')), 200).replace(/\s+/g, ' ')
  let columns = 0
  let short = ''
  for (const character of line) {
    columns += columnsOf(character)
    if (columns > mostColumns) return `${withoutLast(short)}…`
    short += character
  }
  return short === '' ? 'a call' : short
}

/** Room for the sign that something was cut off. */
const withoutLast = (text: string): string => text.replace(/.$/su, '').trimEnd()
