import type { RequestEvent, SettledEvent } from '../engine/event.ts'
import { type SharedStep, stepShared } from '../engine/shared.ts'
import { limitsFor, type SharedScope, sharedScopes } from '../engine/shared-config.ts'
import type { SharedLimits } from '../engine/shared-limits.ts'
import type { StepOf, Verdict } from '../engine/step.ts'
import { causeLine } from '../system/known-error.ts'
import { follow } from './aftermath.ts'
import { type CircuitState, circuitStateKind, sessionKind, sharedKind } from './documents.ts'
import type { Happening } from './happening.ts'
import { setMarker } from './marker.ts'
import type { Project } from './project.ts'
import { openShared } from './shared-store.ts'
import { joined, nothing } from './write.ts'

/**
 * Takes a call to the limits that this session shares with others, in its project or on other machines; most calls are about
 * none. It fails open: a store that is busy or broken refuses nothing.
 */
export async function applyShared<E extends RequestEvent | SettledEvent>(
  project: Project,
  { session, event }: Happening<E>,
  step: StepOf<E>,
): Promise<{ readonly verdict: Verdict; readonly notes: readonly string[] }> {
  let verdict: Verdict = nothing
  const notes: string[] = []
  for (const scope of sharedScopes) {
    if (limitsFor(scope, event, project.config).length === 0) continue
    try {
      const { done, at, person } = await inScope(project, scope, session, event, step)
      if (done !== undefined) {
        notes.push(...(await follow(project, done.incidents)))
        await watchShared(project, scope, done.next, at)
      } else notes.push(`the limits of the ${scope} are locked by another process; the call is not counted there`)
      verdict = [done?.verdict ?? nothing, { ...nothing, person }].reduce(joined, verdict)
    } catch (error) {
      notes.push(causeLine(error))
    }
  }
  return { verdict, notes }
}

/** Takes in calls that no gate has counted: they are counted now that they have run, and what they trip refuses the next ones. */
export async function applyRan(
  project: Project,
  calls: readonly Happening<SettledEvent>[],
  step: StepOf<SettledEvent>,
): Promise<{ readonly verdict: Verdict; readonly notes: readonly string[] }> {
  let verdict: Verdict = nothing
  const notes: string[] = []
  for (const call of calls) {
    const done = await applyShared(project, call, step)
    verdict = joined(verdict, done.verdict)
    notes.push(...done.notes)
  }
  return { verdict, notes }
}

async function inScope<E extends RequestEvent | SettledEvent>(
  project: Project,
  scope: SharedScope,
  session: string,
  event: E,
  step: StepOf<E>,
): Promise<{ readonly done: SharedStep | undefined; readonly at: number; readonly person: readonly string[] }> {
  const { system, config } = project
  const { document: memory } = await project.store.read(sessionKind(session))
  const shared = await openShared(project, scope)
  let done: SharedStep | undefined
  let at = 0
  const updated = await shared.store.update(sharedKind, (limits, time) => {
    at = time
    done = stepShared(step, limits, scope, event, { memory, machine: system.host }, config, time)
    return done.next
  })
  return { done: updated.kind === 'busy' ? undefined : done, at, person: await shared.close() }
}

/** Times that are nearer to each other are the same: two clocks are compared through a network, milliseconds. */
const sameTime = 1000

/**
 * While a shared circuit refuses, the shell entries have to start Node for Bash as well. Other sessions and machines find out
 * with their own next counted call.
 *
 * @param at the time where the limits are kept, milliseconds since 1970: ours may be another.
 */
export async function watchShared(
  project: Project,
  scope: SharedScope,
  { circuits }: SharedLimits,
  at: number,
): Promise<void> {
  const field = scope === 'fleet' ? 'fleetUntil' : 'sharedUntil'
  const ends = circuits.flatMap(({ status }) => (status.state === 'open' ? [Date.parse(status.retryAt)] : []))
  const until = ends.length === 0 ? undefined : Math.max(...ends) - at + project.now
  const { document } = await project.store.read(circuitStateKind)
  const before = document[field]
  if (until === undefined ? before === undefined : Math.abs(Date.parse(before ?? '') - until) < sameTime) return
  const updated = await project.store.update(
    circuitStateKind,
    ({ [field]: _before, ...state }): CircuitState => ({
      ...state,
      ...(until === undefined ? {} : { [field]: new Date(until).toISOString() }),
    }),
  )
  if (updated.kind !== 'busy') setMarker(project, updated.document)
}
