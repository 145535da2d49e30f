import { join } from 'node:path'
import { type BreakerDocument, breakerKind } from '../breaker/breaker-document.ts'
import { admitCall, afterFailure, afterSuccess, type BreakerLimits } from '../breaker/breaker-steps.ts'
import { textField } from '../calls/json.ts'
import { modeOf } from '../engine/draft.ts'
import type { Incident } from '../engine/incident.ts'
import { apiTrouble, isApiTrouble } from '../patterns/llm-api.ts'
import { takeFailures } from '../store/spool.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import { follow } from './aftermath.ts'
import { shortId } from './hook-events.ts'
import type { Project } from './project.ts'
import { openShared } from './shared-store.ts'

/**
 * The circuit around the model's API (`llm_api`), which the sessions of a project or of a fleet keep together. The client itself
 * tries an overload ten times before it gives up; this is the brake between one prompt and the next, and between machines. It
 * fails open: a store that cannot be used holds nobody up.
 */

/** The document in the shared store. */
export const modelApiKind = breakerKind('llm_api')
/** What it is called in messages. */
export const modelApiSubject = 'the model API'
/** There while the API has failed and has not worked since, as far as this project knows: then the ends of turns are reported. */
export const troubleMarker = 'circuit_breaker_llm_api'
/** The longest wait of one prompt, seconds, whatever the config says: the client gives up on the hook a little later. */
const longestWait = 60

/** What came of it. */
export interface ApiNews {
  /** For the person. */
  readonly person: readonly string[]
  /** For stderr. */
  readonly notes: readonly string[]
}
const noNews: ApiNews = { person: [], notes: [] }

/** A turn ended in an error of the API. @param error the client's name for it. */
export async function apiFailed(project: Project, session: string, error: string): Promise<ApiNews> {
  if (!isApiTrouble(error)) return noNews
  return inStore(project, session, (before, at, limits) => {
    const next = afterFailure(before, session, at, limits)
    const opens = next.circuit.state === 'open' && before.circuit.state !== 'open'
    const why = `${apiTrouble(before.circuit.state === 'closed' ? limits.failMax : 1, error)}, last on ${project.system.host}`
    return opens ? { ...next, why } : next
  })
}

/** A turn ended well. */
export const apiWorked = (project: Project, session: string): Promise<ApiNews> =>
  hasTrouble(project)
    ? inStore(project, session, (before, _at, limits) => afterSuccess(before, session, limits))
    : Promise.resolve(noNews)

/**
 * A prompt is about to reach the API. While the circuit is open a run that nobody watches waits until it may try, and goes on
 * in any case after the cooldown: a prompt that is refused is lost. A person is told, and waits for nothing.
 */
export async function beforePrompt(project: Project, session: string, attended: boolean): Promise<ApiNews> {
  const left = await failuresLeft(project)
  const limits = limitsOf(project)
  const begun = project.system.clock()
  const most = Math.min(limits.resetTimeoutMs / 1000, longestWait)
  let seconds = 0
  let why: string | undefined
  const ask = (): Promise<ApiNews> =>
    inStore(project, session, (before, at) => {
      const admission = admitCall(before, session, at, limits)
      seconds = admission.kind === 'refuse' ? admission.seconds : 0
      why = before.why
      return admission.next
    })
  const asked = await ask()
  const news = { person: [...left.person, ...asked.person], notes: [...left.notes, ...asked.notes] }
  if (seconds === 0 || modeOf(project.config, 'llm_api') !== 'block') return news
  const trouble = `the model API ${why ?? 'is in trouble'}`
  if (attended) {
    const again = Number.isFinite(seconds) ? `; unattended runs try again in ${Math.ceil(seconds)} s` : ''
    return { ...news, person: [...news.person, `Breakerbox: ${trouble}${again}. Your prompt is sent at once.`] }
  }
  const spent = (): number => Math.max(0, (project.system.clock() - begun) / 1000)
  // A trial under way may end at any moment: it is looked at every few seconds.
  while (seconds > 0 && spent() < most) {
    await project.system.sleep(Math.min(seconds, most - spent(), 5) * 1000)
    await ask()
  }
  const waited = `Breakerbox: ${trouble}; this prompt waited ${Math.round(spent())} s for it.`
  return { ...news, person: [...news.person, waited] }
}

/** Takes in the failures that the shell has left since the last prompt. */
async function failuresLeft(project: Project): Promise<ApiNews> {
  const person: string[] = []
  const notes: string[] = []
  for (const value of takeFailures(project.system, project.paths.spool)) {
    const news = await apiFailed(
      project,
      shortId(textField(value, 'session_id') ?? ''),
      textField(value, 'error') ?? '',
    )
    person.push(...news.person)
    notes.push(...news.notes)
  }
  return { person, notes }
}

const limitsOf = ({ config }: Project): BreakerLimits => {
  const { threshold, cooldown_base_seconds, success_threshold } = config.circuit_breakers.llm_api
  return {
    failMax: threshold,
    resetTimeoutMs: cooldown_base_seconds * 1000,
    successThreshold: success_threshold,
    probeTimeoutMs: config.probe_timeout_seconds * 1000,
  }
}

async function inStore(
  project: Project,
  session: string,
  step: (before: BreakerDocument, at: number, limits: BreakerLimits) => BreakerDocument,
): Promise<ApiNews> {
  if (modeOf(project.config, 'llm_api') === 'off') return noNews
  const limits = limitsOf(project)
  try {
    const shared = await openShared(project, project.config.circuit_breakers.llm_api.scope)
    let before: BreakerDocument = (await shared.store.read(modelApiKind)).document
    let after = before
    // Nearly every prompt of every day: nothing is wrong, nothing is written.
    if (step(before, project.system.clock(), limits) !== before) {
      const updated = await shared.store.update(modelApiKind, (document, at) => {
        before = document
        return step(document, at, limits)
      })
      after = updated.kind === 'busy' ? before : updated.document
    }
    const person = await shared.close()
    mark(project, after)
    return { person, notes: await follow(project, incidentsOf(project, session, before, after)) }
  } catch (error) {
    return { person: [], notes: [causeLine(error)] }
  }
}

/** Transitions as incidents. */
function incidentsOf({ now }: Project, session: string, before: BreakerDocument, after: BreakerDocument): Incident[] {
  const [from, to] = [before.circuit.state, after.circuit.state]
  if (from === to) return []
  const kind = to === 'open' ? (from === 'half_open' ? 'reopen' : 'trip') : to === 'half_open' ? 'probe' : 'recovery'
  return [
    {
      at: new Date(now).toISOString(),
      kind,
      session,
      pattern: 'llm_api',
      subject: modelApiSubject,
      ...(after.why === undefined ? {} : { reason: after.why }),
    },
  ]
}

const hasTrouble = ({ system, paths }: Project): boolean =>
  system.files.facts(join(paths.memory, troubleMarker)) !== undefined

function mark(project: Project, { circuit, failures }: BreakerDocument): void {
  const { files } = project.system
  const path = join(project.paths.memory, troubleMarker)
  const wanted = circuit.state !== 'closed' || failures > 0
  try {
    if (wanted === hasTrouble(project)) return
    if (wanted) files.create(path, '')
    else files.remove(path)
  } catch (error) {
    // The next prompt tries again.
    if (errorCode(error) === undefined) throw error
  }
}
