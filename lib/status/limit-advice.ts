import { withOverride } from '../config/override.ts'
import { type Config, configSchema } from '../config/schema.ts'
import { isLoop } from '../engine/circuit.ts'
import { modeOf } from '../engine/draft.ts'
import { dateOf } from '../memory/names.ts'
import type { PatternName } from '../patterns/finding.ts'
import { type Episode, type Sign, signOf } from './episodes.ts'

/** A limit that is worth changing, with what speaks for it and how to try it first. */
export interface Suggestion {
  /** Dotted, as `breakerbox replay --set` takes it. */
  readonly field: string
  readonly current: number
  readonly proposed: number
  /** The evidence, with its numbers, one line. */
  readonly because: string
  /** What to put into `circuit_breaker_config.json`. */
  readonly config: Readonly<Record<string, unknown>>
  /** The command that shows what it would have changed in recorded sessions. */
  readonly tryWith: string
}

/** Fewer trips of a pattern are no ground for a change of its limit, and neither are those of one session on one day. */
export const leastTrips = 5
/** Share of a pattern's trips that persons lifted, from which on its limit is in the way. */
export const liftedShare = 0.5
/** Share whose first probe passed with nothing edited: a weaker sign, because waiting may have been what helped. */
export const passedShare = 0.8

/** The patterns whose `threshold` is looked at: those that block, and that recorded sessions can be replayed against. */
const adjustable = ['tool_failure', 'repeated_call', 'busy_polling', 'agent_spawn', 'external_api'] as const

/** What the evidence of many trips says about the limits; nothing where there is too little of it. */
export function suggestions(episodes: readonly Episode[], config: Config): Suggestion[] {
  return adjustable.flatMap((pattern) => {
    if (modeOf(config, pattern) !== 'block') return []
    const ended = episodes.filter((episode) => episode.pattern === pattern && isSettled(episode))
    const because = evidence(ended)
    return because === undefined ? [] : (raised(pattern, config, because) ?? [])
  })
}

/** One that is still open may yet turn out either way. */
const isSettled = ({ end, halts, bypassed }: Episode): boolean => end !== undefined || halts > 0 || bypassed > 0

function evidence(ended: readonly Episode[]): string | undefined {
  const sessions = new Set(ended.map(({ session }) => session)).size
  const days = new Set(ended.map(({ trippedAt }) => dateOf(trippedAt))).size
  if (ended.length < leastTrips || (sessions < 2 && days < 2)) return undefined
  const signs = ended.map(signOf)
  const count = (...wanted: Sign[]): number =>
    signs.filter((sign) => sign !== undefined && wanted.includes(sign)).length
  const lifted = count('bypassed', 'reset')
  const spread = sessions < 2 ? `on ${days} days` : `in ${sessions} sessions`
  if (lifted >= liftedShare * ended.length)
    return `a person lifted ${lifted} of ${ended.length} trips ${spread}, by a bypass or by a reset within ten minutes`
  const passed = count('bypassed', 'reset', 'passed')
  if (passed >= passedShare * ended.length)
    return `${passed} of ${ended.length} trips ${spread} were over at the first probe or lifted by a person, with nothing edited`
  return undefined
}

function raised(
  pattern: PatternName & (typeof adjustable)[number],
  config: Config,
  because: string,
): Suggestion | undefined {
  const field = `circuit_breakers.${pattern}.threshold`
  const current = config.circuit_breakers[pattern].threshold
  // One more round of a loop; half as much again of a limit that counts healthy work too.
  const proposed = isLoop(pattern) ? current + 1 : Math.ceil(current * 1.5)
  const change = withOverride({}, `${field}=${proposed}`)
  if (!configSchema.check(change).ok) return undefined
  const tryWith = `breakerbox replay ~/.claude/projects --only ${pattern} --set ${field}=${proposed}`
  return { field, current, proposed, because, config: change, tryWith }
}
