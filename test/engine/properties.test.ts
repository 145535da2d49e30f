import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyMemory } from '../../lib/engine/memory.ts'
import { step } from '../../lib/engine/step.ts'
import { detect } from '../../lib/patterns/patterns.ts'
import { readHookInput } from '../../lib/protocol/input.ts'
import { boundedCircuits } from '../../lib/session/documents.ts'
import { eventOf } from '../../lib/session/hook-events.ts'
import {
  type Beat,
  cancelled,
  checkedStep,
  configOf,
  editNotFound,
  edits,
  errs,
  fails,
  folder,
  inAgent,
  input,
  interrupted,
  lasting,
  passes,
  play,
  prints,
  prompt,
  reads,
  refused,
  Session,
  sleeps,
  spawns,
  start,
  succeeds,
  times,
  told,
  turn,
} from './story.ts'

type Turn = Extract<Beat, { kind: 'turn' }>

/** Few different calls, so that they repeat. */
const call: fc.Arbitrary<Turn> = fc.oneof(
  fc.constantFrom(fails('npm test', 'boom'), fails('npm test', 'no such file'), fails('make', 'boom')),
  fc.constantFrom(prints('npm test', 'ok'), prints('git status', 'clean'), prints('date', '09:00:01'), prints('true')),
  fc.constantFrom(reads('a.ts', 'x'), reads('b.ts', 'x'), errs('Read', { file_path: '/x' }, 'File does not exist.')),
  fc.constantFrom(editNotFound('a.ts'), refused('Bash', { command: 'npm i' }, 'This command requires approval')),
  fc.constantFrom(cancelled('git status'), interrupted('npm test')),
  fc.constantFrom(spawns('x', 'a1'), succeeds('WebFetch', { url: 'https://a.b' }, 'page')),
  fc.nat(3).map((i) => succeeds('BashOutput', { bash_id: 'b' }, `running ${i}`)),
  fc.constantFrom(2, 30).map((seconds) => sleeps(seconds)),
)
const oneTurn: fc.Arbitrary<Turn> = fc
  .tuple(fc.array(call, { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, 4, 20))
  .map(([calls, seconds]) => lasting(seconds, turn(...calls)))
const anyTurn = fc
  .tuple(oneTurn, fc.constantFrom(undefined, undefined, 'a1', 'a2'))
  .map(([each, agent]) => (agent === undefined ? each : (inAgent(agent, each)[0] as Turn)))
const beat: fc.Arbitrary<Beat> = fc.oneof(
  { weight: 12, arbitrary: anyTurn },
  { weight: 1, arbitrary: fc.nat(5).map((i) => edits('a.ts', `${i}`)) },
  { weight: 1, arbitrary: fc.constantFrom(5, 60, 3600, -3600).map(passes) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('go on', 'SUDO BYPASS', '<task-notification>x'), fc.boolean(), fc.boolean())
      .map(([text, attended, queued]) => prompt(text, { attended, queued })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      input('SubagentStart', { agent_id: 'a1' }),
      input('SubagentStop', { agent_id: 'a1' }),
      input('SessionStart', { source: 'resume' }),
      input('Stop', {}),
    ),
  },
)
const story = fc.array(beat, { minLength: 1, maxLength: 60 })
const runs = { numRuns: 150 }

