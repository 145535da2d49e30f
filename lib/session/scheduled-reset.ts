import { join } from 'node:path'
import { isRecord, textField } from '../calls/json.ts'
import type { Project } from './project.ts'
import { promptCommand } from './prompt-command.ts'

/** How much of a file's end is looked at, bytes: a cloned repository may bring a list of tasks of any size. */
const tail = 8 * 1024 * 1024

/**
 * Whether a model has scheduled `/reset-circuit`: the client submits such a task (`CronCreate`, `ScheduleWakeup`) as a prompt that looks
 * as if it was typed, and marks it in the transcript only later. Looked for are the calls in this session's transcript, and
 * tasks that outlive sessions.
 *
 * @param transcript path, as the hook's input has it.
 */
export const isResetScheduled = (project: Project, transcript: string | undefined): boolean =>
  isInTranscript(project, transcript) || isInTasks(project)

function isInTranscript({ system: { files } }: Project, transcript: string | undefined): boolean {
  if (transcript === undefined || files.facts(transcript)?.kind !== 'file') return false
  const lines = files.readTail(transcript, tail).toString('utf8').split('\n')
  return lines.some((line) => line.includes('reset-circuit') && line.includes('"tool_use"') && callsOf(line).some(isIt))
}

function callsOf(line: string): readonly unknown[] {
  try {
    const record: unknown = JSON.parse(line)
    const message: unknown = isRecord(record) ? record['message'] : undefined
    const content: unknown = isRecord(message) ? message['content'] : undefined
    return Array.isArray(content) ? content : []
  } catch {
    // The line that the end of the file begins with may be cut.
    return []
  }
}

function isIt(block: unknown): boolean {
  if (!isRecord(block) || !/^(?:Cron|Schedule)/.test(textField(block, 'name') ?? '')) return false
  return promptCommand(textField(block['input'], 'prompt') ?? '')?.name === 'reset-circuit'
}

function isInTasks({ system: { files }, paths }: Project): boolean {
  const path = join(paths.project, '.claude', 'scheduled_tasks.json')
  return files.facts(path)?.kind === 'file' && files.readTail(path, tail).toString('utf8').includes('reset-circuit')
}
