import type { Circuit } from '../engine/circuit.ts'
import type { EngineEvent } from '../engine/event.ts'
import type { Incident } from '../engine/incident.ts'
import { mainAgent } from '../engine/memory.ts'
import { withoutShared } from '../engine/shared-config.ts'
import type { Step, StepOf, Verdict } from '../engine/step.ts'
import type { Streak, streakOf } from '../engine/streak.ts'
import type { Damage } from '../store/store.ts'
import { damageIncident } from './damage.ts'
import { boundedCircuits, type CircuitState, circuitStateKind, sessionKind } from './documents.ts'
import type { Happening } from './happening.ts'
import type { lostCircuits } from './lost-circuits.ts'
import { setMarker, watched } from './marker.ts'
import type { Project } from './project.ts'
import { brokenSeal, sealed, tamperLine } from './seal.ts'

export const nothing: Verdict = { context: [], person: [] }

export interface Written {
  readonly verdict: Verdict
  readonly incidents: readonly Incident[]
  readonly damage: readonly Damage[]
  /** Sessions of which nothing was taken in, because something had to be said about it; only where nobody listens. */
  readonly untold: readonly string[]
  /** How far streaks have come, by session, of those that were looked at. */
  readonly streaks: ReadonlyMap<string, Streak>
}

export interface WriteOptions {
  /** Gives what looks for circuits that are gone; needed only when circuits are added to a state that we never wrote. */
  readonly lost: () => typeof lostCircuits
  /** Looks how far a streak has come, for what tells shells of it. */
  readonly streak?: typeof streakOf
  /**
   * Nobody reads the answer. What has something to say is then not taken in but left for a hook that is heard, and the
   * marker sees to it that the next one is.
   */
  readonly unheard?: boolean
}

/** Applies happenings in order, under the lock of the circuits and, inside it, that of each session's windows. */
export async function write<E extends EngineEvent>(
  project: Project,
  happenings: readonly Happening<E>[],
  step: StepOf<E>,
  { lost, streak, unheard = false }: WriteOptions,
): Promise<Written | 'busy'> {
  const last = happenings.at(-1)
  const config = withoutShared(project.config)
  let outcome: Written | 'busy' = 'busy'
  const updated = await project.store.update(circuitStateKind, async (state) => {
    outcome = 'busy'
    const incidents: Incident[] = []
    const damage: Damage[] = []
    const untold: string[] = []
    const streaks = new Map<string, Streak>()
    if (unheard && brokenSeal(project, state, '') !== undefined) return state
    let next = state
    let verdict = nothing
    for (const [session, run] of runsOf(happenings)) {
      let steps: Step[] = []
      const before = next.circuits
      const result = await project.store.update(sessionKind(session), (memory) => {
        steps = []
        for (const { event, at } of run) {
          const done = steps.at(-1)
          steps.push(step(done?.memory ?? memory, done?.circuits ?? before, event, config, at))
        }
        return unheard && steps.some(saysSomething) ? memory : (steps.at(-1)?.memory ?? memory)
      })
      if (result.kind === 'busy') return state
      if (result.damage !== undefined) damage.push(result.damage)
      if (unheard && steps.some(saysSomething)) {
        untold.push(session)
        next = watched(next, session, undefined, true)
        continue
      }
      const circuits = steps.at(-1)?.circuits ?? before
      const reached = streak?.(result.document, config)
      if (reached !== undefined) streaks.set(session, reached)
      next = watched(withCircuits(next, circuits), session, run.at(-1)?.event, reached && reached === 'near')
      for (const [i, done] of steps.entries()) {
        incidents.push(...done.incidents)
        if (last !== undefined && isToldTo(last, session, run[i]?.event)) verdict = joined(verdict, done.verdict)
      }
    }
    next = withCircuits(next, boundedCircuits(next.circuits, project.now))
    const foreign = foreignHand(project, state, next.circuits, last?.session ?? '', lost)
    if (foreign !== undefined) {
      incidents.unshift(foreign)
      verdict = { ...verdict, person: [...verdict.person, tamperLine(foreign)] }
    }
    outcome = { verdict, incidents, damage, untold, streaks }
    if (foreign !== undefined) return sealed(next)
    // A state that holds no circuits and was never sealed stays so: it may have been emptied, which the prompt hook finds.
    return next === state || (state.seal === undefined && next.circuits.length === 0) ? next : sealed(next)
  })
  if (updated.kind === 'busy' || outcome === 'busy') return 'busy'
  setMarker(project, updated.document)
  const { incidents, damage, ...rest } = outcome as Written
  const all = updated.damage === undefined ? damage : [...damage, updated.damage]
  return { ...rest, damage: all, incidents: [...all.map((each) => damageIncident(each, project.now)), ...incidents] }
}

const saysSomething = ({ verdict, incidents }: Step): boolean =>
  incidents.length > 0 || verdict.stop !== undefined || verdict.context.length + verdict.person.length > 0

/** Neighbours of one session go into one update of its windows. */
function runsOf<E extends EngineEvent>(happenings: readonly Happening<E>[]): [string, Happening<E>[]][] {
  const runs: [string, Happening<E>[]][] = []
  for (const happening of happenings) {
    const run = runs.at(-1)
    if (run?.[0] === happening.session) run[1].push(happening)
    else runs.push([happening.session, [happening]])
  }
  return runs
}

const withCircuits = (state: CircuitState, circuits: readonly Circuit[]): CircuitState =>
  circuits === state.circuits ? state : { ...state, circuits }

/** What came of an event that waited is told with the next answer that the same agent reads. */
const isToldTo = (last: Happening<EngineEvent>, session: string, event: EngineEvent | undefined): boolean =>
  event === last.event || (session === last.session && agentOf(event) === agentOf(last.event))

const agentOf = (event: EngineEvent | undefined): string =>
  event !== undefined && 'agent' in event ? event.agent : mainAgent

export const joined = (before: Verdict, after: Verdict): Verdict => ({
  ...before,
  ...after,
  context: [...before.context, ...after.context],
  person: [...before.person, ...after.person],
})

/** Whether somebody else wrote the state. */
function foreignHand(
  project: Project,
  state: CircuitState,
  circuits: readonly Circuit[],
  session: string,
  lost: WriteOptions['lost'],
): Incident | undefined {
  const grows = circuits.length > state.circuits.length
  return brokenSeal(project, state, session) ?? (grows ? lost()(project, state, session) : undefined)
}
