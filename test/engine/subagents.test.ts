import { describe, expect, it } from 'vitest'
import {
  editNotFound,
  endedIn,
  fails,
  inAgent,
  input,
  lasting,
  play,
  refusedIn,
  spawns,
  succeeds,
  told,
} from './story.ts'

const boom = lasting(0, fails('npm test', 'boom'))
const loop = inAgent('a1', boom, boom, boom, boom, boom, boom)
/** The parent's `Agent` call, as it comes back from an agent that was ended. */
const emptyHanded = succeeds(
  'Agent',
  { description: 'x', prompt: 'run the tests', run_in_background: false },
  '(Subagent completed but returned no output.)\nagentId: a1 (use it to continue)',
  { status: 'completed', agentId: 'a1', content: [] },
)
const halted = () => play([input('SubagentStart', { agent_id: 'a1' }), ...loop])

describe('a loop inside a subagent', () => {
  it('is refused there and ends only the subagent', () => {
    const session = play([...inAgent('a1', boom, boom, boom, boom), boom, boom])
    expect(refusedIn(session)).toEqual([4])
    expect(endedIn(halted())).toEqual([6])
  })

  it('moves to the whole session when the subagent is halted', () => {
    expect(halted().circuits).toMatchObject([{ subject: 'Bash(npm test)', session: 'S' }])
    expect(halted().circuits[0]).not.toHaveProperty('agent')
    const session = halted().play(boom, ...inAgent('a2', boom))
    expect(refusedIn(session).slice(-2)).toEqual([7, 8])
  })

  it('frees its place among the running agents', () => {
    expect(halted().memory.running).toEqual([])
  })

  it('is told to the parent when its Agent call settles, once, and to the person', () => {
    const session = halted().play(emptyHanded)
    const [text, ...more] = session.turns[6]?.told ?? []
    expect(text).toMatch(/subagent was halted.*Bash\(npm test\)/i)
    expect(more).toEqual([])
    expect(session.turns[6]?.person.join()).toMatch(/halted subagent a1.*Bash\(npm test\)/)
    session.play(emptyHanded)
    expect(session.turns[7]?.told).toEqual([])
  })

  it('is told where only the batch tells', () => {
    const session = play([...loop, emptyHanded], { delivery: 'batch' })
    expect(session.turns[6]?.told.join()).toMatch(/subagent was halted/i)
  })

  it('another agent that comes back is not mistaken for it', () => {
    expect(halted().play(spawns('other', 'a2')).turns[6]?.told).toEqual([])
  })

  it('of calls that no gate sees is ended as well, and moves too', () => {
    const session = play([...inAgent('a1', ...Array.from({ length: 8 }, () => editNotFound('p.txt'))), emptyHanded])
    expect(endedIn(session)).toEqual([5])
    expect(told(session, 'halt')).toHaveLength(1)
    expect(session.turns[5]?.told.join()).toMatch(/subagent was halted/i)
  })

  it('the main agent goes on counting its own refusals from one', () => {
    const session = halted().play(boom, boom)
    expect(endedIn(session)).toEqual([6])
    expect(endedIn(session.play(boom))).toEqual([6, 9])
  })
})