describe('any stream of events', () => {
  it('keeps documents valid and bounded, and changes nothing that it is given', () => {
    fc.assert(
      fc.property(story, (beats) => {
        // every step of a story is checked for frozen arguments and valid documents
        const { memory, circuits, now } = play(beats)
        expect(memory.entries.length).toBeLessThanOrEqual(200)
        const kept = boundedCircuits(circuits, now)
        expect(JSON.stringify({ version: 1, circuits: kept }, null, 2).length).toBeLessThan(20_000)
      }),
      runs,
    )
  })

  it('twice each counts once', () => {
    const withoutPrompts = (beats: readonly Beat[]) => beats.filter(({ kind }) => kind !== 'prompt')
    fc.assert(
      fc.property(story.map(withoutPrompts), (beats) => {
        const once = play(beats)
        const twice = play(beats, { delivery: 'twice' })
        expect(told(twice)).toEqual(told(once))
        expect(twice.memory).toEqual(once.memory)
        expect(twice.circuits).toEqual(once.circuits)
      }),
      runs,
    )
  })

  it('saved and read again after each step comes to the same as in one go', () => {
    fc.assert(
      fc.property(story, (beats) => {
        const saved = play(beats)
        const direct = new Unsaved().play(...beats)
        expect(direct.incidents).toEqual(saved.incidents)
        expect(JSON.parse(JSON.stringify(direct.memory))).toEqual(saved.memory)
      }),
      runs,
    )
  })

  it('bounds what it remembers over a long session', () => {
    const session = play([
      times(90, (i) => turn(prints(`a ${i}`, `${i}`), reads(`f${i}`), fails(`b ${i}`, 'boom'))),
      times(60, (i) => inAgent(`agent${i}`, ...Array(4).fill(lasting(0, fails(`npm test ${i}`, 'boom'))))),
    ])
    expect(session.memory.entries).toHaveLength(200)
    expect(session.memory.agents.length).toBeLessThanOrEqual(40)
    const kept = boundedCircuits(session.circuits, session.now)
    expect(kept.length).toBeGreaterThan(5)
    expect(JSON.stringify({ version: 1, circuits: kept }, null, 2).length).toBeLessThan(20_000)
    expect(kept).toContain(session.circuits.at(-1))
  })
})

/** A session without save and restore. */
class Unsaved extends Session {
  override apply(event: Parameters<Session['apply']>[0]) {
    const done = step(this.memory, this.circuits, event, this.config, this.now)
    this.memory = done.memory
    this.circuits = done.circuits
    this.incidents.push(...done.incidents)
    return done.verdict
  }
}

describe('adding a successful edit anywhere', () => {
  const loops = ['tool_failure', 'repeated_call', 'busy_polling'] as const
  /** The call at which each loop is first seen, in a session that is only watched, so that nothing feeds back. */
  const firstTrips = (beats: readonly Beat[]) => {
    const { memory, config } = play(beats, { config: { mode: 'observe' } })
    const firsts = new Map<string, string>()
    for (const [i, latest] of memory.entries.entries()) {
      if (latest.kind !== 'call') continue
      const sight = { entries: memory.entries.slice(0, i + 1), latest, now: Date.parse(latest.at) }
      for (const pattern of loops) {
        const key = `${pattern} ${latest.agent} ${latest.fingerprint}`
        const isTrip = detect(pattern, config.circuit_breakers, sight)?.level === 'trip'
        if (isTrip && !firsts.has(key)) firsts.set(key, latest.id)
      }
    }
    return firsts
  }
  /** Ids that stay the same when a turn is put in between. */
  const numbered = (beats: readonly Beat[]) =>
    beats.map(
      (each, i): Beat =>
        each.kind !== 'turn'
          ? each
          : { ...each, calls: each.calls.map((told, j) => ({ ...told, id: `${String(i).padStart(3, '0')}.${j}` })) },
    )

  const neverCreatesATrip = (stories: fc.Arbitrary<Beat[]>) =>
    fc.property(stories, fc.nat(60), (beats, at) => {
      const before = numbered(beats)
      const edit = lasting(0, { ...edits('new.ts'), calls: edits('new.ts').calls.map((c) => ({ ...c, id: 'edit' })) })
      const plain = firstTrips(before)
      for (const [key, id] of firstTrips([...before.slice(0, at), edit, ...before.slice(at)])) {
        expect([key, plain.has(key)]).toEqual([key, true])
        expect((plain.get(key) as string) <= id).toBe(true)
      }
    })

  it('never creates a trip', () => {
    fc.assert(neverCreatesATrip(story), { numRuns: 400 })
  })

  it('never creates one among looks of changing patience', () => {
    const look = fc.constantFrom(
      prints('git status', 'clean'),
      lasting(20, prints('git status', 'clean')),
      sleeps(30),
      lasting(4, succeeds('BashOutput', { bash_id: 'b' }, 'running 1')),
      lasting(20, succeeds('BashOutput', { bash_id: 'b' }, 'running 2')),
    )
    const runsOfLooks = fc.array(
      fc.tuple(fc.array(look, { minLength: 1, maxLength: 2 }), fc.integer({ min: 1, max: 8 })),
      {
        maxLength: 5,
      },
    )
    const looks = runsOfLooks.map((parts) => parts.flatMap(([looks, count]) => times(count, () => looks)))
    fc.assert(neverCreatesATrip(looks), { numRuns: 400 })
  })
})

