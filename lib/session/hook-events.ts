import { type Call, describeCall } from '../calls/call.ts'
import { hash } from '../calls/hash.ts'
import { isRecord, textField } from '../calls/json.ts'
import { type Outcome, outcomeOfFailure, outcomeOfResponse } from '../calls/outcome.ts'
import { redact } from '../calls/redact.ts'
import { errorLine, resultFingerprints } from '../calls/result.ts'
import type { Actor, EngineEvent, PromptEvent, RequestEvent, Settlement } from '../engine/event.ts'
import { mainAgent } from '../engine/memory.ts'
import { asksForBypass, isTyped } from '../engine/prompt-text.ts'
import type { HookInput, PlainInput } from '../protocol/input.ts'

/** What the client's events mean to the engine. */

/** Whether a person sits in front of the session; the client says `0` where nobody does. */
export const isAttended = (env: Readonly<Record<string, string | undefined>>): boolean =>
  env['CLAUDE_CODE_SESSION_ATTENDED'] !== '0'

/**
 * @param attended whether a person's prompt means that they have seen what happened.
 * @returns undefined for events that change nothing (the end of a session).
 */
export function eventOf(input: HookInput, attended: boolean): EngineEvent | undefined {
  switch (input.hook_event_name) {
    case 'PreToolUse':
      return requestOf(input)
    case 'PostToolUse':
      return settlementOfSuccess(input, input, input.tool_response, { kind: 'settled' as const, ...actorOf(input) })
    case 'PostToolUseFailure': {
      const outcome = outcomeOfFailure(input.error, input.is_interrupt === true)
      return settlement(input, input, outcome, input.error, { kind: 'settled' as const, ...actorOf(input) })
    }
    case 'PostToolBatch': {
      const calls = input.tool_calls.map((call) => settlementOfResponse(call, input, call.tool_response))
      return { kind: 'batch', ...actorOf(input), calls }
    }
    case 'UserPromptSubmit':
      return promptEvent(input.prompt, input.prompt_id, attended)
    case 'SessionStart':
      return input.source === 'compact' ? undefined : { kind: 'session_started' }
    case 'SubagentStart':
      return { kind: 'agent_started', agent: shortId(input.agent_id) }
    case 'SubagentStop':
      return { kind: 'agent_stopped', agent: shortId(input.agent_id) }
    case 'Stop':
      return { kind: 'stopped', background: (input.background_tasks?.length ?? 0) > 0 }
    case 'SessionEnd':
      return { kind: 'session_ended' }
    case 'StopFailure':
      return undefined
    default:
      return input satisfies never
  }
}

/** What the gate is asked. */
export const requestOf = (input: HookInput & { hook_event_name: 'PreToolUse' }): RequestEvent => ({
  kind: 'request',
  ...actorOf(input),
  call: callOf(input, input),
})

/** The same of plain input; undefined where it names no tool. */
export function plainRequestOf(input: PlainInput, token: string): RequestEvent | undefined {
  const call = plainCallOf(input, token)
  return call === undefined ? undefined : { kind: 'request', ...actorOf(input), call }
}

/** What the monitor is told by plain input; undefined where it names no tool. */
export function plainSettledOf(input: PlainInput, token: string): EngineEvent | undefined {
  const call = plainCallOf(input, token)
  if (call === undefined) return undefined
  const failed = isRecord(input.tool_result) && input.tool_result['isError'] === true
  const said = plainText(input.tool_result)
  return {
    kind: 'settled',
    ...actorOf(input),
    call,
    outcome: failed ? outcomeOfFailure(said, false) : 'succeeded',
    result: resultFingerprints(said),
    line: redact(errorLine(said)),
    ...(input.turn_count === undefined ? { endsTurn: true } : {}),
  }
}

const plainCallOf = ({ tool_name, tool_input, tool_use_id, cwd }: PlainInput, token: string): Call | undefined =>
  tool_name === undefined
    ? undefined
    : describeCall(shortId(tool_use_id ?? `plain-${token}`), tool_name, tool_input, cwd)

