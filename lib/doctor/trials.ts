import { join } from 'node:path'
import { isRecord } from '../calls/json.ts'
import type { HookExecutable } from '../install/hook-table.ts'
import { circuitStateKind, sessionKind } from '../session/documents.ts'
import { markerName } from '../session/marker.ts'
import { troubleMarker } from '../session/model-api.ts'
import { documentText } from '../store/document-text.ts'
import { failurePrefix } from '../store/spool.ts'
import type { Files } from '../system/system.ts'

/**
 * What a hook has to do with a sample input, in a memory folder of its own. Silence is what a hook says that works and what a hook
 * says that is dead: so each of them is asked something that leaves a trace.
 */
export interface Trial {
  /** What is asked of it, for the report. */
  readonly asked: string
  /** Whether something is to be looked at: a circuit that is open, a batch that waits. */
  readonly isArmed: boolean
  readonly input: Readonly<Record<string, unknown>>
  /** Makes what it should find; the folder and the spool are there. */
  prepare?(files: Files, memory: string): void
  /** What is wrong with what it did; undefined where it did right. */
  verdict(done: Done): string | undefined
}

/** What it left. */
export interface Done {
  readonly files: Files
  readonly memory: string
  readonly stdout: string
}

const session = 'breakerbox-doctor'
const waitingId = 'toolu_waiting'
const ownId = 'toolu_asked'
const spool = 'circuit_breaker_spool'
/** Tools that gates are asked about; the first that fits the matcher is taken. */
const tools = ['Bash', 'WebFetch', 'Edit'] as const

const inputs: Readonly<Record<(typeof tools)[number], Readonly<Record<string, unknown>>>> = {
  Bash: { command: 'true' },
  WebFetch: { url: 'https://example.com/', prompt: 'nothing is fetched' },
  Edit: { file_path: '/nowhere/file.txt', old_string: 'a', new_string: 'b' },
}

/** What a registered hook is asked; empty where nothing is known to ask. */
export function trialsOf(event: string, matcher: string, executable: HookExecutable): Trial[] {
  const tool = tools.find((each) => fits(matcher, each)) ?? 'Bash'
  switch (executable) {
    case 'circuit-breaker-gate':
      return event === 'PreToolUse' ? [calmGate(tool), armedGate(tool)] : []
    case 'circuit-breaker-monitor':
      return monitorTrials(event, tool)
    case 'prompt-intake':
      return promptTrials(event)
    case 'memory-janitor':
      return event === 'SessionStart' ? [janitor] : []
    case 'pattern-tracker':
      return [
        { ...base(event, 'silence where no service is named'), input: posted(event, 'Edit', ownId), verdict: silent },
      ]
    default:
      return executable satisfies never
  }
}

/** The client reads a matcher as a regular expression; `*` and none fit every tool. */
function fits(matcher: string, tool: string): boolean {
  if (matcher === '' || matcher === '*') return true
  try {
    return new RegExp(`^(?:${matcher})$`).test(tool) || (/[^\w|]/.test(matcher) && new RegExp(matcher).test(tool))
  } catch {
    return false
  }
}

const common = (event: string) => ({
  session_id: session,
  transcript_path: '/nowhere/transcript.jsonl',
  cwd: '/',
  prompt_id: 'breakerbox-doctor-prompt',
  permission_mode: 'default',
  hook_event_name: event,
})

const asking = (event: string, tool: (typeof tools)[number], id: string) => ({
  ...common(event),
  tool_name: tool,
  tool_input: inputs[tool],
  tool_use_id: id,
})

const posted = (event: string, tool: (typeof tools)[number], id: string) => ({
  ...asking(event, tool, id),
  tool_response: { stdout: 'done', stderr: '', interrupted: false },
})

const batch = (id: string) => ({
  ...common('PostToolBatch'),
  tool_calls: [{ tool_name: 'Bash', tool_input: inputs.Bash, tool_use_id: id, tool_response: 'done' }],
})

const base = (event: string, asked: string, isArmed = false) => ({ asked, isArmed, input: common(event) })

const silent = ({ stdout }: Done): string | undefined =>
  stdout.trim() === '' ? undefined : 'it said something where silence was due'

const calmGate = (tool: (typeof tools)[number]): Trial => ({
  ...base('PreToolUse', 'a call that nothing is against'),
  input: asking('PreToolUse', tool, ownId),
  verdict: (done) => silent(done),
})

