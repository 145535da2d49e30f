import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cooldownSeconds } from '../../lib/breaker/ladder.ts'
import type { CircuitState } from '../../lib/breaker/state.ts'
import { admit, isProbe, open, probeReleased, probeSucceeded } from '../../lib/breaker/transitions.ts'
import { circuitStateKind } from '../../lib/session/documents.ts'
import { noon } from './circuit.ts'

const ladder = [5, 10, 30]
const timeout = 120

/** The circuit as one would explain it: until when it refuses, who probes since when, and on which rung it stands. */
class Model {
  level = 0
  until = Number.NEGATIVE_INFINITY
  probe: { id: string; at: number } | undefined

  trip(now: number) {
    this.level += 1
    this.probe = undefined
    this.until = now + (ladder[Math.min(this.level, 3) - 1] as number) * 1000
  }
  passes(id: string, now: number): boolean {
    if (this.level === 0 || this.probe?.id === id) return true
    if (this.probe === undefined ? now < this.until : now < this.probe.at + timeout * 1000) return false
    this.probe = { id, at: now }
    return true
  }
  success(id: string) {
    if (this.probe?.id === id) Object.assign(this, { level: 0, probe: undefined })
  }
  failure(id: string, now: number) {
    if (this.probe?.id === id) this.trip(now)
  }
  release(id: string) {
    if (this.probe?.id === id) Object.assign(this, { probe: undefined, until: Number.NEGATIVE_INFINITY })
  }
}

/** The real one, saved and read again after each step. */
class Saved {
  state: CircuitState = { state: 'closed' }
  level = 0

  #save(state: CircuitState, level = this.level) {
    const circuit = {
      pattern: 'tool_failure' as const,
      subject: 'x',
      target: { kind: 'call' as const, key: 'x' },
      session: 'S',
      status: state,
      level,
      trips: 1,
      lastTrip: { at: new Date(noon).toISOString(), turn: 1, reason: 'x' },
      denials: { count: 0, ids: [] },
    }
    const text = JSON.stringify({ version: 1, circuits: [circuit] })
    const [read] = circuitStateKind.parse(JSON.parse(text)).circuits
    this.state = read?.status as CircuitState
    this.level = read?.level as number
  }
  get #cooldown() {
    return cooldownSeconds(this.level, 5, ladder)
  }
  trip(now: number) {
    const level = this.level + 1
    this.#save(open(now, cooldownSeconds(level, 5, ladder)), level)
  }
  passes(id: string, now: number): boolean {
    const admission = admit(this.state, id, now, { cooldownSeconds: this.#cooldown, probeTimeoutSeconds: timeout })
    if (admission.kind === 'probe') this.#save(admission.next)
    if (admission.kind === 'refuse') {
      expect(admission.seconds).toBeGreaterThan(0)
      expect(admission.seconds).toBeLessThanOrEqual(admission.because === 'open' ? this.#cooldown : timeout)
    }
    return admission.kind !== 'refuse'
  }
  success(id: string) {
    if (isProbe(this.state, id)) this.#save(probeSucceeded(this.state, 1), 0)
  }
  failure(id: string, now: number) {
    if (isProbe(this.state, id)) this.trip(now)
  }
  release(id: string) {
    if (isProbe(this.state, id)) this.#save(probeReleased(this.state))
  }
}

interface World {
  now: number
}
const id = fc.constantFrom('a', 'b', 'c')
type Both = { model: Model; real: Saved; world: World }

const command = fc.oneof(
  fc.constant(({ model, real, world }: Both) => {
    if (model.level > 0) return
    model.trip(world.now)
    real.trip(world.now)
  }),
  id.map((who) => ({ model, real, world }: Both) => {
    expect(real.passes(who, world.now)).toBe(model.passes(who, world.now))
  }),
  id.map((who) => ({ model, real }: Both) => {
    model.success(who)
    real.success(who)
  }),
  id.map((who) => ({ model, real, world }: Both) => {
    model.failure(who, world.now)
    real.failure(who, world.now)
  }),
  id.map((who) => ({ model, real }: Both) => {
    model.release(who)
    real.release(who)
  }),
  fc.constantFrom(0.5, 1, 4, 5, 10, 29, 30, 60, 119, 120, 3600).map((seconds) => ({ world }: Both) => {
    world.now += seconds * 1000
  }),
)

it('any sequence of trips, calls, results and waits agrees with the model', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const both = { model: new Model(), real: new Saved(), world: { now: noon } }
      for (const run of commands) {
        run(both)
        expect(both.real.level).toBe(both.model.level)
        expect(both.real.state.state === 'closed').toBe(both.model.level === 0)
      }
    }),
    { numRuns: 500 },
  )
})

it('whatever the clock does, no wait is longer than the rung', () => {
  const jump = fc.oneof(fc.integer({ min: -600, max: 600 }), fc.integer({ min: -2e9, max: 2e9 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(command, jump), { maxLength: 40 }), (commands) => {
      const world = { now: noon }
      const real = new Saved()
      // the model is not asked here: `passes` of the real one checks its own waits
      const model = Object.assign(new Saved(), { until: 0, probe: undefined }) as unknown as Model
      for (const [run, seconds] of commands) {
        run({ model, real, world })
        world.now = noon + seconds * 1000
      }
    }),
    { numRuns: 500 },
  )
})
