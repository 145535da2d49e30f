import type { Stdio } from '../system/stdio.ts'
import type { System } from '../system/system.ts'
import { type Answer, renderAnswer } from './answer.ts'
import { parseHookInput, type Received } from './input.ts'

/** What a handler has come to. */
export interface Handled {
  /** `hook_event_name` that the output repeats. */
  readonly event: string
  readonly answer: Answer
  /** Lines for stderr. */
  readonly notes: readonly string[]
}

/**
 * @param received the parsed input.
 * @param raw the input as it came, for the spool.
 */
export type HookHandler = (system: System, received: Received, raw: string) => Promise<Handled>

/** Longest input that is read, bytes. The client cuts tool output long before. */
const mostInput = 16 * 1024 * 1024

/**
 * Runs one hook process: the only place that reads stdin, writes stdout and stderr and sets the exit code. It fails open:
 * whatever goes wrong, the exit code is 0, stdout stays empty, and one line on stderr says what happened.
 *
 * @param label what stderr lines begin with, in brackets.
 */
export async function runHook(label: string, system: System, stdio: Stdio, handler: HookHandler): Promise<void> {
  try {
    const { text, bytes } = await stdio.readAll(mostInput)
    if (text === undefined) {
      stdio.writeError(`[${label}] input of ${bytes} bytes is larger than ${mostInput}; the tool runs`)
      return
    }
    const { event, answer, notes } = await handler(system, parseHookInput(text), text)
    for (const note of notes) stdio.writeError(`[${label}] ${oneLine(note)}`)
    const line = renderAnswer(event, answer)
    if (line !== undefined) stdio.write(`${line}\n`)
  } catch (error) {
    stdio.writeError(`[${label}] ${oneLine(error instanceof Error ? error.message : String(error))}`)
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 500)
