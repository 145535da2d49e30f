import type { EngineEvent } from '../../lib/engine/event.ts'
import { readHookInput } from '../../lib/protocol/input.ts'
import { eventOf } from '../../lib/session/hook-events.ts'
import {
  bashCall,
  bashResponse,
  type PlannedCall,
  postToolBatch,
  postToolUse,
  preToolUse,
  type Scene,
} from '../../test/support/payloads.ts'

/** Calls that no pattern has anything to say about: each another command with another result. */

/** What the client sends about one call that succeeds. */
export interface Turn {
  readonly asked: object
  readonly settled: object
  readonly batch: ReturnType<typeof postToolBatch>
}

/** The `n`th turn of healthy work. */
export const healthyTurn = (scene: Scene, n: number): Turn =>
  turnOf(scene, bashCall(`npm test -- src/module-${n}.ts 2>&1 | tail -40`, `toolu_${n}`), outputOf(n))

export const turnOf = (scene: Scene, call: PlannedCall, output: string): Turn => ({
  asked: preToolUse(scene, call),
  settled: postToolUse(scene, call, bashResponse(output)),
  batch: postToolBatch(scene, [[call, output]]),
})

/** About 2 kB, with the times and paths that test runners print. */
const outputOf = (n: number): string =>
  Array.from(
    { length: 30 },
    (_, line) => ` ✓ src/module-${n}.ts > case ${line} of suite ${n * 31 + line} (${line} ms)`,
  ).join('\n')

/** The engine's event of a payload of the client. */
export function engineEvent(payload: object): EngineEvent {
  const received = readHookInput(payload)
  const event = 'event' in received ? eventOf(received.event, true) : undefined
  if (event === undefined) throw new Error('the engine knows no such event')
  return event
}
