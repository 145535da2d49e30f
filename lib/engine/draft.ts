import { cooldownSeconds } from '../breaker/ladder.ts'
import type { Config, PatternMode } from '../config/schema.ts'
import type { PatternName } from '../patterns/finding.ts'
import { type Circuit, circuitKey } from './circuit.ts'
import type { Incident } from './incident.ts'
import type { SessionMemory } from './memory.ts'

/**
 * One step in the making: what it started from and what it has come to. It lives inside one call of `step`, which hands
 * out its parts when it is done; nothing outside ever sees it change.
 */
export interface Draft {
  readonly config: Config
  /** Milliseconds since 1970. */
  readonly now: number
  memory: SessionMemory
  circuits: readonly Circuit[]
  readonly incidents: Incident[]
  /** For the model. */
  readonly context: string[]
  /** For the person. */
  readonly person: string[]
  /** Set when the run is to be ended before the next model request. */
  stop?: string
}

/** What a pattern may do now: its own mode, but never more than the suite's. */
export function modeOf(config: Config, pattern: PatternName): PatternMode {
  if (config.mode === 'off') return 'off'
  const own = config.circuit_breakers[pattern].mode
  return config.mode === 'observe' && own !== 'off' ? 'observe' : own
}

/** The cooldown of a circuit on a level, seconds. */
export const cooldownOf = (config: Config, pattern: PatternName, level: number): number =>
  cooldownSeconds(level, config.circuit_breakers[pattern].cooldown_base_seconds, config.cooldown_ladder_seconds)

/** Puts a circuit in the place of the one with the same key, or adds it; a closed one at level 0 is not kept. */
export function keep(draft: Draft, circuit: Circuit): void {
  const key = circuitKey(circuit)
  const others = draft.circuits.filter((other) => circuitKey(other) !== key)
  draft.circuits = circuit.status.state === 'closed' ? others : [...others, circuit]
}

/** Adds an incident about a circuit. */
export function note(
  draft: Draft,
  kind: Incident['kind'],
  circuit: Pick<Circuit, 'pattern' | 'subject' | 'session'>,
  more: Partial<Incident>,
): void {
  draft.incidents.push({
    at: new Date(draft.now).toISOString(),
    kind,
    session: circuit.session,
    pattern: circuit.pattern,
    subject: circuit.subject,
    ...more,
  })
}
