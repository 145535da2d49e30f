import type { Config } from '../config/schema.ts'
import { type Circuit, isLoop, noDenials } from './circuit.ts'
import { type Draft, keep } from './draft.ts'
import type { BatchEvent, EngineEvent, PromptEvent, RequestEvent, SettledEvent } from './event.ts'
import { withoutOld } from './forget.ts'
import type { Incident } from './incident.ts'
import {
  type AgentProgress,
  entryOf,
  mainAgent,
  progressOf,
  type SessionMemory,
  withEntry,
  withProgress,
} from './memory.ts'
import { refuseNested } from './nested.ts'
import { type Reactions, reactions } from './reactions.ts'
import { type Refusal, request } from './request.ts'
import { settle } from './settle.ts'

/** What an event came to. */
export interface Step {
  /** The same object as before where nothing changed. */
  readonly memory: SessionMemory
  /** The same array as before where nothing changed. */
  readonly circuits: readonly Circuit[]
  readonly incidents: readonly Incident[]
  readonly verdict: Verdict
}

export interface Verdict {
  /** The call is not to run, the prompt not to be taken. */
  readonly refusal?: Refusal
  /** The run is to end before the next model request; why. */
  readonly stop?: string
  /** For the model, texts in order. */
  readonly context: readonly string[]
  /** For the person, texts in order. */
  readonly person: readonly string[]
}

/**
 * The one brain: what an event means, given what is remembered of its session, the circuits of the project and the config.
 * Pure: it knows no file, clock or process, and changes nothing it is given. The hooks, `replay` and `why` all call it.
 *
 * @param now milliseconds since 1970, read once at the edge.
 */
export function step(
  memory: SessionMemory,
  circuits: readonly Circuit[],
  event: EngineEvent,
  config: Config,
  now: number,
): Step {
  if (event.kind === 'request') return stepAsked(memory, circuits, event, config, now)
  return event.kind === 'prompt'
    ? stepPrompted(memory, circuits, event, config, now)
    : stepHappened(memory, circuits, event, config, now)
}

/** The part of it that answers: may this call run? */
export const stepAsked = /* @__PURE__ */ stepBy<RequestEvent>(request)

/** The part of it that takes in what happened. A hook that is never asked carries only this, the gate only the other. */
export const stepHappened = /* @__PURE__ */ happenedWith(() => reactions)

/**
 * The same for who does not carry the second half, which few events need.
 *
 * @param react gives it; called each time that something is met. What it throws ends the step, which then has changed nothing.
 */
export function happenedWith(react: () => Reactions): StepOf<Exclude<EngineEvent, RequestEvent>> {
  return stepBy((draft, event) => take(draft, event, react))
}

/** Of that the part for a prompt that can still be refused. */
export const stepPrompted = /* @__PURE__ */ stepBy<PromptEvent>(
  (draft, event) => refuseNested(draft, event) ?? prompt(draft, event),
)

export type StepOf<E extends EngineEvent> = (
  memory: SessionMemory,
  circuits: readonly Circuit[],
  event: E,
  config: Config,
  now: number,
) => Step

function stepBy<E extends EngineEvent>(take: (draft: Draft, event: E) => Refusal | undefined): StepOf<E> {
  return (memory, circuits, event, config, now) => {
    const draft: Draft = { config, now, memory, circuits, incidents: [], context: [], person: [] }
    const refusal = config.mode === 'off' ? undefined : take(draft, event)
    return {
      memory: draft.memory,
      circuits: draft.circuits,
      incidents: draft.incidents,
      verdict: {
        ...(refusal === undefined ? {} : { refusal }),
        ...(draft.stop === undefined ? {} : { stop: draft.stop }),
        context: draft.context,
        person: draft.person,
      },
    }
  }
}

function take(draft: Draft, event: Exclude<EngineEvent, RequestEvent>, react: () => Reactions): undefined {
  switch (event.kind) {
    case 'settled':
      return settled(draft, event, react)
    case 'batch':
      return batch(draft, event, react)
    case 'prompt':
      return prompt(draft, event)
    case 'agent_started':
      return setRunning(draft, [...draft.memory.running.filter((agent) => agent !== event.agent), event.agent])
    case 'agent_stopped':
      return setRunning(
        draft,
        draft.memory.running.filter((agent) => agent !== event.agent),
      )
    case 'stopped':
      return event.background ? undefined : setRunning(draft, [])
    case 'session_started':
    case 'session_ended':
      if (event.kind === 'session_ended') forgetNesting(draft)
      return setRunning(draft, [])
    default:
      return event satisfies never
  }
}

