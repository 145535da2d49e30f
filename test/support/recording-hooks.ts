import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TempProject } from './temp-project.ts'

/** What a hook was told on stdin, with the time it was told. */
export interface RecordedEvent {
  readonly hook_event_name: string
  readonly session_id: string
  readonly prompt_id?: string
  readonly agent_id?: string
  readonly tool_name?: string
  readonly tool_use_id?: string
  readonly prompt?: string
  readonly source?: string
  readonly reason?: string
  readonly [field: string]: unknown
}

/** Every event that the client knows and a test may want to see. */
export const allEvents = [
  'SessionStart',
  'SessionEnd',
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PostToolBatch',
  'PermissionRequest',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'StopFailure',
  'PreCompact',
  'Notification',
] as const

const folder = '.recorded'

/**
 * Registers a hook on every event that writes down what it is told, one file per event because hooks of one batch run at
 * the same time. It shows what the client really does, without any breaker in the way.
 *
 * @param answer body of a JavaScript function `(event) => object | undefined`; what it returns is the hook's answer.
 */
export function installRecordingHooks(project: TempProject, answer = 'return undefined'): void {
  const script = `import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
const text = readFileSync(0, 'utf8')
const event = JSON.parse(text)
const folder = process.env.CLAUDE_PROJECT_DIR + '/${folder}'
mkdirSync(folder, { recursive: true })
const name = folder + '/' + String(Date.now()).padStart(15, '0') + '-' + process.hrtime.bigint() + '-' + event.hook_event_name
writeFileSync(name, text)
renameSync(name, name + '.json')
const answer = ((event) => { ${answer} })(event)
if (answer !== undefined) process.stdout.write(JSON.stringify(answer))
`
  project.write('.claude/hooks/record.mjs', script)
  const entry = { hooks: [{ type: 'command', command: 'node "$CLAUDE_PROJECT_DIR"/.claude/hooks/record.mjs' }] }
  project.write('.claude/settings.json', { hooks: Object.fromEntries(allEvents.map((event) => [event, [entry]])) })
}

/** What was recorded so far, in the order in which the hooks were started. */
export function recordedEvents(project: TempProject): RecordedEvent[] {
  return project.exists(folder)
    ? readdirSync(project.path(folder))
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => JSON.parse(readFileSync(join(project.path(folder), name), 'utf8')) as RecordedEvent)
    : []
}
