import { clean } from '../calls/result.ts'
import { moment } from './quantities.ts'
import type { ApiReport, CircuitReport, StatusReport } from './status-report.ts'

/** What is said of circuits wherever their report is shown to a person. */

export const stateNames: Record<CircuitReport['state'], string> = {
  open: 'OPEN',
  half_open: 'HALF-OPEN',
  forced_open: 'FORCED OPEN',
  disabled: 'DISABLED',
  closed: 'CLOSED',
}

/** A turn says something only of the one agent that it was counted for. */
export const tripPlace = ({ lastTrip, machine }: CircuitReport): string =>
  machine === null ? `in turn ${lastTrip.turn}` : `on machine ${clean(machine, 80)}`

/** Who is held back. @param server of the fleet, as it may be shown. */
export function holder({ scope, session, agent }: CircuitReport, server: string): string {
  if (isTogether(scope)) return sharedBy(scope, server)
  const who = agent === 'main' ? '' : agent === '*' ? ', all agents' : `, agent ${clean(agent, 40)}`
  return `session ${clean(session, 60)}${who}`
}

const isTogether = (scope: CircuitReport['scope']): scope is ApiReport['scope'] =>
  scope === 'project' || scope === 'fleet'

export const sharedBy = (scope: ApiReport['scope'], server: string): string =>
  scope === 'fleet' ? `shared by all machines of ${server}` : 'shared by all sessions of this project'

/**
 * The command that closes circuits of a pattern.
 *
 * @param atPrompt what stands before its name at the prompt of a session, `/` or a plugin's; absent for a reader in a terminal.
 */
export function closeCommand(scope: CircuitReport['scope'], pattern: string, atPrompt?: string): string {
  const named = atPrompt === undefined ? `--circuit ${pattern}` : pattern
  return `${atPrompt ?? ''}reset-circuit${scope === 'fleet' ? ' --fleet' : ''} ${named}`
}

/** For whom a person closes it. */
export const closeFor = (scope: CircuitReport['scope']): string =>
  `close it${scope === 'fleet' ? ' for all machines' : ''}`

/** What becomes of the next call. */
export function whatNext(circuit: CircuitReport): string {
  const { state, cooldownRemainingSeconds, retryAt } = circuit
  switch (state) {
    case 'open':
      if (retryAt === null) return 'none of its prompts and tools passes while it is nested so deep'
      return `refused for ${cooldownRemainingSeconds} s more (until ${retryAt.slice(11, 19)} UTC), then ${isTogether(circuit.scope) ? 'counted anew' : 'one probe'}`
    case 'half_open':
      return isTogether(circuit.scope)
        ? 'the next call is let through, and counted'
        : 'the next call is let through as a probe'
    case 'forced_open':
      return 'refused until a person closes it'
    case 'disabled':
      return 'never refused; set by hand'
    case 'closed':
      return ''
    default:
      return state satisfies never
  }
}

/** What becomes of the next prompt. */
export function apiNext({ state, cooldownRemainingSeconds, retryAt }: ApiReport): string {
  if (state === 'closed') return 'nothing waits'
  if (retryAt === null) return 'one prompt at a time tries it'
  return `prompts of unattended runs wait for ${cooldownRemainingSeconds} s more (until ${retryAt.slice(11, 19)} UTC)`
}

/** The fleet's server, as it may be shown. */
export const fleetName = ({ fleet }: Pick<StatusReport, 'fleet'>): string => fleet?.server ?? 'the fleet'

/** The server that machines share: whether it answers, and what holds where it does not. */
export function fleetWords(fleet: NonNullable<StatusReport['fleet']>): {
  readonly answers: boolean
  readonly text: string
} {
  const { server, reachable, awaySince, cause, partIsMissing } = fleet
  const alone = 'the limits of the fleet hold for this project alone'
  const without = (text: string) => ({ answers: false, text })
  if (server === null) return without(`no Redis server is configured; ${alone}. See docs/fleet.md`)
  if (partIsMissing) {
    const missing = `${server} is configured, but fleet-store.cjs is not beside the hooks`
    return without(`${missing}; ${alone}. Run: breakerbox install`)
  }
  if (reachable === true) return { answers: true, text: `${server} answers` }
  const since = awaySince === null ? '' : ` since ${moment(awaySince)}`
  return without(`${server} is away${since}; ${alone}. ${clean(cause ?? '', 240)}`)
}