const armedGate = (tool: (typeof tools)[number]): Trial => ({
  ...base('PreToolUse', 'a call whose circuit is open', true),
  input: asking('PreToolUse', tool, ownId),
  prepare(files, memory) {
    const at = new Date(0).toISOString()
    const circuit = {
      pattern: 'tool_failure',
      subject: tool,
      target: { kind: 'tool', key: tool },
      session,
      status: { state: 'forced_open' },
      level: 1,
      trips: 1,
      lastTrip: { at, turn: 1, reason: 'opened to see whether it refuses' },
      denials: { count: 0, ids: [] },
    } as const
    const text = documentText(circuitStateKind, { version: 1, circuits: [circuit] })
    files.create(join(memory, `${circuitStateKind.key}.json`), text)
  },
  verdict({ stdout }) {
    const output = answerIn(stdout)?.['hookSpecificOutput']
    return isRecord(output) && output['permissionDecision'] === 'deny' ? undefined : 'it let the call run'
  },
})

const janitor: Trial = {
  ...base('SessionStart', 'the start of a session'),
  input: { ...common('SessionStart'), source: 'startup' },
  prepare: (files, memory) => files.removeFolder(join(memory, spool)),
  verdict: ({ files, memory }) =>
    files.facts(join(memory, spool))?.kind === 'folder' ? undefined : 'it did not get the memory folder ready',
}

function promptTrials(event: string): Trial[] {
  switch (event) {
    case 'UserPromptSubmit':
      return [
        {
          ...base(event, '/reset-circuit'),
          input: { ...common(event), prompt: '/reset-circuit' },
          verdict: ({ stdout }) => (answerIn(stdout)?.['decision'] === 'block' ? undefined : 'it did not answer'),
        },
      ]
    case 'Stop':
      return [
        {
          ...base(event, 'a turn that ended well after trouble'),
          input: { ...common(event), stop_hook_active: false },
          prepare: (files, memory) => files.create(join(memory, troubleMarker), ''),
          verdict: ({ files, memory }) =>
            files.facts(join(memory, troubleMarker)) === undefined
              ? undefined
              : 'it did not take the end of the turn in',
        },
      ]
    case 'StopFailure':
      return [
        {
          ...base(event, 'a turn that ended in an overload'),
          input: { ...common(event), error: 'overloaded' },
          verdict({ files, memory }) {
            const isLeft = files.list(join(memory, spool)).some((name) => name.startsWith(failurePrefix))
            const isTaken = files.facts(join(memory, troubleMarker)) !== undefined
            return isLeft || isTaken ? undefined : 'it did not take the failure in'
          },
        },
      ]
    default:
      return []
  }
}

function monitorTrials(event: string, tool: (typeof tools)[number]): Trial[] {
  const counts = (id: string) => (done: Done) => (isCounted(done, id) ? undefined : 'it did not count the call')
  switch (event) {
    case 'PostToolUse':
      return [{ ...base(event, 'a result', true), input: posted(event, tool, ownId), verdict: counts(ownId) }]
    case 'PostToolUseFailure':
      return [
        {
          ...base(event, 'a failure'),
          input: { ...asking(event, tool, ownId), error: 'Exit code 1\nfailed', is_interrupt: false },
          verdict: counts(ownId),
        },
      ]
    case 'PostToolBatch':
      return [
        {
          ...base(event, 'a batch of calls'),
          input: batch(ownId),
          verdict: (done) => (done.files.list(join(done.memory, spool)).length > 0 ? undefined : counts(ownId)(done)),
        },
        { ...base(event, 'a batch of calls, something to look at', true), input: batch(ownId), verdict: counts(ownId) },
      ]
    case 'SubagentStart':
    case 'SubagentStop':
    case 'Stop':
    case 'SessionEnd':
      return [
        {
          ...base(event, 'its event, while a batch waits', true),
          input: { ...common(event), agent_id: 'agent', agent_type: 'general-purpose', reason: 'other' },
          prepare: (files, memory) =>
            files.create(join(memory, spool, 'batch-1-1.json'), JSON.stringify(batch(waitingId))),
          verdict: (done) => (isCounted(done, waitingId) ? undefined : 'it did not take in what waits'),
        },
      ]
    default:
      return []
  }
}

function isCounted({ files, memory }: Done, id: string): boolean {
  const path = join(memory, `${sessionKind(session).key}.json`)
  return files.facts(path)?.kind === 'file' && files.readText(path).includes(`"${id}"`)
}

function answerIn(stdout: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(stdout)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Makes a memory folder for one trial. */
export function prepareTrial(trial: Trial, files: Files, memory: string): void {
  files.makeFolders(join(memory, spool))
  if (trial.isArmed) files.create(join(memory, markerName), '')
  trial.prepare?.(files, memory)
}
