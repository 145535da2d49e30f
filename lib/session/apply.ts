import type { EngineEvent, PromptEvent, RequestEvent } from '../engine/event.ts'
import { emptyMemory } from '../engine/memory.ts'
import { withoutShared } from '../engine/shared-config.ts'
import { happenedWith, type StepOf, stepAsked, stepPrompted, type Verdict } from '../engine/step.ts'
import { streakOf } from '../engine/streak.ts'
import { spoolPrepare, spoolRemove, spoolWrite } from '../store/spool.ts'
import { errorCode } from '../system/known-error.ts'
import { follow } from './aftermath.ts'
import { describeDamage } from './damage.ts'
import { circuitStateKind, sessionKind } from './documents.ts'
import { followUp } from './follow-up.ts'
import type { Happening } from './happening.ts'
import { lostCircuits } from './lost-circuits.ts'
import { setMarker } from './marker.ts'
import type { Project } from './project.ts'
import { type LoadReactions, partMissing } from './reactions-part.ts'
import { markStreaks } from './session-marks.ts'
import { applyShared } from './together.ts'
import { takeWaiting } from './waiting.ts'
import { joined, nothing, write } from './write.ts'

/** What the monitor is told; prompts have a hook of their own. */
type Settling = Happening<Exclude<EngineEvent, RequestEvent | PromptEvent>>

export interface Applied {
  readonly verdict: Verdict
  /** Lines for stderr. */
  readonly notes: readonly string[]
}

/**
 * Applies one event: reads the project's circuits and the session's windows, asks the engine, writes what it says. Where
 * the engine would change nothing, nothing is locked or written. Inputs that wait in the spool are taken in first, in
 * order. If the lock is not to be had in time the event goes to the spool and the tool runs.
 *
 * @param raw the input as it came, kept in the spool if need be; absent for events that are not worth keeping.
 * @throws KnownError `EPART` where something was met and what knows how to react cannot be loaded. Nothing has been written
 *   then, and the event waits in the spool for a monitor that is whole: half of what it means would be worse than none.
 */
export async function apply(
  project: Project,
  happening: Settling,
  raw: string | undefined,
  load: LoadReactions,
): Promise<Applied> {
  try {
    return await takeIn(project, happening, raw, load)
  } catch (error) {
    if (errorCode(error) === partMissing && raw !== undefined) spoolWrite(project.system, project.paths.spool, raw)
    throw error
  }
}

async function takeIn(
  project: Project,
  happening: Settling,
  raw: string | undefined,
  load: LoadReactions,
): Promise<Applied> {
  const step = happenedWith(() => load().reactions)
  const { waiting, notes } = takeWaiting(project)
  // A batch is nearly always new, and would be read twice.
  if (waiting.length === 0 && happening.event.kind !== 'batch') {
    const glance = await look(project, happening, step)
    if (glance !== undefined) return { verdict: glance, notes }
  }
  const happenings = [...waiting.flatMap((each) => each.happening ?? []), happening]
  const written = await write(project, happenings, step, { streak: streakOf, lost: () => load().lostCircuits })
  if (written === 'busy') {
    if (raw !== undefined) spoolWrite(project.system, project.paths.spool, raw)
    return {
      verdict: nothing,
      notes: [...notes, 'the state is locked by another process; this event waits in the spool'],
    }
  }
  markStreaks(project, written.streaks)
  spoolRemove(
    project.system,
    project.paths.spool,
    waiting.map(({ name }) => name),
  )
  spoolPrepare(project.system, project.paths.spool)
  const after = await followUp(project, written.incidents, happenings, step, load)
  return {
    verdict: joined(written.verdict, after.verdict),
    notes: [...notes, ...written.damage.map(describeDamage), ...after.notes],
  }
}

/**
 * The same for a call that is asked about, whose own decision does not wait for what is in the spool: behind the marker
 * every batch is taken in as it comes, and what is counted before it runs is counted here.
 */
export async function applyRequest(project: Project, asked: Happening<RequestEvent>): Promise<Applied> {
  const own = await applyOwnRequest(project, asked)
  if (own.verdict.refusal !== undefined) return own
  const shared = await applyShared(project, asked, stepAsked)
  return { verdict: joined(own.verdict, shared.verdict), notes: [...own.notes, ...shared.notes] }
}

async function applyOwnRequest(project: Project, asked: Happening<RequestEvent>): Promise<Applied> {
  const glance = await look(project, asked, stepAsked)
  if (glance !== undefined) return { verdict: glance, notes: [] }
  const written = await write(project, [asked], stepAsked, { lost: () => lostCircuits })
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
  const written = await write(project, [prompted], stepPrompted, { lost: () => lostCircuits })
  if (written === 'busy') {
    const { session, event, at } = prompted
    // One that is nested too deeply is refused all the same: many sessions at once is when the lock is not to be had.
    const { verdict, incidents } = stepPrompted(emptyMemory(session), [], event, project.config, at)
    if (verdict.refusal !== undefined) return { verdict, notes: await follow(project, incidents) }
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
  const config = withoutShared(project.config)
  const next = step(memory.document, state.document.circuits, event, config, at)
  const unchanged = next.memory === memory.document && next.circuits === state.document.circuits
  if (!unchanged || next.incidents.length > 0 || event.kind === 'session_ended') return undefined
  setMarker(project, state.document)
  return next.verdict
}
