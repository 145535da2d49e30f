import { join } from 'node:path'
import type { Circuit } from '../engine/circuit.ts'
import type { EngineEvent, PromptEvent, RequestEvent } from '../engine/event.ts'
import type { Incident } from '../engine/incident.ts'
import { mainAgent } from '../engine/memory.ts'
import { isNear } from '../engine/near.ts'
import { type Step, type StepOf, stepAsked, stepHappened, stepPrompted, type Verdict } from '../engine/step.ts'
import { readHookInput } from '../protocol/input.ts'
import { type SpoolEntry, spoolPrepare, spoolRemove, spoolTake, spoolWrite } from '../store/spool.ts'
import type { Damage } from '../store/store.ts'
import { follow } from './aftermath.ts'
import { damageIncident, describeDamage } from './damage.ts'
import { boundedCircuits, type CircuitState, circuitStateKind, sessionKind } from './documents.ts'
import type { Happening } from './happening.ts'
import { eventOf, isAttended, shortId } from './hook-events.ts'
import { setMarker, watched } from './marker.ts'
import type { Project } from './project.ts'
import { brokenSeal, lostCircuits, sealed, tamperLine } from './seal.ts'

export interface Applied {
  readonly verdict: Verdict
  /** Lines for stderr. */
  readonly notes: readonly string[]
}

const nothing: Verdict = { context: [], person: [] }

/**
 * Applies one event: reads the project's circuits and the session's windows, asks the engine, writes what it says. Where
 * the engine would change nothing, nothing is locked or written. Inputs that wait in the spool are taken in first, in
 * order. If the lock is not to be had in time the event goes to the spool and the tool runs.
 *
 * @param raw the input as it came, kept in the spool if need be; absent for events that are not worth keeping.
 */
export async function apply(project: Project, happening: Happening, raw: string | undefined): Promise<Applied> {
  const drain = spoolTake(project.system, project.paths.spool)
  const notes = drain.broken.map(({ name, cause }) => `dropped ${join(project.paths.spool, name)}: ${cause}`)
  if (drain.entries.length === 0) {
    const glance = await look(project, happening, stepHappened)
    if (glance !== undefined) return { verdict: glance, notes }
  }
  const waiting = drain.entries.flatMap((entry) => waitingHappening(entry, project))
  const written = await write(project, [...waiting, happening], stepHappened, isNear)
  if (written === 'busy') {
    if (raw !== undefined) spoolWrite(project.system, project.paths.spool, raw)
    return {
      verdict: nothing,
      notes: [...notes, 'the state is locked by another process; this event waits in the spool'],
    }
  }
  spoolRemove(
    project.system,
    project.paths.spool,
    drain.entries.map(({ name }) => name),
  )
  spoolPrepare(project.system, project.paths.spool)
  const after = await follow(project, written.incidents, happening)
  return { verdict: written.verdict, notes: [...notes, ...written.damage.map(describeDamage), ...after] }
}

/**
 * The same for a call that is asked about, whose own decision does not wait for what is in the spool: behind the marker
 * every batch is taken in as it comes, and what is counted before it runs is counted here.
 */
export async function applyRequest(project: Project, asked: Happening<RequestEvent>): Promise<Applied> {
  const glance = await look(project, asked, stepAsked)
  if (glance !== undefined) return { verdict: glance, notes: [] }
  const written = await write(project, [asked], stepAsked)
  if (written === 'busy') {
    return { verdict: nothing, notes: ['the state is locked by another process; the call runs unasked'] }
  }
  const after = await follow(project, written.incidents)
  return { verdict: written.verdict, notes: [...written.damage.map(describeDamage), ...after] }
}

/** The same for a prompt, which means the same whether older calls have been taken in yet or not. */
export async function applyPrompt(
  project: Project,
  prompted: Happening<PromptEvent>,
  raw: string | undefined,
): Promise<Applied> {
  const written = await write(project, [prompted], stepPrompted)
  if (written === 'busy') {
    if (raw !== undefined) spoolWrite(project.system, project.paths.spool, raw)
    return { verdict: nothing, notes: ['the state is locked by another process; this prompt waits in the spool'] }
  }
  const after = await follow(project, written.incidents, prompted)
  return { verdict: written.verdict, notes: [...written.damage.map(describeDamage), ...after] }
}

