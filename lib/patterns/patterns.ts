import { type AgentSpawnLimits, agentSpawn } from './agent-spawn.ts'
import { type BusyPollingLimits, busyPolling } from './busy-polling.ts'
import { type ExternalApiLimits, externalApi } from './external-api.ts'
import type { Detector, Finding, PatternName, Sight } from './finding.ts'
import { type RepeatedCallLimits, repeatedCall } from './repeated-call.ts'
import { type SequentialToolsLimits, sequentialTools } from './sequential-tools.ts'
import { failureTurns, type ToolFailureLimits, toolFailure } from './tool-failure.ts'

/** What each pattern is limited by; the config's `circuit_breakers` has this shape. */
export interface PatternLimits {
  readonly tool_failure: ToolFailureLimits
  readonly repeated_call: RepeatedCallLimits
  readonly busy_polling: BusyPollingLimits
  readonly sequential_tools: SequentialToolsLimits
  readonly agent_spawn: AgentSpawnLimits
  readonly external_api: ExternalApiLimits
}

/**
 * The patterns that look at calls, in the order in which they are asked: the loops first, so that the reason a model reads
 * is the most specific one. A new pattern gets a file of its own and a line here.
 */
export const callPatterns = [
  'tool_failure',
  'repeated_call',
  'busy_polling',
  'sequential_tools',
  'agent_spawn',
  'external_api',
] as const satisfies readonly PatternName[]

export type CallPattern = (typeof callPatterns)[number]

/**
 * All patterns. `hook_recursion` looks at who started a session and at hooks, `llm_api` at how the model's API answers, neither
 * at calls: see their files.
 */
export const patternNames = [...callPatterns, 'hook_recursion', 'llm_api'] as const satisfies readonly PatternName[]

/** Those that compare results, asked again when the batch brings the form to compare. */
export const comparing: readonly CallPattern[] = ['repeated_call', 'busy_polling']

/** Patterns that count a call before it runs. */
export type LimitName = 'agent_spawn' | 'external_api'

type Detectors<Name extends CallPattern> = { readonly [Each in Name]: Detector<PatternLimits[Each]> }

/** How many turns back the furthest-looking of them looks. */
export const longestWindow = (limits: PatternLimits): number =>
  Math.max(
    failureTurns(limits.tool_failure),
    limits.repeated_call.window_turns,
    limits.busy_polling.window_turns,
    limits.sequential_tools.window_turns,
    limits.agent_spawn.window_turns,
  )

/** Asks one pattern. */
export const detect = /* @__PURE__ */ askOneOf<CallPattern>({
  tool_failure: toolFailure,
  repeated_call: repeatedCall,
  busy_polling: busyPolling,
  sequential_tools: sequentialTools,
  agent_spawn: agentSpawn,
  external_api: externalApi,
})

/** Asks one of those that count a call before it runs; who asks no other carries no other. */
export const detectLimit = /* @__PURE__ */ askOneOf<LimitName>({
  agent_spawn: agentSpawn,
  external_api: externalApi,
})

function askOneOf<Name extends CallPattern>(detectors: Detectors<Name>) {
  return (name: Name, limits: PatternLimits, sight: Omit<Sight<never>, 'limits'>): Finding | undefined =>
    // each detector stands beside the limits of its own name
    (detectors[name] as Detector<unknown>)({ ...sight, limits: limits[name] })
}
