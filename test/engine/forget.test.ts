import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withoutOld } from '../../lib/engine/forget.ts'
import { emptyMemory } from '../../lib/engine/memory.ts'
import { detect } from '../../lib/patterns/patterns.ts'
import type { CallEntry, Entry } from '../../lib/windows/entry.ts'
import {
  configOf,
  edits,
  fails,
  inAgent,
  input,
  passes,
  prints,
  prompt,
  reads,
  Session,
  start,
  succeeds,
  times,
} from './story.ts'

const callsIn = ({ memory }: Session) => memory.entries.filter((entry): entry is CallEntry => entry.kind === 'call')
const agentsIn = (session: Session) => [...new Set(callsIn(session).map(({ agent }) => agent))]

/** Turns of one call each, another one each time. */
let works = 0
const work = (count: number) =>
  times(count, () => {
    works += 1
    return prints(`make ${works}`, `made ${works}`)
  })

describe('what no pattern looks at any more is forgotten', () => {
  it('a call, when the longest window has left it behind, however long the session', () => {
    const session = new Session().play(work(500))
    const turns = callsIn(session).map(({ turn }) => turn)
    // With the call of the turn that has begun the window of thirty is full.
    expect([turns.length, Math.min(...turns), Math.max(...turns)]).toEqual([29, 472, 500])
  })

  it('a longer window remembers more', () => {
    const session = new Session({ config: { circuit_breakers: { busy_polling: { window_turns: 90 } } } })
    expect(callsIn(session.play(work(500)))).toHaveLength(89)
  })

  it('the same call is still seen at the far end of its window', () => {
    const session = new Session().play(times(4, () => [prints('git status', 'clean'), ...work(8)]))
    expect(session.circuits).toMatchObject([{ pattern: 'repeated_call', subject: 'Bash(git status)' }])
  })

  it('a failure, when the rounds that are counted have left it behind: eight slow rounds are told of', () => {
    const session = new Session().play(times(8, () => [edits('a.ts'), ...work(9), fails('npm test', 'boom')]))
    expect(session.turns.at(-1)?.told.join()).toContain('after 8 rounds of changing something')
    expect(callsIn(session.play(work(130))).filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  it('the calls of a subagent, ten minutes after it has stopped, and never while it runs', () => {
    const agent = { agent_id: 'a1', agent_type: 'general-purpose' }
    const begun = [input('SubagentStart', agent), ...inAgent('a1', reads('a.ts'), reads('b.ts'))]
    const running = new Session().play(begun, passes(3600), work(2))
    expect(agentsIn(running)).toEqual(['a1', 'main'])
    const stopped = new Session().play(begun, input('SubagentStop', agent), passes(300), work(2))
    expect(agentsIn(stopped)).toEqual(['a1', 'main'])
    expect(agentsIn(stopped.play(passes(600), work(1)))).toEqual(['main'])
  })

  it('never the calls of the main agent while a subagent works', () => {
    const session = new Session().play(
      work(3),
      passes(3600),
      inAgent('a1', ...Array.from({ length: 40 }, (_, i) => reads(`${i}.ts`))),
    )
    expect(agentsIn(session)).toContain('main')
  })

  it('a call to the outside, when the seconds are over in which it counts', () => {
    const config = { circuit_breakers: { external_api: { window_seconds: 600, scope: 'session' } } }
    const fetch = succeeds('WebFetch', { url: 'https://example.org' }, 'page')
    const session = new Session({ config }).play(fetch, work(100))
    expect(callsIn(session).filter(({ tool }) => tool === 'WebFetch')).toHaveLength(1)
    expect(callsIn(session.play(passes(600), work(1))).filter(({ tool }) => tool === 'WebFetch')).toEqual([])
  })

  it('a prompt, when every call before it has gone; of several in a row only the last is kept', () => {
    const kinds = (session: Session) => session.memory.entries.map(({ kind }) => kind)
    expect(kinds(new Session().play(Array.from({ length: 50 }, () => prompt())))).toEqual(['prompt'])
    expect(kinds(new Session().play(prompt(), work(1)))).toEqual(['call'])
    expect(kinds(new Session().play(work(1), prompt(), prompt(), work(1)))).toEqual(['call', 'prompt', 'call'])
    expect(kinds(new Session().play(work(1), prompt(), work(60)))).not.toContain('prompt')
  })
})

describe('what is left says the same', () => {
  const entry = fc.record({
    fingerprint: fc.constantFrom('a', 'b', 'c'),
    result: fc.constantFrom('x', 'y'),
    outcome: fc.constantFrom('succeeded', 'failed', 'refused', 'invalid', 'pending', 'cancelled'),
    tool: fc.constantFrom('Bash', 'Read', 'Edit', 'Agent'),
    agent: fc.constantFrom('main', 'main', 'a1'),
    turns: fc.constantFrom(0, 1, 1, 3),
    seconds: fc.constantFrom(0, 1, 20, 400),
  })
  const past = fc.array(fc.oneof({ weight: 12, arbitrary: entry }, { weight: 1, arbitrary: fc.constant('prompt') }), {
    minLength: 1,
    maxLength: 120,
  })
  const config = configOf()

  it.each(['repeated_call', 'busy_polling', 'sequential_tools', 'agent_spawn'] as const)('%s', (pattern) => {
    fc.assert(
      fc.property(past, (told) => {
        let [turn, now] = [1, start]
        const entries = told.map((each, i): Entry => {
          if (typeof each === 'string') return { kind: 'prompt', at: new Date(now).toISOString() }
          const { turns, seconds, fingerprint, result, outcome, ...rest } = each
          turn += turns
          now += seconds * 1000
          const at = new Date(now).toISOString()
          const same = { fingerprint, operationKey: fingerprint, result, shape: result }
          return { kind: 'call', id: `${i}`, at, turn, ...same, outcome: outcome as CallEntry['outcome'], ...rest }
        })
        const latest = entries.findLast((each): each is CallEntry => each.kind === 'call' && each.agent === 'main')
        if (latest === undefined) return
        const memory = { ...emptyMemory('S'), entries, running: ['a1'] }
        const left = withoutOld({ memory, config, now }, { agent: 'main', turn: latest.turn }).entries
        const finding = (seen: readonly Entry[]) =>
          detect(pattern, config.circuit_breakers, { entries: seen, latest, now })
        expect(finding(left)).toEqual(finding(entries))
      }),
    )
  })
})