/** What the engine says to documents as they are, if it would leave them so. */
async function look<E extends EngineEvent>(
  project: Project,
  { session, event, at }: Happening<E>,
  step: StepOf<E>,
): Promise<Verdict | undefined> {
  const state = await project.store.read(circuitStateKind)
  const memory = await project.store.read(sessionKind(session))
  if (state.damage !== undefined || memory.damage !== undefined) return undefined
  const next = step(memory.document, state.document.circuits, event, project.config, at)
  const unchanged = next.memory === memory.document && next.circuits === state.document.circuits
  if (!unchanged || next.incidents.length > 0 || event.kind === 'session_ended') return undefined
  setMarker(project, state.document)
  return next.verdict
}

interface Written {
  readonly verdict: Verdict
  readonly incidents: readonly Incident[]
  readonly damage: readonly Damage[]
}

/** Applies happenings in order, under the lock of the circuits and, inside it, that of each session's windows. */
async function write<E extends EngineEvent>(
  project: Project,
  happenings: readonly Happening<E>[],
  step: StepOf<E>,
  near?: typeof isNear,
): Promise<Written | 'busy'> {
  const last = happenings.at(-1)
  let outcome: { verdict: Verdict; incidents: Incident[]; damage: Damage[] } | 'busy' = 'busy'
  const updated = await project.store.update(circuitStateKind, async (state) => {
    outcome = 'busy'
    const incidents: Incident[] = []
    const damage: Damage[] = []
    let next = state
    let verdict = nothing
    for (const [session, run] of runsOf(happenings)) {
      let steps: Step[] = []
      const before = next.circuits
      const result = await project.store.update(sessionKind(session), (memory) => {
        steps = []
        for (const { event, at } of run) {
          const done = steps.at(-1)
          steps.push(step(done?.memory ?? memory, done?.circuits ?? before, event, project.config, at))
        }
        return steps.at(-1)?.memory ?? memory
      })
      if (result.kind === 'busy') return state
      if (result.damage !== undefined) damage.push(result.damage)
      const circuits = steps.at(-1)?.circuits ?? before
      next = watched(withCircuits(next, circuits), session, run.at(-1)?.event, near?.(result.document, project.config))
      for (const [i, done] of steps.entries()) {
        incidents.push(...done.incidents)
        if (last !== undefined && isToldTo(last, session, run[i]?.event)) verdict = joined(verdict, done.verdict)
      }
    }
    next = withCircuits(next, boundedCircuits(next.circuits, project.now))
    const foreign = foreignHand(project, state, next.circuits, last?.session ?? '')
    if (foreign !== undefined) {
      incidents.unshift(foreign)
      verdict = { ...verdict, person: [...verdict.person, tamperLine(foreign)] }
    }
    outcome = { verdict, incidents, damage }
    if (foreign !== undefined) return sealed(next)
    // A state that holds no circuits and was never sealed stays so: it may have been emptied, which the prompt hook finds.
    return next === state || (state.seal === undefined && next.circuits.length === 0) ? next : sealed(next)
  })
  if (updated.kind === 'busy' || outcome === 'busy') return 'busy'
  setMarker(project, updated.document)
  const { verdict, incidents, damage } = outcome as Exclude<typeof outcome, 'busy'>
  const all = updated.damage === undefined ? damage : [...damage, updated.damage]
  return { verdict, damage: all, incidents: [...all.map((each) => damageIncident(each, project.now)), ...incidents] }
}

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

const joined = (before: Verdict, after: Verdict): Verdict => ({
  ...before,
  ...after,
  context: [...before.context, ...after.context],
  person: [...before.person, ...after.person],
})

/** Whether somebody else wrote the state; the log is asked only when circuits are added to a state that we never wrote. */
function foreignHand(project: Project, state: CircuitState, circuits: readonly Circuit[], session: string) {
  const grows = circuits.length > state.circuits.length
  return brokenSeal(project, state, session) ?? (grows ? lostCircuits(project, state, session) : undefined)
}

/** What waits in a spool file; nothing where it is no event of ours. */
function waitingHappening({ at, value }: SpoolEntry, { now, system }: Project): Happening[] {
  try {
    const received = readHookInput(value)
    if (!('event' in received)) return []
    const event = eventOf(received.event, isAttended(system.env))
    return event === undefined || event.kind === 'request'
      ? []
      : [{ session: shortId(received.event.session_id), event, at: at > 0 && at < now ? at : now }]
  } catch {
    return []
  }
}