describe('shuffling independent sessions', () => {
  it('changes nothing', () => {
    const some = fc.array(beat, { minLength: 1, maxLength: 15 })
    fc.assert(
      fc.property(some, some, some, fc.array(fc.nat(2), { maxLength: 60 }), (a, b, c, order) => {
        const stories = [a, b, c]
        const alone = stories.map((beats, i) => play(beats, { session: `S${i}` }))
        const together = stories.map((_, i) => new Session({ session: `S${i}` }))
        const next = [0, 0, 0]
        let circuits: Session['circuits'] = []
        const advance = (i: number) => {
          const session = together[i] as Session
          const each = stories[i]?.[next[i] as number]
          if (each === undefined) return
          next[i] = (next[i] as number) + 1
          session.circuits = circuits
          session.play(each)
          circuits = session.circuits
        }
        for (const i of order) advance(i)
        for (const i of [0, 1, 2]) for (let left = 0; left < 15; left += 1) advance(i)
        for (const [i, session] of together.entries()) {
          expect(session.memory).toEqual(alone[i]?.memory)
          expect(session.incidents).toEqual(alone[i]?.incidents)
          expect(circuits.filter((circuit) => circuit.session === session.id)).toEqual(alone[i]?.circuits)
        }
      }),
      runs,
    )
  })
})

describe('whatever the client sends', () => {
  const config = configOf()
  const anyName = fc.oneof(fc.constantFrom('Bash', 'Edit', 'Agent', 'WebFetch', 'Read'), fc.string({ maxLength: 200 }))
  const anyInput = fc.oneof(fc.jsonValue(), fc.record({ command: fc.string(), file_path: fc.string() }))
  const anyCall = fc.record({
    tool_name: anyName.map((name) => name || 'x'),
    tool_input: anyInput,
    tool_use_id: fc.string({ maxLength: 300 }),
    tool_response: fc.jsonValue(),
  })
  const ids = { session_id: fc.constant('S'), agent_id: fc.option(fc.string({ minLength: 1 }), { nil: undefined }) }
  const payload = fc.oneof(
    fc.tuple(anyCall, fc.record(ids)).map(([a, b]) => ({ ...b, ...a, hook_event_name: 'PreToolUse', cwd: folder })),
    fc.tuple(anyCall, fc.record(ids)).map(([a, b]) => ({ ...b, ...a, hook_event_name: 'PostToolUse', cwd: folder })),
    fc
      .tuple(anyCall, fc.record(ids), fc.string())
      .map(([a, b, error]) => ({ ...b, ...a, hook_event_name: 'PostToolUseFailure', error })),
    fc
      .tuple(fc.array(anyCall, { maxLength: 4 }), fc.record(ids))
      .map(([tool_calls, b]) => ({ ...b, hook_event_name: 'PostToolBatch', tool_calls })),
    fc.record({ ...ids, prompt: fc.string(), prompt_id: fc.string() }).map((a) => ({
      ...a,
      hook_event_name: 'UserPromptSubmit',
    })),
  )

  it('no step throws, and every document stays valid', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 12 }), (payloads) => {
        let memory = emptyMemory('S')
        let circuits: Session['circuits'] = []
        for (const each of payloads) {
          const received = readHookInput(JSON.parse(JSON.stringify(each)))
          const event = 'event' in received ? eventOf(received.event, true) : undefined
          if (event === undefined) continue
          const done = checkedStep(memory, circuits, event, config, start)
          memory = done.memory
          circuits = done.circuits
        }
      }),
      runs,
    )
  })
})
