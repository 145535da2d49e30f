import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A scripted stand-in for the model behind Claude Code: it answers the Messages API on loopback, so that the real client
 * runs real tools and fires real hooks with no account and no network, and it keeps every request, so that a test can
 * read word for word what the model was told.
 */

/** What the model answers with. */
export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly name: string; readonly input: object; readonly id?: string }

/** One answer of the model. A function sees the request and decides then. */
export type Step =
  | readonly Block[]
  | ((request: ModelRequest) => readonly Block[] | Promise<readonly Block[]>)
  /** A slow answer: where hooks run in the background, an instant model overtakes them. */
  | { readonly delayMilliseconds: number; readonly blocks: readonly Block[] }
  /** An answer that claims how full the context is: near the model's limit the client compacts by itself, mid-run. */
  | { readonly contextTokens: number; readonly blocks: readonly Block[] }
  /** An API failure, such as 529 `overloaded_error`. */
  | { readonly error: number; readonly type?: string }

/** The answers, one per model request, in order; the last one repeats. */
export type Script = readonly Step[]

export interface Scripts {
  readonly main: Script
  /** Scripts of subagents, by a text that only the prompt of that `Agent` call contains. Each started agent starts over. */
  readonly agents?: Readonly<Record<string, Script>>
}

/** A call of the model and what it read back. */
export interface ToolResult {
  readonly id: string
  readonly tool: string
  readonly input: Readonly<Record<string, unknown>>
  /** The text of the `tool_result`, as the model reads it. */
  readonly text: string
  readonly isError: boolean
}

/** One request of the client, as it arrived. */
export interface ModelRequest {
  /** `main`, or the key of the agent script that answers it; `aside` for requests that consume no step. */
  readonly conversation: string
  /** Which step of the script answers, counted from 0; -1 for an aside. */
  readonly step: number
  readonly system: string
  readonly messages: readonly Message[]
  readonly tools: readonly string[]
}

interface Message {
  readonly role: 'user' | 'assistant' | 'system'
  readonly content: string | readonly Content[]
}

interface Content {
  readonly type: string
  readonly text?: string
  readonly id?: string
  readonly name?: string
  readonly input?: Readonly<Record<string, unknown>>
  readonly tool_use_id?: string
  readonly content?: string | readonly Content[]
  readonly is_error?: boolean
}

export interface FakeModel {
  /** For `ANTHROPIC_BASE_URL`. */
  readonly url: string
  readonly requests: readonly ModelRequest[]
  /** Every tool result that this conversation's model was given, in the order of its calls. */
  toolResults(conversation?: string): ToolResult[]
  /** Every piece of text that this conversation's model was given besides tool results: prompts, context from hooks. */
  told(conversation?: string): string[]
  close(): Promise<void>
}

/** A model's sentence. */
export const say = (text: string): Block => ({ type: 'text', text })

/** A model's tool call. */
export const call = (name: string, input: object): Block => ({ type: 'tool_use', name, input })

/** A Bash call. */
export const bash = (command: string): Block => call('Bash', { command })

/** The same answer `times` times. */
export const repeat = (times: number, ...blocks: Block[]): Step[] => Array.from({ length: times }, () => blocks)

/**
 * The same answers, each after a moment's thought, as every model takes it: batches that Node takes in in the background are
 * then taken in before the next call.
 */
export const thinking = (steps: readonly Step[]): Step[] =>
  steps.map((step) => (Array.isArray(step) ? { delayMilliseconds: 400, blocks: step } : step))

