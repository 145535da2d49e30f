import { join } from 'node:path'
import type { TempProject } from './temp-project.ts'

/**
 * Hook inputs as the client 2.1.330 sends them: the same fields in the same order, with data of our own. `harness.test.ts`
 * compares them with what the real client sends.
 */

/** Who acts, and where. */
export interface Scene {
  readonly project: TempProject
  /** `session_id`. */
  readonly session?: string
  /** `prompt_id`. */
  readonly prompt?: string
  /** `agent_id`; absent for the main agent. */
  readonly agent?: string
}

/** One tool call, before it has an outcome. */
export interface PlannedCall {
  readonly tool: string
  readonly input: object
  /** `tool_use_id`. */
  readonly id: string
}

const defaultSession = '6f1d2c3b-4a59-4687-9bcd-ef0123456789'
const defaultPrompt = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'

/** The fields that every event starts with. */
function common(scene: Scene) {
  const session = scene.session ?? defaultSession
  return {
    session_id: session,
    transcript_path: join(scene.project.home, '.claude', 'projects', 'project', `${session}.jsonl`),
    cwd: scene.project.folder,
  }
}

const duringPrompt = (scene: Scene) => ({
  ...common(scene),
  prompt_id: scene.prompt ?? defaultPrompt,
  permission_mode: 'default',
  ...agentFields(scene),
})

const agentFields = (scene: Scene) =>
  scene.agent === undefined ? {} : { agent_id: scene.agent, agent_type: 'general-purpose' }

const callFields = (planned: PlannedCall) => ({ tool_name: planned.tool, tool_input: planned.input })

/** A Bash call. */
export const bashCall = (command: string, id: string): PlannedCall => ({ tool: 'Bash', input: { command }, id })

/** A session begins. */
export const sessionStart = (scene: Scene, source: 'startup' | 'resume' | 'clear' | 'compact' = 'startup') => ({
  ...common(scene),
  hook_event_name: 'SessionStart' as const,
  source,
})

/** A prompt arrives, typed or not. */
export const userPromptSubmit = (scene: Scene, prompt: string) => ({
  ...duringPrompt(scene),
  hook_event_name: 'UserPromptSubmit' as const,
  prompt,
})

/** A call is about to run. */
export const preToolUse = (scene: Scene, planned: PlannedCall) => ({
  ...duringPrompt(scene),
  hook_event_name: 'PreToolUse' as const,
  ...callFields(planned),
  tool_use_id: planned.id,
})

/** A call succeeded. `response` is the tool's own object; for Bash `bashResponse` makes it. */
export const postToolUse = (scene: Scene, planned: PlannedCall, response: unknown) => ({
  ...duringPrompt(scene),
  hook_event_name: 'PostToolUse' as const,
  ...callFields(planned),
  tool_response: response,
  tool_use_id: planned.id,
  duration_ms: 42,
})

/** What Bash reports about a command that succeeded. */
export const bashResponse = (stdout: string, stderr = '') => ({
  stdout,
  stderr,
  interrupted: false,
  isImage: false,
  noOutputExpected: false,
})

/** A call failed. */
export const postToolUseFailure = (scene: Scene, planned: PlannedCall, error: string) => ({
  ...duringPrompt(scene),
  hook_event_name: 'PostToolUseFailure' as const,
  ...callFields(planned),
  tool_use_id: planned.id,
  error,
  is_interrupt: false,
  duration_ms: 718,
})

/** All calls of one model response have settled; each with the text that the model reads. */
export const postToolBatch = (scene: Scene, settled: readonly (readonly [PlannedCall, unknown])[]) => ({
  ...duringPrompt(scene),
  hook_event_name: 'PostToolBatch' as const,
  tool_calls: settled.map(([planned, response]) => ({
    ...callFields(planned),
    tool_use_id: planned.id,
    tool_response: response,
  })),
})

/** The text that the model reads where a hook has refused the call. */
export const refusedByHook = (tool: string, reason: string) => `PreToolUse:${tool} hook error: ${reason}`

/** The text of a call that was rejected before it ran. */
export const rejected = (cause: string) => `<tool_use_error>${cause}</tool_use_error>`

/** A subagent starts. */
export const subagentStart = (scene: Scene & { readonly agent: string }) => ({
  ...common(scene),
  prompt_id: scene.prompt ?? defaultPrompt,
  ...agentFields(scene),
  hook_event_name: 'SubagentStart' as const,
})

/** A subagent has finished by itself; one that a hook has stopped fires nothing. */
export const subagentStop = (scene: Scene & { readonly agent: string }, lastMessage: string) => ({
  ...duringPrompt(scene),
  hook_event_name: 'SubagentStop' as const,
  stop_hook_active: false,
  agent_transcript_path: join(scene.project.home, '.claude', 'projects', 'project', `agent-${scene.agent}.jsonl`),
  last_assistant_message: lastMessage,
  background_tasks: [],
  session_crons: [],
})

/** The main agent has finished its answer. */
export const stop = (scene: Scene, lastMessage: string) => ({
  ...duringPrompt(scene),
  hook_event_name: 'Stop' as const,
  stop_hook_active: false,
  last_assistant_message: lastMessage,
  background_tasks: [],
  session_crons: [],
})

/** The session ends. */
export const sessionEnd = (scene: Scene, reason: 'other' | 'clear' = 'other') => ({
  ...common(scene),
  prompt_id: scene.prompt ?? defaultPrompt,
  hook_event_name: 'SessionEnd' as const,
  reason,
})

/** The prompt that a finished background agent arrives as; its own words stand in `result`. */
export const taskNotification = (result: string): string =>
  [
    '<task-notification>',
    '<task-id>a4d1c0ffee7b2e951</task-id>',
    '<tool-use-id>toolu_background_0</tool-use-id>',
    '<status>completed</status>',
    '<summary>Agent "survey" finished</summary>',
    `<result>${result}</result>`,
    '</task-notification>',
  ].join('\n')
