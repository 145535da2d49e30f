import { type AgentSpawnLimits, agentSpawn } from './agent-spawn.ts'
import { type BusyPollingLimits, busyPolling } from './busy-polling.ts'
import { type ExternalApiLimits, externalApi } from './external-api.ts'
import type { Finding, PatternName, Sight } from './finding.ts'
import { type RepeatedCallLimits, repeatedCall } from './repeated-call.ts'
import { type SequentialToolsLimits, sequentialTools } from './sequential-tools.ts'
import { type ToolFailureLimits, toolFailure } from './tool-failure.ts'

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
 * All patterns, in the order in which they are asked: the loops first, so that the reason a model reads is the most
 * specific one. A new pattern gets a file of its own and a line here (`hook_recursion` and `llm_api` will).
 */
export const patternNames = [
  'tool_failure',
  'repeated_call',
  'busy_polling',
  'sequential_tools',
  'agent_spawn',
  'external_api',
] as const satisfies readonly PatternName[]

/** Asks one pattern. */
export function detect(
  name: PatternName,
  limits: PatternLimits,
  sight: Omit<Sight<never>, 'limits'>,
): Finding | undefined {
  switch (name) {
    case 'tool_failure':
      return toolFailure({ ...sight, limits: limits[name] })
    case 'repeated_call':
      return repeatedCall({ ...sight, limits: limits[name] })
    case 'busy_polling':
      return busyPolling({ ...sight, limits: limits[name] })
    case 'sequential_tools':
      return sequentialTools({ ...sight, limits: limits[name] })
    default:
      return detectLimit(name, limits, sight)
  }
}

/** Patterns that count a call before it runs. */
export type LimitName = 'agent_spawn' | 'external_api'

/** Asks one of those. */
export function detectLimit(
  name: LimitName,
  limits: PatternLimits,
  sight: Omit<Sight<never>, 'limits'>,
): Finding | undefined {
  switch (name) {
    case 'agent_spawn':
      return agentSpawn({ ...sight, limits: limits[name] })
    case 'external_api':
      return externalApi({ ...sight, limits: limits[name] })
    default:
      return name satisfies never
  }
}
