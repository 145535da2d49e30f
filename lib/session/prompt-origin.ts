import { isRecord, textField } from '../calls/json.ts'
import type { Files } from '../system/system.ts'

/** How much of a transcript's end is looked at, bytes. */
const tail = 8 * 1024 * 1024

/**
 * Who wrote a prompt, as the transcript marks it (`promptSource`, `turnOrigin`: an internal format of the client). Undefined
 * where it does not say, is not there, or has another form: then the prompt's own text decides.
 */
export function promptOrigin(
  files: Files,
  transcript: string | undefined,
  promptId: string,
): 'person' | 'machine' | undefined {
  if (transcript === undefined) return undefined
  try {
    if (files.facts(transcript)?.kind !== 'file') return undefined
    const origins = files
      .readTail(transcript, tail)
      .toString('utf8')
      .split('\n')
      .filter((line) => line.includes(promptId))
      .map((line) => originOf(line, promptId))
    if (origins.includes('person')) return 'person'
    return origins.includes('machine') ? 'machine' : undefined
  } catch {
    return undefined
  }
}

function originOf(line: string, promptId: string): 'person' | 'machine' | undefined {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(record) || textField(record, 'promptId') !== promptId) return undefined
  const source = textField(record, 'promptSource') ?? textField(record, 'turnOrigin')
  if (source === undefined) return undefined
  return source === 'system' || source === 'task_notification' ? 'machine' : 'person'
}
