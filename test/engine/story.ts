import { defaultConfig, validateConfig } from '../../lib/config/load.ts'
import type { Config } from '../../lib/config/schema.ts'
import type { Circuit } from '../../lib/engine/circuit.ts'
import type { EngineEvent } from '../../lib/engine/event.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import { emptyMemory, type SessionMemory } from '../../lib/engine/memory.ts'
import { type Step, step, type Verdict } from '../../lib/engine/step.ts'
import { readHookInput } from '../../lib/protocol/input.ts'
import { circuitStateKind, sessionKind } from '../../lib/session/documents.ts'
import { eventOf } from '../../lib/session/hook-events.ts'

/**
 * Short stories of a session, told in beats and played through the engine the way the client would: with its payloads, in
 * its order. A call that the gate refuses does not run, and a run that is ended plays no further turns until a prompt.
 */

export const folder = '/home/dev/app'
export const start = Date.parse('2026-03-04T09:00:00.000Z')

/** One call and how it would end if it ran. */
export interface Told {
  readonly tool: string
  readonly input: Readonly<Record<string, unknown>>
  readonly ends: 'succeeds' | 'fails' | 'rejected' | 'refused' | 'cancelled' | 'interrupted'
  /** What the model reads. */
  readonly text: string
  /** `PostToolUse`'s form where it differs from the text. */
  readonly response?: unknown
  /** `tool_use_id`; made up where it is left out. */
  readonly id?: string
}

interface Turn {
  readonly kind: 'turn'
  readonly agent?: string
  readonly calls: readonly Told[]
  /** Seconds that the turn takes. */
  readonly takes: number
}

export type Beat =
  | Turn
  | {
      readonly kind: 'prompt'
      readonly text: string
      readonly attended: boolean
      /** The running prompt's id stays: a message queued while the run is going. */
      readonly queued: boolean
    }
  | { readonly kind: 'passes'; readonly seconds: number }
  | { readonly kind: 'input'; readonly input: Readonly<Record<string, unknown>> }

const one = (told: Told, takes = 1): Turn => ({ kind: 'turn', calls: [told], takes })
const bash = (command: string, ends: Told['ends'], text: string, response?: unknown): Told => ({
  tool: 'Bash',
  input: { command },
  ends,
  text,
  ...(response === undefined ? {} : { response }),
})

/** Bash runs a command that fails. */
export const fails = (command: string, error: string, exitCode = 1): Turn =>
  one(bash(command, 'fails', `Exit code ${exitCode}\n${error}`))

/** Bash runs a command that succeeds. */
export const prints = (command: string, output = ''): Turn =>
  one(
    bash(command, 'succeeds', output === '' ? '(Bash completed with no output)' : output, {
      stdout: output,
      stderr: '',
      interrupted: false,
    }),
  )

/** Bash waits. */
export const sleeps = (seconds: number): Turn => ({ ...prints(`sleep ${seconds}`), takes: seconds })

/** Any tool succeeds. */
export const succeeds = (tool: string, input: Told['input'], text: string, response: unknown = text): Turn =>
  one({ tool, input, ends: 'succeeds', text, response })

/** Any tool runs and reports an error. */
export const errs = (tool: string, input: Told['input'], error: string): Turn =>
  one({ tool, input, ends: 'fails', text: error })

/** A file is changed. */
export const edits = (path: string, from = 'a', to = 'b'): Turn =>
  succeeds(
    'Edit',
    { file_path: `${folder}/${path}`, old_string: from, new_string: to },
    `The file ${folder}/${path} has been updated successfully.`,
    { filePath: `${folder}/${path}`, oldString: from, newString: to },
  )

export const writes = (path: string, content = 'x'): Turn =>
  succeeds('Write', { file_path: `${folder}/${path}`, content }, `File created successfully at: ${folder}/${path}`, {
    type: 'create',
    filePath: `${folder}/${path}`,
  })

export const reads = (path: string, text = `text of ${path}`): Turn =>
  succeeds('Read', { file_path: `${folder}/${path}` }, text)

/** A call that is rejected before it runs. */
export const rejected = (tool: string, input: Told['input'], cause: string): Turn =>
  one({ tool, input, ends: 'rejected', text: `<tool_use_error>${cause}</tool_use_error>` })

/** An Edit whose `old_string` is not in the file. */
export const editNotFound = (path: string, text = 'zzz'): Turn =>
  rejected(
    'Edit',
    { file_path: `${folder}/${path}`, old_string: text, new_string: 'y' },
    `String to replace not found in file.\nString: ${text}`,
  )

/** The permission system, a person or another hook refuses. */
export const refused = (tool: string, input: Told['input'], text: string): Turn =>
  one({ tool, input, ends: 'refused', text })

/** A sibling of the same batch failed. */
export const cancelled = (command: string): Turn =>
  one(bash(command, 'cancelled', '<tool_use_error>Sibling tool call errored</tool_use_error>'))

/** A person pressed escape. */
export const interrupted = (command: string): Turn =>
  one(bash(command, 'interrupted', '[Request interrupted by user for tool use]'))

