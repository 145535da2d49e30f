import { type Call, describeCall } from '../calls/call.ts'
import { isRecord, textField } from '../calls/json.ts'
import { type Outcome, outcomeOfFailure, outcomeOfResponse } from '../calls/outcome.ts'
import { redact } from '../calls/redact.ts'
import { errorLine, resultFingerprints } from '../calls/result.ts'
import type { Actor, EngineEvent, SettledEvent, Settlement } from '../engine/event.ts'
import { mainAgent } from '../engine/memory.ts'
import { asksForBypass, isTyped } from '../engine/prompt-text.ts'
import type { RecordedEvent } from './recording.ts'

/** Requests whose result never came are forgotten after this many more. */
const mostOpenCalls = 500
/** Sidechain records remembered to find which agent a later one belongs to. */
const mostRecords = 20_000

/**
 * Reads one transcript file of Claude Code, record by record, and says what a hook would have been told. The format is the
 * client's own and changes: records of unknown types are passed over, fields that are missing mean nothing.
 *
 * - An assistant message is a turn; its parts share `message.id`. The next message of the agent ends it.
 * - `tool_use` blocks are requests, `tool_result` blocks settlements (`is_error` tells a failure).
 * - A user record that is neither a result, nor `isMeta`, nor a compact summary is a prompt; `promptSource` names its author
 *   where the client wrote that down.
 * - A subagent's records have an `agentId` of their own (a file of its own), or, in older clients, `isSidechain` and a chain
 *   of parents that begins where the subagent did.
 */
export class TranscriptReader {
  readonly #open = new Map<string, Call>()
  readonly #turns = new Map<string, { message: string; actor: Actor; settled: Settlement[]; at: number }>()
  readonly #roots = new Map<string, string>()
  #at = 0
  #session: string | undefined
  #promptId: string | undefined
  /** When the last call settled of the turn that ended last. */
  #turnEndedAt = 0

  /** `sessionId` of the first record that has one. */
  get session(): string | undefined {
    return this.#session
  }

