import { join } from 'node:path'
import { initialFiles } from '../config/initial-files.ts'
import type { Circuit } from '../engine/circuit.ts'
import type { EngineEvent } from '../engine/event.ts'
import type { Incident } from '../engine/incident.ts'
import { howToContinue } from '../engine/messages.ts'
import { type Step, step, type Verdict } from '../engine/step.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { readHookInput } from '../protocol/input.ts'
import { type SpoolEntry, spoolRemove, spoolTake, spoolWrite } from '../store/spool.ts'
import type { Damage } from '../store/store.ts'
import { errorCode } from '../system/known-error.ts'
import { boundedCircuits, circuitStateKind, type HaltRecord, haltKind, sessionKind } from './documents.ts'
import { eventOf, shortId } from './hook-events.ts'
import type { Project } from './project.ts'

/** One event of one session. */
export interface Happening {
  readonly session: string
  readonly event: EngineEvent
  /** When it happened, milliseconds since 1970. */
  readonly at: number
}

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
    const glance = await look(project, happening)
    if (glance !== undefined) return { verdict: glance, notes }
  }
  const waiting = drain.entries.flatMap((entry) => waitingHappening(entry, project.now))
  const written = await write(project, [...waiting, happening])
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
  createOnFirstUse(project)
  await follow(project, written.incidents, happening)
  return { verdict: written.verdict, notes: [...notes, ...written.damage.map(describeDamage)] }
}

/** What the engine says to documents as they are, if it would leave them so. */
async function look(project: Project, { session, event, at }: Happening): Promise<Verdict | undefined> {
  const state = await project.store.read(circuitStateKind)
  const memory = await project.store.read(sessionKind(session))
  if (state.damage !== undefined || memory.damage !== undefined) return undefined
  const next = step(memory.document, state.document.circuits, event, project.config, at)
  const unchanged = next.memory === memory.document && next.circuits === state.document.circuits
  return unchanged && next.incidents.length === 0 ? next.verdict : undefined
}

interface Written {
  readonly verdict: Verdict
  readonly incidents: readonly Incident[]
  readonly damage: readonly Damage[]
}

/** Applies happenings in order, under the lock of the circuits and, inside it, that of each session's windows. */
async function write(project: Project, happenings: readonly Happening[]): Promise<Written | 'busy'> {
  let outcome: { verdict: Verdict; incidents: Incident[]; damage: Damage[]; busy: boolean } | undefined
  const updated = await project.store.update(circuitStateKind, async (state) => {
    const incidents: Incident[] = []
    const damage: Damage[] = []
    let circuits: readonly Circuit[] = state.circuits
    let verdict = nothing
    for (const { session, event, at } of happenings) {
      let done: Step | undefined
      const before = circuits
      const result = await project.store.update(sessionKind(session), (memory) => {
        done = step(memory, before, event, project.config, at)
        return done.memory
      })
      if (result.kind === 'busy' || done === undefined) {
        outcome = { verdict, incidents: [], damage, busy: true }
        return state
      }
      if (result.damage !== undefined) damage.push(result.damage)
      circuits = done.circuits
      incidents.push(...done.incidents)
      verdict = done.verdict
    }
    outcome = { verdict, incidents, damage, busy: false }
    const kept = boundedCircuits(circuits, project.now)
    return kept === state.circuits ? state : { ...state, circuits: kept }
  })
  if (updated.kind === 'busy' || outcome === undefined || outcome.busy) return 'busy'
  return { ...outcome, damage: updated.damage === undefined ? outcome.damage : [...outcome.damage, updated.damage] }
}

/** What waits in a spool file; nothing where it is no event of ours. */
function waitingHappening({ name, value }: SpoolEntry, now: number): Happening[] {
  try {
    const received = readHookInput(value)
    if (!('event' in received)) return []
    const event = eventOf(received.event, true)
    const at = Number(name.slice(0, 13))
    return event === undefined
      ? []
      : [{ session: shortId(received.event.session_id), event, at: at > 0 && at < now ? at : now }]
  } catch {
    return []
  }
}

/** Config and state with their defaults, where no install has made them. */
function createOnFirstUse({ system, paths }: Project): void {
  if (system.files.facts(paths.config) !== undefined) return
  for (const { path, content } of initialFiles(paths)) {
    try {
      system.files.create(path, content)
    } catch (error) {
      // another hook was first
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }
}

/** What follows from incidents outside the two documents: the log, and the record of a halt. */
async function follow(project: Project, incidents: readonly Incident[], { session, event }: Happening): Promise<void> {
  appendIncidents(project.system, project.paths.incidents, incidents)
  const halt = incidents.findLast((incident) => incident.kind === 'halt')
  if (halt !== undefined) await project.store.update(haltKind, () => haltRecord(halt))
  else if (event.kind === 'prompt' && event.typed) {
    const { document } = await project.store.read(haltKind)
    // the person has answered: the halt is over
    if (document.session === session) await project.store.remove(haltKind)
  }
}

const haltRecord = (halt: Incident): HaltRecord => ({
  version: 1,
  at: halt.at,
  ...(halt.session === undefined ? {} : { session: halt.session }),
  ...(halt.agent === undefined ? {} : { agent: halt.agent }),
  ...(halt.pattern === undefined ? {} : { pattern: halt.pattern }),
  ...(halt.subject === undefined ? {} : { subject: halt.subject }),
  ...(halt.reason === undefined ? {} : { reason: halt.reason }),
  ...(halt.count === undefined ? {} : { denials: halt.count }),
  howToContinue: howToContinue({ subject: halt.subject ?? 'the call' }),
})

const describeDamage = (damage: Damage): string =>
  `${damage.key}.json was damaged (${damage.cause}); ${damage.setAsideAs === undefined ? 'it could not be set aside' : `the old file is now ${damage.setAsideAs}`}`
