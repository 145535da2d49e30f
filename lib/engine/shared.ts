import type { Config } from '../config/schema.ts'
import type { RequestEvent, SettledEvent } from './event.ts'
import type { Incident } from './incident.ts'
import { progressOf, type SessionMemory } from './memory.ts'
import { onlyShared, type SharedScope } from './shared-config.ts'
import type { SharedLimits } from './shared-limits.ts'
import type { Step, StepOf, Verdict } from './step.ts'

/** Who asks: the session's own memory, and the name of the machine. */
export interface Asker {
  readonly memory: SessionMemory
  readonly machine: string
}

export interface SharedStep {
  /** The same object where nothing changed. */
  readonly next: SharedLimits
  readonly incidents: readonly Incident[]
  readonly verdict: Verdict
}

/**
 * Takes an event of one session to the limits that it shares. A circuit closes with the call that it lets through when its
 * cooldown is over: that call is counted like any other, and one too many opens it again.
 *
 * @param step the part of the engine that the event needs: who only asks carries no more.
 */
export function stepShared<E extends RequestEvent | SettledEvent>(
  step: StepOf<E>,
  shared: SharedLimits,
  scope: SharedScope,
  event: E,
  { memory: own, machine }: Asker,
  config: Config,
  now: number,
): SharedStep {
  const agent = `${own.session}/${event.agent}`
  const turn = event.turn ?? progressOf(own, event.agent).turn
  const asked = withBypass(shared.memory, own.bypass)
  const done = step(asked, shared.circuits, { ...event, agent, turn }, onlyShared(scope, config), now)
  return {
    next: nextLimits(shared, asked, done, machine),
    // That a call is a trial is of no interest where its end is not waited for.
    incidents: done.incidents
      .filter(({ kind }) => kind !== 'probe')
      .map((incident) => ({ ...incident, session: own.session, agent: event.agent })),
    verdict: done.verdict,
  }
}

function nextLimits(shared: SharedLimits, asked: SessionMemory, done: Step, machine: string): SharedLimits {
  if (done.memory === asked && done.circuits === shared.circuits) return shared
  const circuits = done.circuits
    .filter(({ status }) => status.state !== 'half_open')
    .map((circuit) => (circuit.machine === undefined ? { ...circuit, machine } : circuit))
  const entries = done.memory.entries.map((entry) =>
    // Nobody tells the others how it ends; that it was begun is what counts.
    entry.kind === 'call' && entry.outcome === 'pending' ? { ...entry, outcome: 'succeeded' as const } : entry,
  )
  return { version: 1, memory: { ...withBypass(done.memory, undefined), agents: [], entries }, circuits }
}

function withBypass({ bypass: _other, ...memory }: SessionMemory, bypass: SessionMemory['bypass']): SessionMemory {
  return bypass === undefined ? memory : { ...memory, bypass }
}