  /** What a parsed line says; undefined where it is no transcript record at all. */
  take(record: unknown): RecordedEvent[] | undefined {
    if (!isRecord(record) || typeof record['type'] !== 'string') return undefined
    const time = Date.parse(textField(record, 'timestamp') ?? '')
    if (!Number.isNaN(time)) this.#at = time
    const agent = this.#agentOf(record)
    const events =
      record['type'] === 'assistant'
        ? this.#assistant(record, agent)
        : record['type'] === 'user'
          ? this.#user(record, agent)
          : []
    this.#session ??= textField(record, 'sessionId')
    // a subagent's records carry the prompt that they serve
    this.#promptId = textField(record, 'promptId') ?? this.#promptId
    return events.map((event) => this.#recorded(event))
  }

  /** The turns that nothing has ended. */
  end(): RecordedEvent[] {
    return [...this.#turns.keys()].flatMap((agent) => this.#endTurn(agent).map((event) => this.#recorded(event)))
  }

  /** A turn ends with its last result, although only what comes after it shows that it has ended. */
  #recorded(event: EngineEvent): RecordedEvent {
    return { at: event.kind === 'batch' ? this.#turnEndedAt : this.#at, event }
  }

  #agentOf(record: Record<string, unknown>): string {
    const named = textField(record, 'agentId')
    if (named !== undefined) return named
    if (record['isSidechain'] !== true) return mainAgent
    const own = textField(record, 'uuid') ?? ''
    const parent = textField(record, 'parentUuid')
    const root = parent === undefined ? own : (this.#roots.get(parent) ?? parent)
    this.#roots.set(own, root)
    forgetOldest(this.#roots, mostRecords)
    return `sidechain ${root}`
  }

  /** Who does something, under the prompt that is running: a bypass is good for one prompt. */
  #actor(agent: string): Actor {
    return { agent, ...(this.#promptId === undefined ? {} : { promptId: this.#promptId }) }
  }

  #assistant(record: Record<string, unknown>, agent: string): EngineEvent[] {
    const message = record['message']
    const uses = contentOf(message).filter((block) => block['type'] === 'tool_use')
    if (uses.length === 0) return []
    const id = textField(message, 'id') ?? textField(record, 'uuid') ?? ''
    const events = this.#turns.get(agent)?.message === id ? [] : this.#endTurn(agent)
    const actor = this.#actor(agent)
    if (!this.#turns.has(agent)) this.#turns.set(agent, { message: id, actor, settled: [], at: this.#at })
    const folder = textField(record, 'cwd')
    for (const use of uses) {
      const tool = textField(use, 'name')
      const callId = textField(use, 'id')
      if (tool === undefined || callId === undefined) continue
      const call = describeCall(callId, tool, use['input'], folder)
      this.#open.set(callId, call)
      forgetOldest(this.#open, mostOpenCalls)
      events.push({ kind: 'request', ...actor, call })
    }
    return events
  }

  #user(record: Record<string, unknown>, agent: string): EngineEvent[] {
    const content = contentOf(record['message'])
    const results = content.filter((block) => block['type'] === 'tool_result')
    if (results.length > 0) return results.flatMap((block) => this.#result(block, record, agent))
    return agent === mainAgent ? this.#prompt(record, content) : []
  }

  #result(block: Record<string, unknown>, record: Record<string, unknown>, agent: string): EngineEvent[] {
    const id = textField(block, 'tool_use_id')
    const open = id === undefined ? undefined : this.#open.get(id)
    if (id === undefined || open === undefined) return []
    this.#open.delete(id)
    const said = textOf(block['content'])
    const outcome = outcomeOf(said, block['is_error'] === true, open.tool)
    const agentId = textField(record['toolUseResult'], 'agentId')
    const settled: SettledEvent = {
      kind: 'settled',
      ...this.#actor(agent),
      call: open,
      outcome,
      result: resultFingerprints(said),
      get line() {
        return redact(errorLine(said))
      },
      ...(agentId === undefined ? {} : { agentId }),
    }
    const turn = this.#turns.get(agent)
    turn?.settled.push(settled)
    if (turn !== undefined) turn.at = this.#at
    return [settled]
  }

  #prompt(record: Record<string, unknown>, content: readonly Record<string, unknown>[]): EngineEvent[] {
    if (record['isMeta'] === true || record['isCompactSummary'] === true) return []
    const said = content.map((block) => textField(block, 'text') ?? '').join('\n')
    if (said === '' || said.startsWith('[Request interrupted')) return []
    const source = textField(record, 'promptSource')
    const typed = isTyped(said) && source !== 'system'
    const promptId = textField(record, 'promptId')
    return [
      ...this.#endTurn(mainAgent),
      {
        kind: 'prompt',
        ...(promptId === undefined ? {} : { promptId }),
        typed,
        attended: source !== 'sdk',
        bypass: typed && asksForBypass(said),
      },
    ]
  }

  #endTurn(agent: string): EngineEvent[] {
    const turn = this.#turns.get(agent)
    this.#turns.delete(agent)
    if (turn !== undefined) this.#turnEndedAt = turn.at
    return turn === undefined || turn.settled.length === 0
      ? []
      : [{ kind: 'batch', ...turn.actor, calls: turn.settled }]
  }
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  if (map.size <= most) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}

/** The blocks of a message; a text alone is one text block. */
function contentOf(message: unknown): Record<string, unknown>[] {
  const content = isRecord(message) ? message['content'] : undefined
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.filter(isRecord) : []
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((block) => textField(block, 'text') ?? JSON.stringify(block)).join('\n')
}

function outcomeOf(said: string, isError: boolean, tool: string): Outcome {
  return isError ? outcomeOfFailure(said, false) : outcomeOfResponse(said, tool)
}
