import { hash } from '../calls/hash.ts'
import { integer, object, oneOf, text, time, variants } from '../schema/schema.ts'
import type { CircuitState } from './state.ts'

/** What a store keeps of a breaker around async calls. */
export interface BreakerDocument {
  readonly version: 1
  /** As it was given. */
  readonly name: string
  readonly circuit: CircuitState
  /** Failures since the last success, while closed. */
  readonly failures: number
  /** Goes up with each change of state: the result of a call that began in an older one says nothing any more. */
  readonly generation: number
  /** What opened it last, in the words of whoever saw it; absent where nobody said. */
  readonly why?: string
}

const count = integer(0)
const moment = time()
const schema = object(
  {
    version: oneOf(1),
    name: text(),
    circuit: variants(
      'state',
      object({ state: oneOf('closed') }),
      object({ state: oneOf('open'), openedAt: moment, retryAt: moment }),
      object({ state: oneOf('half_open'), successes: count }, { probe: object({ id: text(), claimedAt: moment }) }),
      object({ state: oneOf('forced_open') }),
      object({ state: oneOf('disabled') }),
    ),
    failures: count,
    generation: count,
  },
  { why: text(undefined, 500) },
)

/** The document of one breaker: any name will do, one that cannot be a key is kept by its hash. */
export const breakerKind = (name: string) => ({
  key: `circuit_breaker_named/${/^[A-Za-z0-9_-]{1,80}$/.test(name) ? name : `name-${hash(name)}`}`,
  version: 1,
  empty: (): BreakerDocument => ({ version: 1, name, circuit: { state: 'closed' }, failures: 0, generation: 0 }),
  parse: (value: unknown): BreakerDocument => schema.parse(value),
})
