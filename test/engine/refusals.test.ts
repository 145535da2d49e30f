import { describe, expect, it } from 'vitest'
import {
  edits,
  endedIn,
  fails,
  inAgent,
  lasting,
  passes,
  play,
  prints,
  prompt,
  reads,
  refusedIn,
  Session,
  times,
  told,
  turn,
} from './story.ts'

const boom = fails('npm test', 'boom')
const tripped = () => play([boom, boom, boom])

describe('a circuit that has opened', () => {
  it('refuses its subject and nothing else', () => {
    const session = tripped().play(turn(boom, prints('git status', 'clean'), reads('a.ts'), fails('npm run lint', 'x')))
    expect(session.turns[3]?.refusals.map((text) => text !== undefined)).toEqual([true, false, false, false])
  })

  it('says what happened, until when, what still works, what else to try and how a person lifts it', () => {
    const text = tripped().play(boom).turns[3]?.refusals[0] ?? ''
    expect(text).toMatch(/Bash\(npm test\)/)
    expect(text).toMatch(/3 times in 3 turns/)
    expect(text).toMatch(/boom/)
    expect(text).toMatch(/09:00:08 UTC/)
    expect(text).toMatch(/\b5 s\b/)
    expect(text).toMatch(/still works/)
    expect(text).toMatch(/Instead:/)
    expect(text).toMatch(/SUDO BYPASS/)
    expect(text).not.toMatch(/\b(the user|the person) (wants|says|asks|told|said)\b/i)
  })

  it('is told to the model at once, with the call that tripped it', () => {
    expect(tripped().turns[2]?.told.join()).toMatch(/Bash\(npm test\) failed 3 times in 3 turns.*boom/)
    expect(tripped().turns[2]?.told).toHaveLength(1)
  })

  it('knows when it opened and until when', () => {
    const [circuit] = tripped().circuits
    expect(circuit).toMatchObject({
      pattern: 'tool_failure',
      subject: 'Bash(npm test)',
      session: 'S',
      agent: 'main',
      level: 1,
      trips: 1,
      status: { state: 'open', openedAt: '2026-03-04T09:00:03.000Z', retryAt: '2026-03-04T09:00:08.000Z' },
      lastTrip: { at: '2026-03-04T09:00:03.000Z', turn: 3 },
    })
  })

  it('holds in its own session only', () => {
    const first = tripped()
    const second = new Session({ session: 'T' }, { circuits: first.circuits, now: first.now }).play(boom, boom)
    expect(refusedIn(second)).toEqual([])
    expect(second.play(boom, boom).circuits.map(({ session }) => session)).toEqual(['S', 'T'])
  })

  it('holds for its own agent only', () => {
    const session = play([...inAgent('a1', boom, boom, boom, boom), boom, ...inAgent('a2', boom)])
    expect(refusedIn(session)).toEqual([4])
  })
})

describe('refusals are counted', () => {
  it('and the third turn that asks again ends the run', () => {
    const session = tripped().play(times(5, () => boom))
    expect(refusedIn(session)).toEqual([4, 5, 6])
    expect(endedIn(session)).toEqual([6])
    expect(told(session, 'trip', 'denial', 'halt')).toEqual([
      'trip tool_failure Bash(npm test)',
      'denial tool_failure Bash(npm test)',
      'denial tool_failure Bash(npm test)',
      'denial tool_failure Bash(npm test)',
      'halt tool_failure Bash(npm test)',
    ])
  })

  it('a halt tells the person what looped, how often, and how to go on', () => {
    const session = tripped().play(boom, boom, boom)
    expect(session.turns[5]?.ended).toMatch(/Bash\(npm test\)/)
    expect(session.turns[5]?.person).toHaveLength(1)
    expect(session.turns[5]?.person[0]).toMatch(/halted the run.*Bash\(npm test\).*3 times.*SUDO BYPASS.*reset-circuit/)
    expect(session.incidents.at(-1)).toMatchObject({ kind: 'halt', count: 3, turn: 6, action: 'halt', agent: 'main' })
  })

  it('once per turn, however many calls', () => {
    const session = tripped().play(turn(boom, boom, boom, boom), turn(boom, boom))
    expect(endedIn(session)).toEqual([])
    expect(session.circuits[0]?.denials.count).toBe(2)
    expect(endedIn(session.play(boom))).toEqual([6])
  })

  it('once per call: one that is asked again under the same id is answered again', () => {
    const session = tripped()
    const ask = {
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command: 'npm test' },
      tool_use_id: 'x',
    }
    expect([session.send(ask), session.send(ask), session.send(ask)].map(({ refusal }) => refusal?.reason)).toEqual(
      Array(3).fill(expect.stringContaining('Refused')),
    )
    expect(session.circuits[0]?.denials.count).toBe(1)
    expect(told(session, 'denial')).toHaveLength(1)
  })

  it('with other turns in between', () => {
    const session = tripped().play(boom, lasting(0, reads('a')), boom, lasting(0, reads('b')), boom)
    expect(endedIn(session)).toEqual([8])
  })

  it('through open periods and failed probes', () => {
    const session = tripped().play(boom, passes(5), boom, boom, boom)
    expect(refusedIn(session)).toEqual([4, 6, 7])
    expect(endedIn(session)).toEqual([7])
  })

  it('anew after progress', () => {
    const session = tripped().play(boom, boom, edits('a.ts'), boom, boom, boom)
    expect(endedIn(session)).toEqual([])
    expect(session.circuits[0]?.denials.count).toBe(2)
  })

  it("anew after a person's prompt, attended or not", () => {
    expect(endedIn(tripped().play(boom, boom, prompt('try again'), boom, boom))).toEqual([])
    expect(endedIn(tripped().play(boom, boom, prompt('next', { attended: false }), boom, boom))).toEqual([])
  })

  it.each([
    '<task-notification><result>done</result></task-notification>',
    '<system-reminder>look</system-reminder>',
    '<cross-session-message from="x">hi</cross-session-message>',
    '[SYSTEM NOTIFICATION - NOT USER INPUT] hi',
    ' \n<task-notification>…',
  ])('a machine prompt changes nothing: %s', (text) => {
    const before = tripped().play(boom, boom)
    const { memory, circuits } = before
    before.play(prompt(text))
    expect(before.memory).toEqual(memory)
    expect(before.circuits).toEqual(circuits)
    expect(endedIn(before.play(boom))).toEqual([6])
  })

  it('halt_after_denials says how many, 0 never', () => {
    expect(
      endedIn(
        play(
          times(12, () => lasting(0, boom)),
          { config: { halt_after_denials: 5 } },
        ),
      ),
    ).toEqual([8])
    expect(
      endedIn(
        play(
          times(40, () => lasting(0, boom)),
          { config: { halt_after_denials: 0 } },
        ),
      ),
    ).toEqual([])
  })

  it('a run that was halted goes on with the next prompt', () => {
    const session = tripped().play(boom, boom, boom, prompt('now look at the imports'), reads('a.ts'), boom)
    expect(session.turns).toHaveLength(8)
    expect(endedIn(session)).toEqual([6])
  })
})

describe('our own refusals are no failures', () => {
  it('they neither trip nor reopen anything, and leave no entry', () => {
    const session = play(
      times(20, () => lasting(0, boom)),
      { config: { halt_after_denials: 0 } },
    )
    expect(told(session, 'trip', 'reopen', 'warning')).toEqual(['trip tool_failure Bash(npm test)'])
    expect(session.memory.entries).toHaveLength(3)
  })
})
