import type { Config } from '../../lib/config/schema.ts'
import type { Circuit } from '../../lib/engine/circuit.ts'
import type { EngineEvent } from '../../lib/engine/event.ts'
import type { SessionMemory } from '../../lib/engine/memory.ts'
import { isNear } from '../../lib/engine/near.ts'
import { type Step, step } from '../../lib/engine/step.ts'
import { armed } from '../../lib/session/marker.ts'
import { engineEvent, type Turn } from './healthy-work.ts'

/** When what gathers in the spool is taken in. */
export interface SpoolRule {
  /** With this many batches waiting, the last one included, they are taken in. */
  readonly gather: number
  /** Not before the model goes on, but beside it; then what has something to say is left to the next hook. */
  readonly inBackground: boolean
}

/**
 * A session as the registered hooks see it: behind the marker every event is taken in at once and each call is asked
 * about, without it only batches are kept, and they gather. One call a turn, a second each; nothing of it is timed.
 */
export class SpooledSession {
  #memory: SessionMemory
  #circuits: readonly Circuit[] = []
  #waiting: EngineEvent[] = []
  /** Whether the marker is there. */
  #isArmed = false
  #now = Date.parse('2026-01-01T12:00:00Z')
  readonly #config: Config
  readonly #rule: SpoolRule

  constructor(memory: SessionMemory, config: Config, rule: SpoolRule) {
    this.#memory = memory
    this.#config = config
    this.#rule = rule
  }

  play({ asked, settled, batch }: Turn): 'ran' | 'refused' {
    this.#now += 1000
    if (this.#isArmed) {
      const { verdict } = this.#keep(this.#after([engineEvent(asked)]))
      if (verdict.refusal !== undefined) return 'refused'
      this.#takeIn(engineEvent(settled))
    }
    if (this.#isArmed) this.#takeIn(engineEvent(batch))
    else this.#gather(engineEvent(batch))
    return 'ran'
  }

  #gather(batch: EngineEvent): void {
    this.#waiting.push(batch)
    if (this.#waiting.length < this.#rule.gather) return
    const after = this.#after(this.#waiting)
    if (this.#rule.inBackground && after.hasSomethingToSay) {
      this.#isArmed = true
      return
    }
    this.#keep(after)
    this.#settle()
  }

  /** What waits, and then the event. */
  #takeIn(event: EngineEvent): void {
    this.#keep(this.#after([...this.#waiting, event]))
    this.#settle()
  }

  #settle(): void {
    this.#waiting = []
    const near = isNear(this.#memory, this.#config) ? [this.#memory.session] : []
    this.#isArmed = armed({ version: 1, circuits: this.#circuits, near }, this.#now)
  }

  #after(events: readonly EngineEvent[]): Step & { readonly hasSomethingToSay: boolean } {
    let hasSomethingToSay = false
    let done: Step = {
      memory: this.#memory,
      circuits: this.#circuits,
      incidents: [],
      verdict: { context: [], person: [] },
    }
    for (const event of events) {
      done = step(done.memory, done.circuits, event, this.#config, this.#now)
      const { context, person, stop } = done.verdict
      hasSomethingToSay ||= context.length > 0 || person.length > 0 || stop !== undefined
    }
    return { ...done, hasSomethingToSay }
  }

  #keep(after: Step): Step {
    this.#memory = after.memory
    this.#circuits = after.circuits
    return after
  }
}
