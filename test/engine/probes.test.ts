import { describe, expect, it } from 'vitest'
import {
  cancelled,
  edits,
  fails,
  interrupted,
  lasting,
  passes,
  play,
  prints,
  refused,
  refusedIn,
  type Session,
  times,
  told,
  turn,
} from './story.ts'

const boom = fails('npm test', 'boom')
const passed = prints('npm test', '3 passing')
const tripped = (config: Record<string, unknown> = {}) => play([boom, boom, boom], { config })
const ask = (session: Session, id: string) =>
  session.send({
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    tool_input: { command: 'npm test' },
    tool_use_id: id,
  }).refusal?.reason

describe('after the cooldown', () => {
  it.each([
    [4.9, true],
    [5, false],
    [6, false],
    [86_400, false],
  ])('%f s after the trip a call is refused: %s', (seconds, isRefused) => {
    const session = tripped().play(passes(seconds))
    expect(ask(session, 'x') !== undefined).toBe(isRefused)
  })

  it('one call passes as the probe, the others of its batch do not', () => {
    const session = tripped().play(passes(5), turn(boom, boom, boom))
    expect(session.turns[3]?.refusals.map((text) => text !== undefined)).toEqual([false, true, true])
    expect(session.turns[3]?.refusals[1]).toMatch(/probe/i)
    expect(told(session, 'probe')).toEqual(['probe tool_failure Bash(npm test)'])
  })

  it('the claim carries the id of its call, which passes again', () => {
    const session = tripped().play(passes(5))
    expect(ask(session, 'x')).toBeUndefined()
    expect(session.circuits[0]?.status).toMatchObject({ state: 'half_open', probe: { id: 'x' } })
    expect(ask(session, 'x')).toBeUndefined()
    expect(ask(session, 'y')).toBeDefined()
    expect(told(session, 'probe')).toHaveLength(1)
  })

  it.each([
    [119, true],
    [120, false],
  ])('a probe that does not report back still holds its place after %i s: %s', (seconds, isRefused) => {
    const session = tripped().play(passes(5))
    ask(session, 'x')
    session.play(passes(seconds))
    expect(ask(session, 'y') !== undefined).toBe(isRefused)
  })

  it('a probe of an earlier turn cannot report back any more', () => {
    const session = tripped().play(passes(5))
    ask(session, 'x')
    session.play(prints('ls', 'a'))
    expect(ask(session, 'y')).toBeUndefined()
  })

  it('a clock that was set back does not lengthen the wait', () => {
    expect(ask(tripped().play(passes(-3600)), 'x')).toBeUndefined()
    const probing = tripped().play(passes(5))
    ask(probing, 'x')
    expect(ask(probing.play(passes(-3600)), 'y')).toBeUndefined()
  })
})

describe('a probe that succeeds', () => {
  const recovered = () => tripped().play(passes(5), passed)

  it('closes the circuit at level 0', () => {
    expect(recovered().circuits).toEqual([])
    expect(told(recovered(), 'trip', 'probe', 'recovery')).toEqual([
      'trip tool_failure Bash(npm test)',
      'probe tool_failure Bash(npm test)',
      'recovery tool_failure Bash(npm test)',
    ])
  })

  it('starts the count of failures anew, on the first rung', () => {
    const session = recovered().play(boom, boom)
    expect(session.circuits).toEqual([])
    session.play(boom)
    expect(session.circuits).toMatchObject([{ level: 1 }])
  })

  it('closes it where only the batch tells', () => {
    const session = play([boom, boom, boom, passes(5), passed], { delivery: 'batch' })
    expect(session.circuits).toEqual([])
  })

  it('closes a circuit of repeats with a new result, not with the same', () => {
    const same = prints('git status', 'nothing to commit')
    const opened = play([same, same, same, same, passes(5)])
    expect(opened.circuits).toHaveLength(1)
    expect(play([same, same, same, same, passes(5), same]).circuits).toMatchObject([{ level: 2, trips: 2 }])
    expect(opened.play(prints('git status', 'modified: a')).circuits).toEqual([])
  })
})

