import { isSpawn } from '../calls/call.ts'
import type { Config } from '../config/schema.ts'
import type { PatternName } from '../patterns/finding.ts'
import { type LimitName, patternNames } from '../patterns/patterns.ts'
import type { RequestEvent } from './event.ts'
import { outsideWeight } from './outside.ts'
import { withThresholds } from './thresholds.ts'

export const sharedScopes = ['project', 'fleet'] as const
export type SharedScope = (typeof sharedScopes)[number]

export const limitNames: readonly LimitName[] = ['agent_spawn', 'external_api']

/** The limits that this scope keeps for a call, as the config says; none for most calls. */
export function limitsFor(scope: SharedScope, { call }: Pick<RequestEvent, 'call'>, config: Config): LimitName[] {
  const { circuit_breakers: limits } = config
  return limitNames.filter((name) => {
    if (limits[name].scope !== scope || limits[name].mode === 'off') return false
    return name === 'agent_spawn' ? isSpawn(call.tool) : outsideWeight(call, limits.external_api) > 0
  })
}

/** The config for what is shared: the patterns of that scope and no others. */
export function onlyShared(scope: SharedScope, config: Config): Config {
  const limits = config.circuit_breakers
  const off = patternNames.filter(
    (name) => !(limitNames as readonly string[]).includes(name) || limits[name as LimitName].scope !== scope,
  )
  const without = Object.fromEntries(off.map((name) => [name, { ...limits[name], mode: 'off' as const }]))
  // How many agents run at once is the session's own matter: only it hears of their ends.
  const agent_spawn = { ...limits.agent_spawn, max_concurrent: Number.POSITIVE_INFINITY }
  return { ...config, circuit_breakers: { ...limits, agent_spawn, ...without } }
}

/** The config for the session itself: what it shares with others is not counted twice. */
export function withoutShared(config: Config): Config {
  const shared = limitNames.filter((name) => isShared(config, name))
  return {
    ...config,
    circuit_breakers: withThresholds(config.circuit_breakers, shared, () => Number.POSITIVE_INFINITY),
  }
}

/** The patterns that are kept there, but those that are off. */
export function patternsIn(scope: SharedScope, { mode, circuit_breakers }: Config): PatternName[] {
  if (mode === 'off') return []
  return ([...limitNames, 'llm_api'] as const).filter(
    (name) => circuit_breakers[name].scope === scope && circuit_breakers[name].mode !== 'off',
  )
}

/** Whether sessions keep the circuits of this pattern together. */
export function isShared({ circuit_breakers }: Config, pattern: PatternName): boolean {
  const limits = circuit_breakers[pattern]
  return 'scope' in limits && (limits.scope === 'project' || limits.scope === 'fleet')
}