/** The text of a plain result; its flag alone says nothing more. */
function plainText(result: unknown): string {
  if (!isRecord(result)) return responseText(result)
  return ['error', 'content', 'output', 'stdout', 'stderr']
    .flatMap((field) => textField(result, field) ?? [])
    .join('\n')
}

/** The engine counts by agent; ids that are too long to keep are kept by their hash. */
function actorOf({ agent_id, prompt_id, turn_count: turn }: Who): Actor {
  return {
    agent: agent_id === undefined ? mainAgent : shortId(agent_id),
    ...(prompt_id === undefined ? {} : { promptId: shortId(prompt_id) }),
    ...(turn === undefined ? {} : { turn }),
  }
}

/** An id from input, as it is kept and shown: long ones, and those with more than printable ASCII, by their hash. */
export const shortId = (id: string): string => (/^[\x20-\x7e]{0,100}$/.test(id) ? id : `id-${hash(id)}`)

interface Who {
  readonly agent_id?: string | undefined
  readonly prompt_id?: string | undefined
  readonly turn_count?: number | undefined
}
interface ToolUse {
  readonly tool_name: string
  readonly tool_input?: unknown
  readonly tool_use_id?: string | undefined
}
interface Where {
  readonly cwd?: string | undefined
}

function callOf(use: ToolUse, where: Where) {
  const callBy = (id: string) => describeCall(shortId(id), use.tool_name, use.tool_input, where.cwd)
  // without an id (no client does that) the call is known by what it is
  return callBy(use.tool_use_id ?? `call-${callBy('').fingerprint}`)
}

/** @param event what else the event says; never spread over it, or its line is made whether it is read or not. */
function settlement<Event extends object>(
  use: ToolUse,
  where: Where,
  outcome: Outcome,
  said: string,
  event: Event,
): Settlement & Event {
  return {
    ...event,
    call: callOf(use, where),
    outcome,
    result: resultFingerprints(said),
    // read for failures only
    get line() {
      return redact(errorLine(said))
    },
  }
}

function settlementOfSuccess<Event extends object>(use: ToolUse, where: Where, response: unknown, event: Event) {
  const agentId = textField(response, 'agentId')
  const agent = agentId === undefined ? {} : { agentId: shortId(agentId) }
  return settlement(use, where, 'succeeded', responseText(response), { ...event, ...agent })
}

function settlementOfResponse(use: ToolUse, where: Where, response: unknown): Settlement {
  const said = responseText(response)
  const agentId = /\bagentId: ([\w-]{1,100})/.exec(said.slice(-4000))?.[1]
  const agent = agentId === undefined ? {} : { agentId }
  return settlement(use, where, outcomeOfResponse(said, use.tool_name), said, agent)
}

/**
 * A result as text: what `PostToolBatch` shows the model, or the nearest to it that `PostToolUse` allows. Bash brings its
 * streams apart there; the model reads them one after the other.
 */
function responseText(response: unknown): string {
  if (typeof response === 'string') return response
  if (response === undefined || response === null) return ''
  if (Array.isArray(response))
    return response.map((block) => textField(block, 'text') ?? JSON.stringify(block)).join('\n')
  const stdout = textField(response, 'stdout')
  if (stdout !== undefined)
    return [stdout, textField(response, 'stderr') ?? ''].filter((part) => part !== '').join('\n')
  return textField(response, 'content') ?? textField(response, 'error') ?? JSON.stringify(response)
}

/** A prompt, as far as its text tells who wrote it. */
export function promptEvent(prompt: string, promptId: string | undefined, attended: boolean): PromptEvent {
  return {
    kind: 'prompt',
    ...(promptId === undefined ? {} : { promptId: shortId(promptId) }),
    typed: isTyped(prompt),
    attended,
    bypass: asksForBypass(prompt),
  }
}
