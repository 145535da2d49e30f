import { type Beat, folder, start, type Told } from '../engine/story.ts'

type Fields = Readonly<Record<string, unknown>>

/** Writes the records of a transcript as the client does: one JSON object a line, times climbing. */
export class Transcript {
  readonly records: Fields[] = []
  now: number
  readonly #session: string
  readonly #agent: string | undefined
  #ids = 0
  #parent: string | null = null

  constructor({ session = 'S', agent, now = start }: { session?: string; agent?: string; now?: number } = {}) {
    this.#session = session
    this.#agent = agent
    this.now = now
  }

  /** Any record, with what all records have. */
  record(type: string, fields: Fields = {}): this {
    this.#ids += 1
    const uuid = `${this.#agent ?? this.#session}-${this.#ids}`
    this.records.push({
      type,
      uuid,
      parentUuid: this.#parent,
      sessionId: this.#session,
      cwd: folder,
      isSidechain: this.#agent !== undefined,
      ...(this.#agent === undefined ? {} : { agentId: this.#agent }),
      timestamp: new Date(this.now).toISOString(),
      ...fields,
    })
    this.#parent = uuid
    return this
  }

  passes = (seconds: number): this => {
    this.now += seconds * 1000
    return this
  }

  prompt = (text: string, fields: Fields = {}): this =>
    this.record('user', { message: { role: 'user', content: text }, ...fields })

  /** One part of an assistant message. */
  asks = (message: string, id: string, tool: string, input: Fields, fields: Fields = {}): this =>
    this.record('assistant', {
      message: { id: message, role: 'assistant', content: [{ type: 'tool_use', id, name: tool, input }] },
      ...fields,
    })

  answers = (id: string, text: unknown, isError = false, fields: Fields = {}): this =>
    this.record('user', {
      message: {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: id, content: text, ...(isError ? { is_error: true } : {}) }],
      },
      ...fields,
    })

  /** A turn of one Bash call. */
  runs = (id: string, command: string, text: string, isError = false): this =>
    this.asks(`msg-${id}`, id, 'Bash', { command }).passes(1).answers(id, text, isError)

  get text(): string {
    return this.records.map((each) => `${JSON.stringify(each)}\n`).join('')
  }
}

const isError = (ends: Told['ends']): boolean => ends !== 'succeeds'

/** A story of the main agent as its transcript, as it would have gone with nobody refusing anything. */
export function transcriptOf(beats: readonly Beat[], session = 'S'): Transcript {
  const transcript = new Transcript({ session })
  let calls = 0
  for (const [i, beat] of beats.entries()) {
    if (beat.kind === 'passes') transcript.passes(beat.seconds)
    if (beat.kind === 'prompt') {
      transcript.prompt(beat.text, { promptId: `prompt ${i}`, promptSource: beat.attended ? 'typed' : 'sdk' })
    }
    if (beat.kind !== 'turn') continue
    const asked = beat.calls.map((call) => {
      calls += 1
      return { call, id: `${session}-${calls}` }
    })
    for (const { call, id } of asked) transcript.asks(`msg-${i}`, id, call.tool, call.input)
    transcript.passes(beat.takes)
    for (const { call, id } of asked) transcript.answers(id, call.text, isError(call.ends))
  }
  return transcript
}
