import type { Config } from '../config/schema.ts'
import type { Finding } from '../patterns/finding.ts'
import { detect } from '../patterns/patterns.ts'
import type { CallEntry } from '../windows/entry.ts'
import type { Incident } from './incident.ts'
import { entryOf, type SessionMemory } from './memory.ts'

/** One call in the chain behind a trip. */
export interface ChainLink {
  readonly entry: CallEntry
  /** The pattern counted it. */
  readonly counted: boolean
}

export interface Explanation {
  readonly incident: Incident
  /** What counted is no longer in the saved window. Never so where no calls are counted: there the reason tells all. */
  readonly windowMovedOn: boolean
  /** What the pattern finds in the saved window, looked at again; absent where it has moved on or no calls are counted. */
  readonly finding?: Finding
  /** From the first counted call to the one that tripped, oldest first; empty where there is no finding. */
  readonly chain: readonly ChainLink[]
}

/** Calls between two counted ones that are shown. */
const mostLinks = 60

/**
 * The chain of calls behind a trip or a warning: the pattern is asked again about the window as it stood at that call, so
 * that what is shown is what counted, and no second place knows the rule.
 */
export function explain(incident: Incident, memory: SessionMemory, config: Config): Explanation {
  const latest = incident.toolUseId === undefined ? undefined : entryOf(memory, incident.toolUseId)
  if (incident.pattern === 'hook_recursion' || incident.pattern === 'llm_api')
    return { incident, windowMovedOn: false, chain: [] }
  const unknown = { incident, windowMovedOn: true, chain: [] }
  if (latest === undefined || incident.pattern === undefined) return unknown
  const until = memory.entries.slice(0, memory.entries.indexOf(latest) + 1)
  const now = Date.parse(incident.at)
  const finding = detect(incident.pattern, config.circuit_breakers, { entries: until, latest, now })
  if (finding === undefined) return unknown
  const counted = new Set(finding.calls)
  const first = until.findIndex((entry) => entry.kind === 'call' && counted.has(entry.id))
  const chain = until
    .slice(Math.max(0, first))
    .filter((entry): entry is CallEntry => entry.kind === 'call' && entry.agent === latest.agent)
    .map((entry) => ({ entry, counted: counted.has(entry.id) }))
  return { incident, windowMovedOn: false, finding, chain: chain.slice(-mostLinks) }
}
