import { describe, expect, it } from 'vitest'
import { closeCircuits, forget, goesBy } from '../../lib/engine/reset.ts'
import { fails, play, prints, refusedIn } from './story.ts'

const boom = fails('npm test', 'boom')

it.each([
  ['tool_failure', true],
  ['Bash(npm test)', true],
  ['tool_failure:Bash(npm test)', true],
  ['repeated_call', false],
  ['Bash', false],
  ['', false],
])('a circuit goes by the name %j: %s', (name, expected) => {
  expect(goesBy({ pattern: 'tool_failure', subject: 'Bash(npm test)' }, name)).toBe(expected)
})

describe('closing', () => {
  it('takes the circuit out, leaves the others, and is an incident at level 0', () => {
    const session = play([boom, boom, boom, fails('make', 'x'), fails('make', 'x'), fails('make', 'x')])
    const [first, second] = session.circuits
    if (first === undefined || second === undefined) throw new Error('two circuits are open')
    const { circuits, incidents } = closeCircuits(session.circuits, [first], session.now)
    expect(circuits).toEqual([second])
    expect(incidents).toMatchObject([{ kind: 'reset', subject: 'Bash(npm test)', level: 0, session: 'S' }])
  })

  it('forgets the calls that were counted, so that one more failure does not trip at once', () => {
    const session = play([boom, prints('ls', 'a'), boom, boom])
    const [circuit] = session.circuits
    if (circuit === undefined) throw new Error('a circuit is open')
    session.memory = forget(session.memory, circuit)
    session.circuits = closeCircuits(session.circuits, [circuit], session.now).circuits
    expect(session.memory.entries).toHaveLength(1)
    session.play(boom, boom)
    expect(session.circuits).toEqual([])
    session.play(boom)
    expect(session.circuits).toMatchObject([{ level: 1, trips: 1 }])
    expect(refusedIn(session)).toEqual([])
  })

  it('of a circuit that counted nothing gives the same memory', () => {
    const session = play([boom, boom, boom])
    const other = play([fails('make', 'x'), fails('make', 'x'), fails('make', 'x')]).circuits[0]
    if (other === undefined) throw new Error('a circuit is open')
    expect(forget(session.memory, other)).toBe(session.memory)
  })
})
