import type { Config } from '../lib/config/schema.ts'
import type { Circuit } from '../lib/engine/circuit.ts'
import type { RequestEvent, SettledEvent } from '../lib/engine/event.ts'
import { emptyMemory, type SessionMemory } from '../lib/engine/memory.ts'
import { type Step, step } from '../lib/engine/step.ts'
import { type Streak, streakOf } from '../lib/engine/streak.ts'
import { counted } from '../lib/install/hook-table.ts'
import type { RecordedEvent } from '../lib/replay/recording.ts'
import { armed } from '../lib/session/marker.ts'

/** Tools that start Node before they run. */
const isCounted = new RegExp(counted)

/** When what gathers in the spool is taken in. */
export interface SpoolRule {
  /** With this many batches waiting, the last one included, they are taken in. */
  readonly gather: number
  /** Each batch is, while a streak has begun. */
  readonly watchStreaks: boolean
  /** Not before the model goes on, but beside it; then what has something to say is left to the next hook. */
  readonly inBackground: boolean
}

/**
 * A session as the registered hooks see it: behind the marker every event is taken in at once and each call is asked
 * about, without it only batches are kept, and they gather; failures, prompts and what is counted before it runs start Node. What runs in the
 * background is done before the next event. Nothing of it is timed.
 */
export class SpooledSession {
  /** Batches for which Node was started in the foreground or in the background because they had gathered. */
  starts = 0
  #memory: SessionMemory
  #circuits: readonly Circuit[] = []
  #waiting: RecordedEvent[] = []
  /** Batches of other sessions that wait too. */
  #others: number
  /** Whether the marker is there. */
  #isArmed = false
  #streak: Streak = 'none'
  readonly #refused = new Set<string>()
  readonly #config: Config
  readonly #rule: SpoolRule

  /** @param others batches of other sessions that wait when this one begins. */
  constructor(session: string, config: Config, rule: SpoolRule, others = 0) {
    this.#memory = emptyMemory(session)
    this.#config = config
    this.#rule = rule
    this.#others = others
  }

  /** Plays one event, and says what became of it. */
  play(recorded: RecordedEvent): 'ran' | 'refused' {
    const { event, reachedGate } = recorded
    if (reachedGate === false) return 'ran'
    if (event.kind === 'request') return this.#ask(event, recorded.at)
    if (event.kind === 'batch') {
      const calls = event.calls.map((each) =>
        this.#refused.has(each.call.id) ? ({ ...each, outcome: 'refused' } as const) : each,
      )
      this.#hearBatch({ ...recorded, event: { ...event, calls } })
    } else if (event.kind !== 'settled' || this.#hears(event)) this.#takeIn(recorded)
    return 'ran'
  }

  #ask(event: RequestEvent, at: number): 'ran' | 'refused' {
    if (!this.#isArmed && !isCounted.test(event.call.tool)) return 'ran'
    // The gate does not wait for what is in the spool.
    const { memory, circuits, verdict } = this.#after([{ event, at }])
    this.#memory = memory
    this.#circuits = circuits
    this.#arm(at)
    if (verdict.refusal === undefined) return 'ran'
    this.#refused.add(event.call.id)
    return 'refused'
  }

  /** The client sends an event of its own for what has run, and the one for what succeeded follows the marker. */
  #hears({ outcome, call }: SettledEvent): boolean {
    if (this.#refused.has(call.id)) return false
    return outcome === 'failed' || (outcome === 'succeeded' && this.#isArmed)
  }

  #hearBatch(batch: RecordedEvent): void {
    if (this.#isArmed) {
      this.#takeIn(batch)
      return
    }
    this.#waiting.push(batch)
    const waiting = this.#waiting.length + this.#others
    if (waiting < this.#rule.gather && !(this.#rule.watchStreaks && this.#streak !== 'none')) return
    this.starts += 1
    const after = this.#after(this.#waiting)
    if (this.#rule.inBackground && after.hasSomethingToSay) {
      this.#streak = 'near'
      this.#arm(batch.at)
    } else this.#keep(after, batch.at)
  }

  /** What waits, and then the event. */
  #takeIn(event: RecordedEvent): Step {
    return this.#keep(this.#after([...this.#waiting, event]), event.at)
  }

  #after(events: readonly RecordedEvent[]): Step & { readonly hasSomethingToSay: boolean } {
    let hasSomethingToSay = false
    let done: Step = {
      memory: this.#memory,
      circuits: this.#circuits,
      incidents: [],
      verdict: { context: [], person: [] },
    }
    for (const { event, at } of events) {
      done = step(done.memory, done.circuits, event, this.#config, at)
      const { context, person, stop } = done.verdict
      hasSomethingToSay ||= done.incidents.length + context.length + person.length > 0 || stop !== undefined
    }
    return { ...done, hasSomethingToSay }
  }

  #keep(after: Step, now: number): Step {
    this.#memory = after.memory
    this.#circuits = after.circuits
    this.#waiting = []
    this.#others = 0
    this.#streak = streakOf(this.#memory, this.#config)
    this.#arm(now)
    return after
  }

  #arm(now: number): void {
    const near = this.#streak === 'near' ? [this.#memory.session] : []
    this.#isArmed = armed({ version: 1, circuits: this.#circuits, near }, now)
  }
}
