import type { Config } from '../config/schema.ts'
import type { SettledEvent } from '../engine/event.ts'
import { limitsFor, sharedScopes } from '../engine/shared-config.ts'
import type { Happening } from './happening.ts'

/**
 * Of what happened, the calls that count for limits which sessions share and that no gate has counted, because it is not asked
 * about every Bash call: none, most of the time.
 */
export const uncounted = (happenings: readonly Happening[], config: Config): readonly Happening<SettledEvent>[] =>
  happenings
    .flatMap(bashCalls)
    .filter(({ event }) => sharedScopes.some((scope) => limitsFor(scope, event, config).length > 0))

function bashCalls({ session, event, at }: Happening): Happening<SettledEvent>[] {
  if (event.kind !== 'settled' && event.kind !== 'batch') return []
  const { agent } = event
  const settlements = event.kind === 'settled' ? [event] : event.calls
  return settlements
    .filter(({ call }) => call.tool === 'Bash')
    .map((settlement) => ({ session, event: { ...settlement, kind: 'settled', agent }, at }))
}
