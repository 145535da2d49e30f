import type { BreakerDocument } from '../breaker/breaker-document.ts'
import { afterReset } from '../breaker/breaker-steps.ts'
import { clean } from '../calls/result.ts'
import type { Circuit } from '../engine/circuit.ts'
import type { Incident } from '../engine/incident.ts'
import { closeCircuits, closeShared, forget, goesBy } from '../engine/reset.ts'
import { limitNames, patternsIn, type SharedScope } from '../engine/shared-config.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import type { PatternName } from '../patterns/finding.ts'
import { patternNames } from '../patterns/patterns.ts'
import type { Store } from '../store/store.ts'
import { circuitStateKind, haltKind, sessionKind, sharedKind } from './documents.ts'
import { setMarker, watched } from './marker.ts'
import { modelApiKind, modelApiSubject } from './model-api.ts'
import type { Project } from './project.ts'
import { sealed } from './seal.ts'
import { loadFleet } from './shared-store.ts'
import { watchShared } from './together.ts'

type ResetResult =
  | { readonly kind: 'closed'; readonly circuits: readonly Circuit[] }
  /** The state is locked by another process. */
  | { readonly kind: 'busy' }

/**
 * Closes circuits at level 0, forgets the calls that they counted, ends a halt, and leaves an incident for each.
 *
 * @param chosen which ones.
 */
async function resetCircuits(project: Project, chosen: (circuit: Circuit) => boolean): Promise<ResetResult> {
  let closed: readonly Circuit[] = []
  let incidents: readonly Incident[] = []
  const result = await project.store.update(circuitStateKind, async (state) => {
    closed = state.circuits.filter(chosen)
    if (closed.length === 0) return state
    for (const circuit of closed) {
      await project.store.update(sessionKind(circuit.session), (memory) => forget(memory, circuit))
    }
    const next = closeCircuits(state.circuits, closed, project.now)
    incidents = next.incidents
    // what was near is forgotten with it
    const calm = closed.reduce((rest, { session }) => watched(rest, session, undefined, false), state)
    return sealed({ ...calm, circuits: next.circuits })
  })
  if (result.kind === 'busy') return { kind: 'busy' }
  setMarker(project, result.document)
  appendIncidents(project.system, project.paths.incidents, incidents)
  const { document } = await project.store.read(haltKind)
  if (document.at !== undefined) await project.store.remove(haltKind)
  return { kind: 'closed', circuits: closed }
}

/** What a person who named circuits is told. */
export interface ResetReport {
  /** `unknown`: there is no such circuit, and no such pattern. `failed`: nothing was closed, or not all. */
  readonly kind: 'done' | 'unknown' | 'failed'
  readonly lines: readonly string[]
}

/** What a circuit goes by. */
type Named = Pick<Circuit, 'pattern' | 'subject'>

/** Milliseconds that a person waits for the fleet's server at most. */
const fleetMilliseconds = 2000

/**
 * Closes the circuits that go by a name, all of them without one: those of the project's sessions and those that they share, or
 * instead those of the fleet, for all its machines.
 */
export const resetByName = (project: Project, name: string | undefined, fleet = false): Promise<ResetReport> =>
  fleet ? resetFleet(project, name) : resetProject(project, name)

async function resetProject(project: Project, name: string | undefined): Promise<ResetReport> {
  const { document } = await project.store.read(circuitStateKind)
  const known: Named[] = [...document.circuits, ...(await sharedIn(project.store))]
  const hint = fleetHint(project, name)
  if (isUnknown(name, known, patternNames)) return unknown(name, known, patternNames, hint)
  // a reset makes no folder where no hook has ever run, as in one that was taken for a project
  if (project.system.files.facts(project.paths.memory) === undefined) {
    return {
      kind: 'done',
      lines: [`Nothing to close: no hook has run in ${clean(project.paths.project, 300)}.`, ...hint],
    }
  }
  const meant = meaning(name)
  const own = await resetCircuits(project, meant)
  const shared = await resetShared(project, project.store, meant, 'project')
  if (own.kind === 'busy' || shared === 'busy') return busy
  const lines = [...own.circuits.map(closedLine), ...shared]
  return { kind: 'done', lines: [...(lines.length === 0 ? [closedAlready(name)] : lines), ...hint] }
}

