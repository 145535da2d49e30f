import type { Entry } from '../windows/entry.ts'
import { type Circuit, circuitKey, targetKey } from './circuit.ts'
import type { Incident } from './incident.ts'
import type { SessionMemory } from './memory.ts'
import type { SharedLimits } from './shared-limits.ts'

/**
 * Whether a circuit goes by this name: its pattern (`tool_failure`), its subject (`Bash(npm test)`), or both
 * (`tool_failure:Bash(npm test)`).
 */
export const goesBy = (circuit: Pick<Circuit, 'pattern' | 'subject'>, name: string): boolean =>
  name === circuit.pattern || name === circuit.subject || name === `${circuit.pattern}:${circuit.subject}`

/** Closes circuits: what stays, and an incident for each that goes. */
export function closeCircuits(
  circuits: readonly Circuit[],
  closed: readonly Circuit[],
  now: number,
): { readonly circuits: readonly Circuit[]; readonly incidents: readonly Incident[] } {
  const keys = new Set(closed.map(circuitKey))
  const incidents = closed.map(
    (circuit): Incident => ({
      at: new Date(now).toISOString(),
      kind: 'reset',
      session: circuit.session,
      pattern: circuit.pattern,
      subject: circuit.subject,
      ...(circuit.agent === undefined ? {} : { agent: circuit.agent }),
      level: 0,
      reason: 'closed by hand',
    }),
  )
  return { circuits: circuits.filter((circuit) => !keys.has(circuitKey(circuit))), incidents }
}

/** Closes circuits of limits that sessions share, and forgets the calls that they counted, whoever made them. */
export function closeShared(
  shared: SharedLimits,
  chosen: (circuit: Circuit) => boolean,
  now: number,
): { readonly next: SharedLimits; readonly closed: readonly Circuit[]; readonly incidents: readonly Incident[] } {
  const closed = shared.circuits.filter(chosen)
  if (closed.length === 0) return { next: shared, closed, incidents: [] }
  const { circuits, incidents } = closeCircuits(shared.circuits, closed, now)
  return { next: { ...shared, memory: closed.reduce(forget, shared.memory), circuits }, closed, incidents }
}

/** A session's windows without the calls that a closed circuit counted, so that it does not trip on old ones at once. */
export function forget(memory: SessionMemory, circuit: Circuit): SessionMemory {
  const entries = memory.entries.filter((entry) => !isCounted(entry, circuit))
  return entries.length === memory.entries.length ? memory : { ...memory, entries }
}

function isCounted(entry: Entry, { target, agent }: Circuit): boolean {
  if (entry.kind !== 'call' || (agent !== undefined && entry.agent !== agent)) return false
  switch (target.kind) {
    case 'spawns':
      return entry.tool === 'Agent' || entry.tool === 'Task'
    case 'outside':
      return entry.outside !== undefined
    case 'session':
      return false
    case 'tool':
      return entry.tool === target.key
    case 'operation':
    case 'call':
      return entry.operationKey === targetKey(target) || entry.fingerprint === targetKey(target)
    default:
      return target satisfies never
  }
}
