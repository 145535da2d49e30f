import type { Config } from '../config/schema.ts'
import type { SettledEvent, Settlement } from '../engine/event.ts'
import { limitsFor, sharedScopes } from '../engine/shared-config.ts'
import type { Happening } from './happening.ts'

/**
 * Of what happened, the calls that count for limits which sessions share and that no gate has counted, because it is not asked
 * about every Bash call: none, most of the time.
 */
export const uncounted = (happenings: readonly Happening[], config: Config): readonly Happening<SettledEvent>[] =>
  happenings.flatMap(({ session, event, at }) => {
    if (event.kind !== 'settled' && event.kind !== 'batch') return []
    const { agent } = event
    const settlements = event.kind === 'settled' ? [event] : event.calls
    // Asked first: a spread makes the line that a settlement only makes when it is read.
    return settlements
      .filter((settlement) => settlement.call.tool === 'Bash' && countsTogether(settlement, config))
      .map((settlement) => ({ session, event: { ...settlement, kind: 'settled', agent }, at }))
  })

const countsTogether = (settlement: Settlement, config: Config): boolean =>
  sharedScopes.some((scope) => limitsFor(scope, settlement, config).length > 0)