async function resetFleet(project: Project, name: string | undefined): Promise<ResetReport> {
  const part = loadFleet(project)
  if (part === undefined) {
    const missing = 'what knows the server (fleet-store.cjs) is not beside this hook'
    return { kind: 'failed', lines: [`reset-circuit --fleet: ${missing}; run breakerbox install`] }
  }
  const patterns: readonly PatternName[] = [...limitNames, 'llm_api']
  const reset = async (store: Store): Promise<ResetReport> => {
    const known = await sharedIn(store)
    if (isUnknown(name, known, patterns)) return unknown(name, known, patterns)
    const lines = await resetShared(project, store, meaning(name), 'fleet')
    if (lines === 'busy') return busy
    return { kind: 'done', lines: lines.length === 0 ? [closedAlready(name)] : lines }
  }
  const answer = await part.askFleet(project, reset, fleetMilliseconds)
  if (answer === undefined) {
    const where = 'set redis.url in ~/.claude/breakerbox.json, or BREAKERBOX_REDIS_URL'
    return { kind: 'failed', lines: [`reset-circuit --fleet: no Redis server is configured; ${where}`] }
  }
  if (answer.reached) return answer.found
  const meanwhile =
    'Until it is back, what it limits holds for each project alone; reset-circuit without --fleet closes that.'
  return { kind: 'failed', lines: [`reset-circuit --fleet: ${answer.cause}; try again`, meanwhile] }
}

/**
 * Closes what a store holds for several sessions: circuits of limits, with the calls that they counted, and the one of the API.
 *
 * @returns a line for each.
 */
async function resetShared(
  project: Project,
  store: Store,
  meant: (circuit: Named) => boolean,
  scope: SharedScope,
): Promise<string[] | 'busy'> {
  let done: ReturnType<typeof closeShared> | undefined
  let at = 0
  const limits = await store.update(sharedKind, (before, time) => {
    at = time
    done = closeShared(before, meant, project.now)
    return done.next
  })
  let before: BreakerDocument | undefined
  const api = meant(modelApi)
    ? await store.update(modelApiKind, (document) => {
        before = document
        return isCalm(document) ? document : afterReset(document)
      })
    : undefined
  if (limits.kind === 'busy' || api?.kind === 'busy' || done === undefined) return 'busy'
  const whose = scope === 'fleet' ? 'all machines' : 'all sessions of the project'
  const incidents = [...done.incidents]
  const lines = done.closed.map((circuit) => `${named(circuit)} (${whose}): ${closing(circuit)}`)
  if (before !== undefined && !isCalm(before)) {
    const { circuit, failures } = before
    lines.push(`${named(modelApi)} (${whose}): ${stateWord(circuit.state)} → CLOSED, ${failures} failures in a row → 0`)
    incidents.push({ at: new Date(project.now).toISOString(), kind: 'reset', ...modelApi, reason: 'closed by hand' })
  }
  if (done.closed.length > 0) await watchShared(project, scope, done.next, at)
  appendIncidents(project.system, project.paths.incidents, incidents)
  return lines
}

const modelApi: Named = { pattern: 'llm_api', subject: modelApiSubject }

const isCalm = ({ circuit, failures }: BreakerDocument): boolean => circuit.state === 'closed' && failures === 0

/** What a store holds for several sessions. */
async function sharedIn(store: Store): Promise<Named[]> {
  const { document: limits } = await store.read(sharedKind)
  const { document: api } = await store.read(modelApiKind)
  return [...limits.circuits, ...(isCalm(api) ? [] : [modelApi])]
}

/** Said where a person may take the project's circuits for the fleet's. */
function fleetHint(project: Project, name: string | undefined): string[] {
  const patterns: readonly string[] = patternsIn('fleet', project.config)
  if (patterns.length === 0 || (isPattern(name) && !patterns.includes(name))) return []
  if (loadFleet(project)?.fleetAddress(project.system) === undefined) return []
  return ['Circuits of the fleet stay as they are; for all machines: reset-circuit --fleet']
}

const meaning =
  (name: string | undefined) =>
  (circuit: Named): boolean =>
    name === undefined || goesBy(circuit, name)

const isUnknown = (name: string | undefined, known: readonly Named[], patterns: readonly string[]): name is string =>
  name !== undefined && !patterns.includes(name) && !known.some(meaning(name))

const unknown = (
  name: string,
  known: readonly Named[],
  patterns: readonly string[],
  hint: readonly string[] = [],
): ResetReport => ({
  kind: 'unknown',
  lines: [
    `error: there is no circuit ${JSON.stringify(clean(name, 120))}`,
    `Allowed: ${[...known.map(({ pattern, subject }) => JSON.stringify(clean(`${pattern}:${subject}`, 160))), ...patterns].join(', ')}`,
    ...hint,
  ],
})

const busy: ResetReport = {
  kind: 'failed',
  lines: ['reset-circuit: the state is locked by another process; try again'],
}

const closedAlready = (name: string | undefined): string =>
  `${name ?? 'All circuits'}: CLOSED already, backoff level 0.`

const isPattern = (name: string | undefined): name is PatternName =>
  (patternNames as readonly (string | undefined)[]).includes(name)

const closedLine = (circuit: Circuit): string =>
  `${named(circuit)} (session ${clean(circuit.session, 60)}): ${closing(circuit)}`

const named = ({ pattern, subject }: Named): string => `${pattern} ${clean(subject, 120)}`

const closing = ({ status, level }: Circuit): string =>
  `${stateWord(status.state)} → CLOSED, backoff level ${level} → 0`

const stateWord = (state: Circuit['status']['state']): string => state.toUpperCase().replace('_', '-')