/** An agent is started and answers. */
export const spawns = (task: string, agentId?: string): Turn =>
  succeeds(
    'Agent',
    { description: task, prompt: `Do: ${task}`, subagent_type: 'general-purpose' },
    `Async agent launched successfully.\nagentId: ${agentId ?? task.replace(/\W/g, '')}`,
    { status: 'async_launched', agentId: agentId ?? task.replace(/\W/g, '') },
  )

/** Several calls of one model response. */
export const turn = (...turns: readonly Turn[]): Turn => ({
  kind: 'turn',
  calls: turns.flatMap(({ calls }) => calls),
  takes: Math.max(...turns.map(({ takes }) => takes)),
})

/** The same turns, done by a subagent. */
export const inAgent = (agent: string, ...turns: readonly Turn[]): Turn[] => turns.map((each) => ({ ...each, agent }))

/** The same turn, slower or faster. */
export const lasting = (seconds: number, each: Turn): Turn => ({ ...each, takes: seconds })

/** A person types; `attended: false` for a prompt that a program hands over. */
export const prompt = (text = 'go on', { attended = true, queued = false } = {}): Beat => ({
  kind: 'prompt',
  text,
  attended,
  queued,
})

/** Nothing happens for a while. */
export const passes = (seconds: number): Beat => ({ kind: 'passes', seconds })

/** A payload of the client as it is. */
export const input = (event: string, fields: Readonly<Record<string, unknown>> = {}): Beat => ({
  kind: 'input',
  input: { hook_event_name: event, ...fields },
})

/** A story told `count` times, with the number of the round from 0. */
export const times = (count: number, beats: (round: number) => Beat | readonly (Beat | readonly Beat[])[]): Beat[] =>
  Array.from({ length: count }, (_, round) => beats(round)).flat(2) as Beat[]

/** Which events reach the engine, and how. */
export type Delivery =
  /** `PreToolUse`, `PostToolUse` or `PostToolUseFailure`, `PostToolBatch`. */
  | 'all'
  /** No `PostToolUse`: what succeeds shows in the batch only. */
  | 'batch'
  /** Every event twice, as from settings and plugin together. */
  | 'twice'

export interface Options {
  readonly session?: string
  readonly config?: Readonly<Record<string, unknown>>
  readonly delivery?: Delivery
}

/** What one turn came to, call by call. */
export interface PlayedTurn {
  /** Texts that the gate refused with, by call; undefined for calls that it let pass. */
  readonly refusals: readonly (string | undefined)[]
  /** Texts for the model. */
  readonly told: readonly string[]
  /** Texts for the person. */
  readonly person: readonly string[]
  /** Why the run was ended in this turn. */
  readonly ended?: string
}

export const configOf = (fields: Readonly<Record<string, unknown>> = {}): Config => {
  const { config, problems } = validateConfig(fields, 'config')
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'))
  return config
}

/** A session that goes on where it stopped; every step is checked for what all steps promise. */
export class Session {
  readonly turns: PlayedTurn[] = []
  readonly incidents: Incident[] = []
  readonly person: string[] = []
  readonly id: string
  circuits: readonly Circuit[]
  memory: SessionMemory
  now: number
  config: Config
  #delivery: Delivery
  #calls = 0
  #prompts = 0
  #ended = new Set<string>()

  constructor({ session = 'S', config = {}, delivery = 'all' }: Options = {}, before?: Partial<Session>) {
    this.id = session
    this.config = config === undefined ? defaultConfig() : configOf(config)
    this.#delivery = delivery
    this.memory = before?.memory ?? emptyMemory(session)
    this.circuits = before?.circuits ?? []
    this.now = before?.now ?? start
  }

  play(...beats: readonly (Beat | readonly Beat[])[]): this {
    for (const beat of beats.flat() as Beat[]) this.#playBeat(beat)
    return this
  }

  /** One payload of the client. */
  send(fields: Readonly<Record<string, unknown>>, attended = true): Verdict {
    const received = readHookInput({
      session_id: this.id,
      cwd: folder,
      prompt_id: `prompt-${this.#prompts}`,
      ...fields,
    })
    if (!('event' in received)) throw new Error('a story is told in events')
    const event = eventOf(received.event, attended)
    if (event === undefined) return { context: [], person: [] }
    return this.apply(event)
  }

  /** One event of the engine. */
  apply(event: EngineEvent): Verdict {
    const done = checkedStep(this.memory, this.circuits, event, this.config, this.now)
    this.memory = done.memory
    this.circuits = done.circuits
    this.incidents.push(...done.incidents)
    this.person.push(...done.verdict.person)
    if (this.#delivery === 'twice') this.#again(event)
    return done.verdict
  }

  #again(event: EngineEvent): void {
    // a prompt is an event without a name of its own: its second copy is a second prompt
    if (event.kind === 'prompt') return
    const done = checkedStep(this.memory, this.circuits, event, this.config, this.now)
    this.memory = done.memory
    this.circuits = done.circuits
    this.incidents.push(...done.incidents)
    this.person.push(...done.verdict.person)
  }