describe('a probe that fails', () => {
  it('climbs the ladder, rung by rung, and stays on the last', () => {
    const session = tripped()
    const waits = [5, 10, 30, 60, 300, 300].map((seconds) => {
      const { status } = session.circuits[0] as Session['circuits'][number]
      session.play(passes(seconds), lasting(0, boom))
      return status.state === 'open' ? (Date.parse(status.retryAt) - Date.parse(status.openedAt)) / 1000 : undefined
    })
    expect(waits).toEqual([5, 10, 30, 60, 300, 300])
    expect(refusedIn(session)).toEqual([])
    expect(session.circuits).toMatchObject([{ trips: 7 }])
    expect(told(session, 'reopen')).toHaveLength(6)
  })

  it('tells the person at the top rung', () => {
    const session = tripped()
    for (const seconds of [5, 10, 30]) session.play(passes(seconds), lasting(0, boom))
    expect(session.person).toEqual([])
    session.play(passes(60), lasting(0, boom))
    expect(session.person.join()).toMatch(/Bash\(npm test\).*300 s/)
  })

  it('follows base and ladder of the config', () => {
    const config = { circuit_breakers: { tool_failure: { cooldown_base_seconds: 7 } }, cooldown_ladder_seconds: [3, 9] }
    const session = tripped(config)
    const waits = [7, 9, 9].map((seconds) => {
      const { status } = session.circuits[0] as Session['circuits'][number]
      session.play(passes(seconds), lasting(0, boom))
      return status.state === 'open' ? (Date.parse(status.retryAt) - Date.parse(status.openedAt)) / 1000 : undefined
    })
    expect(waits).toEqual([7, 9, 9])
  })

  it('is a failure as well when the permission system refuses it', () => {
    const session = tripped().play(
      passes(5),
      refused('Bash', { command: 'npm test' }, 'This command requires approval'),
    )
    expect(session.circuits).toMatchObject([{ level: 2 }])
  })
})

describe('a probe that ends without an answer', () => {
  it.each([
    ['cancelled', cancelled('npm test')],
    ['interrupted', interrupted('npm test')],
  ])('%s: the next call is the probe, on the same rung', (_what, beat) => {
    const session = tripped().play(passes(5), beat)
    expect(session.circuits).toMatchObject([{ level: 1, status: { state: 'half_open' } }])
    expect(ask(session, 'next')).toBeUndefined()
  })
})

describe('an edit', () => {
  it('ends the cooldown early: the next call is let through as a probe', () => {
    const session = tripped().play(edits('a.ts'), boom)
    expect(refusedIn(session)).toEqual([])
    expect(told(session, 'eased', 'probe', 'reopen')).toEqual([
      'eased tool_failure Bash(npm test)',
      'probe tool_failure Bash(npm test)',
      'reopen tool_failure Bash(npm test)',
    ])
  })

  it('that was rejected, failed or refused ends nothing', () => {
    const edit = { file_path: '/home/dev/app/a.ts', old_string: 'a', new_string: 'b' }
    const session = tripped().play(lasting(0, refused('Edit', edit, 'Permission to use Edit has been denied.')), boom)
    expect(refusedIn(session)).toEqual([5])
  })

  it('in another session ends nothing here', () => {
    const session = tripped()
    const other = play([edits('a.ts')], { session: 'T' })
    expect(other.circuits).toEqual([])
    expect(refusedIn(session.play(boom))).toEqual([4])
  })

  it('edit and re-run goes on for many rounds', () => {
    const session = play([times(20, (i) => [edits('a.ts', `${i}`), boom])])
    expect(refusedIn(session)).toEqual([])
  })
})

describe('a circuit that was set by hand', () => {
  const byHand = (status: { state: 'forced_open' } | { state: 'disabled' }) => {
    const session = tripped()
    session.circuits = session.circuits.map((circuit) => ({ ...circuit, status }))
    return session
  }

  it('forced open refuses for good', () => {
    const session = byHand({ state: 'forced_open' })
    expect(ask(session.play(passes(10_000_000)), 'x')).toMatch(/held? .*open|does not close by itself/)
    session.play(edits('a.ts'))
    expect(session.circuits).toMatchObject([{ status: { state: 'forced_open' } }])
  })

  it('disabled never refuses and never trips', () => {
    const session = byHand({ state: 'disabled' }).play(times(10, () => boom))
    expect(refusedIn(session)).toEqual([])
    expect(session.circuits).toMatchObject([{ status: { state: 'disabled' }, trips: 1 }])
  })
})
