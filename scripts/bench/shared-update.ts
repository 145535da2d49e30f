import { type BreakerDocument, breakerKind } from '../../lib/breaker/breaker-document.ts'
import type { Store } from '../../lib/store/store.ts'

/**
 * What is measured: one update of a circuit that several share.
 *
 * @throws where it was not written: what is measured has to have worked.
 */
export async function sharedUpdate(store: Store): Promise<void> {
  const { kind } = await store.update(
    breakerKind('measured'),
    (before): BreakerDocument => ({
      ...before,
      failures: before.failures + 1,
    }),
  )
  if (kind !== 'written') throw new Error(`the update was not written: ${kind}`)
}