  #playBeat(beat: Beat): void {
    switch (beat.kind) {
      case 'passes':
        this.now += beat.seconds * 1000
        return
      case 'prompt':
        if (!beat.queued) this.#prompts += 1
        this.#ended.clear()
        this.send({ hook_event_name: 'UserPromptSubmit', prompt: beat.text }, beat.attended)
        return
      case 'input':
        this.send(beat.input)
        return
      case 'turn':
        if (!this.#ended.has('main') && !this.#ended.has(beat.agent ?? 'main')) this.#playTurn(beat)
        return
      default:
        beat satisfies never
    }
  }

  #playTurn({ agent, calls, takes }: Turn): void {
    const who = agent === undefined ? {} : { agent_id: agent, agent_type: 'general-purpose' }
    const told: string[] = []
    const person: string[] = []
    const refusals: (string | undefined)[] = []
    let ended: string | undefined
    const hear = (verdict: Verdict) => {
      told.push(...verdict.context)
      person.push(...verdict.person)
      ended ??= verdict.stop ?? verdict.refusal?.halt
    }
    const asked = calls.map((call) => {
      this.#calls += 1
      const id = call.id ?? `${this.id}-${this.#calls}`
      return { call, fields: { tool_name: call.tool, tool_input: call.input, tool_use_id: id } }
    })
    for (const { call, fields } of asked) {
      const verdict =
        call.ends === 'rejected' ? undefined : this.send({ ...who, ...fields, hook_event_name: 'PreToolUse' })
      if (verdict !== undefined) hear(verdict)
      refusals.push(verdict?.refusal?.reason)
    }
    const haltedBefore = ended !== undefined
    this.now += takes * 1000
    for (const [i, { call, fields }] of asked.entries()) {
      if (refusals[i] !== undefined) continue
      if (call.ends === 'fails' || call.ends === 'interrupted') {
        const is_interrupt = call.ends === 'interrupted'
        const failure = { ...who, ...fields, hook_event_name: 'PostToolUseFailure', error: call.text, is_interrupt }
        hear(this.send(failure))
      }
      if (call.ends === 'succeeds' && this.#delivery !== 'batch') {
        const success = { ...who, ...fields, hook_event_name: 'PostToolUse', tool_response: call.response ?? call.text }
        hear(this.send(success))
      }
    }
    // a run that the gate has ended gets no batch
    if (!haltedBefore) {
      const tool_calls = asked.map(({ call, fields }, i) => ({
        ...fields,
        tool_response: refusals[i] === undefined ? call.text : refusedText(call.tool, refusals[i]),
      }))
      hear(this.send({ ...who, hook_event_name: 'PostToolBatch', tool_calls }))
    }
    if (ended !== undefined) this.#ended.add(agent ?? 'main')
    this.turns.push({ refusals, told, person, ...(ended === undefined ? {} : { ended }) })
  }
}

/** The client leaves the prefix out for edits. */
const refusedText = (tool: string, reason: string): string =>
  tool === 'Edit' || tool === 'Write' ? reason : `PreToolUse:${tool} hook error: ${reason}`

/** Plays a whole story. */
export function play(beats: readonly (Beat | readonly Beat[])[], options: Options = {}): Session {
  return new Session(options).play(...beats)
}

/**
 * A step that is given frozen arguments, whose documents are saved and read again: it changes nothing it is given, and
 * what it hands out is valid.
 */
export function checkedStep(
  memory: SessionMemory,
  circuits: readonly Circuit[],
  event: EngineEvent,
  config: Config,
  now: number,
): Step {
  const done = step(freeze(memory), freeze(circuits), freeze(event), freeze(config), now)
  const saved = {
    memory: done.memory === memory ? memory : reread(sessionKind(memory.session).parse, done.memory),
    circuits:
      done.circuits === circuits
        ? circuits
        : reread(circuitStateKind.parse, { version: 1 as const, circuits: done.circuits }).circuits,
  }
  return { ...done, ...saved }
}

const reread = <T>(parse: (value: unknown) => T, document: T): T => parse(JSON.parse(JSON.stringify(document)))

const frozen = new WeakSet<object>()

export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || frozen.has(value)) return value
  frozen.add(value)
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

/** Kinds of incidents with their subjects, in order: `trip tool_failure Bash(npm test)`. */
export const told = ({ incidents }: Pick<Session, 'incidents'>, ...kinds: Incident['kind'][]): string[] =>
  incidents
    .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
    .map(({ kind, pattern, subject }) => `${kind} ${pattern} ${subject}`)

/** Turns, from 1, in which the run was ended. */
export const endedIn = ({ turns }: Pick<Session, 'turns'>): number[] =>
  turns.flatMap(({ ended }, i) => (ended === undefined ? [] : [i + 1]))

/** Turns, from 1, in which a call was refused. */
export const refusedIn = ({ turns }: Pick<Session, 'turns'>): number[] =>
  turns.flatMap(({ refusals }, i) => (refusals.some((text) => text !== undefined) ? [i + 1] : []))

/** Turns, from 1, in which the model was told something. */
export const toldIn = ({ turns }: Pick<Session, 'turns'>): number[] =>
  turns.flatMap(({ told: texts }, i) => (texts.length > 0 ? [i + 1] : []))