/** Starts the model on a free port of loopback. */
export async function startFakeModel(scripts: Scripts | Script): Promise<FakeModel> {
  const { main, agents = {} } = 'main' in scripts ? scripts : { main: scripts }
  const requests: ModelRequest[] = []
  /** Steps used so far, by conversation; several agents of one key are told apart by what they were asked. */
  const used = new Map<string, number>()
  let answers = 0

  const identify = (body: RequestBody): ModelRequest => {
    const messages = body.messages ?? []
    const system = textOf(body.system ?? '')
    const tools = (body.tools ?? []).map((tool) => tool.name)
    // Titles and summaries are asked for without tools; a compaction carries the tools but forbids their use.
    if (tools.length === 0 || textOf(messages.at(-1)?.content ?? '').includes('Do NOT call any tools')) {
      return { conversation: 'aside', step: -1, system, messages, tools }
    }
    // A subagent's conversation starts with the prompt of the Agent call; the main one with what the person typed.
    const opening = textOf(messages.find((message) => message.role === 'user')?.content ?? '')
    const conversation = Object.keys(agents).find((key) => opening.includes(key)) ?? 'main'
    const thread = conversation === 'main' ? 'main' : opening
    const step = used.get(thread) ?? 0
    used.set(thread, step + 1)
    return { conversation, step, system, messages, tools }
  }

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await bodyOf(request)
    const path = request.url ?? ''
    if (path.startsWith('/v1/messages/count_tokens')) return void response.end('{"input_tokens":100}')
    if (!path.startsWith('/v1/messages')) return sendError(response, 404, 'not_found_error')
    const body = JSON.parse(text) as RequestBody
    const model = body.model ?? 'claude'
    const received = identify(body)
    requests.push(received)
    if (received.step < 0)
      return sendAnswer(response, model, [say('<summary>All is said.</summary>')], body.stream === true, 'aside')
    const script = received.conversation === 'main' ? main : (agents[received.conversation] ?? [])
    const step = script[Math.min(received.step, script.length - 1)] ?? [say('nothing scripted')]
    if ('error' in step) return sendError(response, step.error, step.type ?? 'api_error')
    if ('delayMilliseconds' in step) await new Promise((done) => setTimeout(done, step.delayMilliseconds))
    const blocks = 'blocks' in step ? step.blocks : typeof step === 'function' ? await step(received) : step
    answers += 1
    const contextTokens = 'contextTokens' in step ? step.contextTokens : undefined
    sendAnswer(response, model, blocks, body.stream === true, String(answers), contextTokens)
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      // A broken script must fail the run, not hang it.
      if (!response.headersSent) sendError(response, 400, `scripted model: ${String(error)}`)
      else response.destroy()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo

  const of = (conversation: string) => requests.filter((request) => request.conversation === conversation)
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    toolResults(conversation = 'main') {
      const calls = new Map<string, Content>()
      const results = new Map<string, ToolResult>()
      for (const content of of(conversation).flatMap((request) => request.messages.flatMap(contentsOf))) {
        if (content.type === 'tool_use' && content.id !== undefined) calls.set(content.id, content)
        const id = content.tool_use_id
        if (content.type !== 'tool_result' || id === undefined || results.has(id)) continue
        results.set(id, {
          id,
          tool: calls.get(id)?.name ?? 'unknown',
          input: calls.get(id)?.input ?? {},
          text: textOf(content.content ?? ''),
          isError: content.is_error === true,
        })
      }
      return [...results.values()]
    },
    told(conversation = 'main') {
      const seen = new Set<string>()
      for (const request of of(conversation)) {
        for (const message of request.messages) {
          if (message.role === 'assistant') continue
          for (const content of contentsOf(message)) if (content.type === 'text') seen.add(content.text ?? '')
        }
      }
      return [...seen]
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

interface RequestBody {
  readonly model?: string
  readonly stream?: boolean
  readonly system?: string | readonly Content[]
  readonly messages?: readonly Message[]
  readonly tools?: readonly { readonly name: string }[]
}

const contentsOf = (message: Message): readonly Content[] =>
  typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content

const textOf = (content: string | readonly Content[]): string =>
  typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('\n')

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function sendError(response: ServerResponse, status: number, type: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { type, message: 'scripted' } }))
}

/** Sends one message of the model, as a stream of events where the client asked for one. */
function sendAnswer(
  response: ServerResponse,
  model: string,
  blocks: readonly Block[],
  stream: boolean,
  serial: string,
  contextTokens = 10,
): void {
  const unique = `${serial}_${Math.random().toString(36).slice(2, 8)}`
  const content = blocks.map((block, index) =>
    block.type === 'tool_use' ? { ...block, id: block.id ?? `toolu_${unique}_${index}` } : block,
  )
  const stop_reason = content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn'
  const usage = {
    input_tokens: contextTokens,
    output_tokens: 5,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  }
  const message = { id: `msg_${unique}`, type: 'message', role: 'assistant', model, stop_sequence: null, usage }
  if (!stream) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...message, content, stop_reason }))
    return
  }
  const send = (data: { type: string }) => response.write(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`)
  const event = (type: string, data: object) => send({ type, ...data })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  event('message_start', { message: { ...message, content: [], stop_reason: null } })
  for (const [index, block] of content.entries()) {
    const [start, delta] =
      block.type === 'text'
        ? [
            { type: 'text', text: '' },
            { type: 'text_delta', text: block.text },
          ]
        : [
            { type: 'tool_use', id: block.id, name: block.name, input: {} },
            { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
          ]
    event('content_block_start', { index, content_block: start })
    event('content_block_delta', { index, delta })
    event('content_block_stop', { index })
  }
  event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 5 } })
  event('message_stop', {})
  response.end()
}