function settled(draft: Draft, event: SettledEvent, react: () => Reactions): undefined {
  const progress = progressOf(draft.memory, event.agent)
  const turn = event.turn ?? progress.turn
  if (turn !== progress.turn) beginTurn(draft, { ...progress, turn })
  settle(draft, event, { ...placeOf(event), turn, batched: false }, react)
  if (event.endsTurn === true) beginTurn(draft, { ...progress, turn: turn + 1 })
}

/**
 * The end of a turn. One that arrives twice (settings and plugin, a spool drained again) is known by its first call. A prompt may
 * have ended the turn already, while the batch waited in the spool: what has settled in it tells which turn that was.
 */
function batch(draft: Draft, event: BatchEvent, react: () => Reactions): undefined {
  const progress = progressOf(draft.memory, event.agent)
  const name = event.calls[0]?.call.id
  if (name === undefined || progress.batches.includes(name)) return
  const turn = event.turn ?? turnOf(draft, event) ?? progress.turn
  for (const settlement of event.calls) settle(draft, settlement, { ...placeOf(event), turn, batched: true }, react)
  beginTurn(draft, { ...progress, turn: Math.max(turn + 1, progress.turn), batches: [...progress.batches, name] })
}

/** The turn in which calls of a batch are known to have settled; one that was only asked about says nothing. */
const turnOf = ({ memory }: Draft, { calls }: BatchEvent): number | undefined =>
  calls.map(({ call }) => entryOf(memory, call.id)).find((entry) => entry && entry.outcome !== 'pending')?.turn

function beginTurn(draft: Draft, progress: AgentProgress): void {
  draft.memory = withProgress(draft.memory, progress)
  draft.memory = withoutOld(draft, progress)
}

const placeOf = (event: SettledEvent | BatchEvent): { agent: string; promptId?: string } => ({
  agent: event.agent,
  ...(event.promptId === undefined ? {} : { promptId: event.promptId }),
})

/**
 * A prompt. A person's counts refusals anew and grants or ends a bypass; if they sit in front of it, it also starts the
 * count of repeats anew. Text that a machine sent as a prompt changes nothing.
 */
function prompt(draft: Draft, event: PromptEvent): undefined {
  if (!event.typed) return
  const { promptId } = event
  const { bypass: before, ...memory } = draft.memory
  const id = promptId === undefined ? {} : { promptId }
  // a queued message carries the running prompt's id: it may grant a bypass, and takes none away
  const goesOn = before !== undefined && promptId !== undefined && before.promptId === promptId
  const bypass = goesOn ? before : event.bypass ? { ...id, used: [], ids: [] } : undefined
  draft.memory = { ...memory, ...(bypass === undefined ? {} : { bypass }) }
  // It comes late out of the spool, or for the second time: what has happened since is not before it.
  const last = draft.memory.entries.at(-1)
  if (last?.kind === 'call' && Date.parse(last.at) > draft.now) return
  if (event.attended) enterPrompt(draft)
  endInterruptedTurn(draft)
  for (const circuit of draft.circuits) {
    if (circuit.session !== draft.memory.session || !isLoop(circuit.pattern) || circuit.denials.count === 0) continue
    keep(draft, { ...circuit, denials: { ...noDenials, ids: circuit.denials.ids } })
  }
}

/** In its place among the calls, for which the last of several prompts in a row is enough. */
function enterPrompt(draft: Draft): void {
  const last = draft.memory.entries.at(-1)
  const at = new Date(draft.now).toISOString()
  draft.memory = withEntry(draft.memory, { kind: 'prompt', at }, last?.kind === 'prompt' ? last : undefined)
}

/** After a halt or an interrupt no batch ends the turn; the next prompt does. */
function endInterruptedTurn(draft: Draft): void {
  const progress = progressOf(draft.memory, mainAgent)
  const last = draft.memory.entries.findLast((entry) => entry.kind === 'call' && entry.agent === mainAgent)
  const begun = last?.kind === 'call' && last.turn === progress.turn && last.batched !== true
  if (begun) draft.memory = withProgress(draft.memory, { ...progress, turn: progress.turn + 1 })
}

/** How deep a session was nested was true of the client that has ended. */
function forgetNesting(draft: Draft): void {
  for (const circuit of draft.circuits) {
    if (circuit.target.kind !== 'session' || circuit.session !== draft.memory.session) continue
    keep(draft, { ...circuit, status: { state: 'closed' } })
  }
}

function setRunning(draft: Draft, running: readonly string[]): undefined {
  const { running: before } = draft.memory
  if (running.length === before.length && running.every((agent, i) => agent === before[i])) return
  draft.memory = { ...draft.memory, running: running.slice(-100) }
}
