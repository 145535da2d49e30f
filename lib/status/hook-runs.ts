import { isRecord, textField } from '../calls/json.ts'

/** One run of a hook as the client recorded it in a transcript. */
export interface RecordedRun {
  readonly command: string
  /** Event and what it was about, such as `PreToolUse:Bash`. */
  readonly hook: string
  /** `refused`: exit code 2. `cancelled`: ended by the client for another reason than its time-out. */
  readonly outcome: 'succeeded' | 'refused' | 'failed' | 'timed out' | 'cancelled'
  /** Absent where the client records none, as with a refusal. */
  readonly durationMs?: number
  /** Milliseconds since 1970; absent where the record has no time. */
  readonly at?: number
}

/** Whether a line of a transcript may tell of a hook; cheap, and never false for one that does. */
export const mayTellOfHook = (line: string): boolean => line.includes('"hook_') || line.includes('"stop_hook_summary"')

/**
 * Reads what a transcript tells of hooks, record by record. The format is the client's own: `attachment` records of the types
 * below, one for each run that printed something, failed or was ended (2.1.330; a silent success leaves none), and after a
 * `Stop` one summary of all its hooks, silent ones too.
 */
export class HookRunReader {
  /** Commands told of by attachments of the event that is being recorded. */
  #event: { readonly id: string; readonly commands: string[] } = { id: '', commands: [] }

  /** The runs that a parsed line tells of; none for a line about something else. */
  take(record: unknown): RecordedRun[] {
    if (!isRecord(record)) return []
    const time = Date.parse(textField(record, 'timestamp') ?? '')
    const at = Number.isNaN(time) ? {} : { at: time }
    if (textField(record, 'subtype') === 'stop_hook_summary')
      return this.#summary(record).map((run) => ({ ...run, ...at }))
    const attachment = record['attachment']
    const outcome = outcomeOf(attachment)
    const command = textField(attachment, 'command') ?? textField(field(attachment, 'blockingError'), 'command')
    if (outcome === undefined || command === undefined) return []
    this.#remember(textField(attachment, 'toolUseID') ?? '', command)
    const hook = textField(attachment, 'hookName') ?? textField(attachment, 'hookEvent') ?? 'unknown'
    return [{ command, hook, outcome, ...durationOf(attachment), ...at }]
  }

  #remember(id: string, command: string): void {
    if (this.#event.id !== id) this.#event = { id, commands: [] }
    this.#event.commands.push(command)
  }

  #summary(record: Record<string, unknown>): RecordedRun[] {
    const told = this.#event.id === textField(record, 'toolUseID') ? this.#event.commands : []
    const infos = Array.isArray(record['hookInfos']) ? record['hookInfos'] : []
    return infos.flatMap((info: unknown): RecordedRun[] => {
      const command = textField(info, 'command')
      if (command === undefined || told.includes(command)) return []
      return [{ command, hook: 'Stop', outcome: 'succeeded', ...durationOf(info) }]
    })
  }
}

const field = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined)

function outcomeOf(attachment: unknown): RecordedRun['outcome'] | undefined {
  switch (textField(attachment, 'type')) {
    case 'hook_success':
      return 'succeeded'
    case 'hook_blocking_error':
      return 'refused'
    case 'hook_non_blocking_error':
    case 'hook_error_during_execution':
      return 'failed'
    case 'hook_cancelled':
      // Older clients recorded no reason, and it was the time-out nearly always.
      return field(attachment, 'timedOut') === false ? 'cancelled' : 'timed out'
    default:
      return undefined
  }
}

function durationOf(value: unknown): { readonly durationMs?: number } {
  const duration = field(value, 'durationMs')
  return typeof duration === 'number' && duration >= 0 ? { durationMs: duration } : {}
}
