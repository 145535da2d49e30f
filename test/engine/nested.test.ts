import { describe, expect, it } from 'vitest'
import { configOf, Session, told } from './story.ts'

const chain = 'claude -p fix > sh stop.sh > claude -p fix'

/** A prompt that arrives in a session so many deep. */
const prompt = (session: Session, depth: number) =>
  session.apply({
    kind: 'prompt',
    promptId: 'p',
    typed: true,
    attended: false,
    bypass: true,
    nesting: { depth, chain },
  })

const request = (session: Session) =>
  session.send({ hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'ls' }, tool_use_id: 'a' })

describe('a session that is nested too deeply', () => {
  it('takes no prompt and runs no tool, whatever the prompt says, for as long as its client lives', () => {
    const session = new Session()
    const { refusal, context, person } = prompt(session, 4)
    expect(refusal?.reason.split('\n')).toEqual([
      `[circuit_breaker] Refused: this nested session is 4 deep, more than 3: ${chain}`,
      'It takes no prompt and runs no tool; no model was asked.',
      'Instead: use a session that runs already.',
      expect.stringContaining('a hook that starts claude also runs in the session that it starts'),
      expect.stringContaining('Only a person can allow more'),
    ])
    expect({ context, person }).toEqual({ context: [], person: [] })
    expect(session.memory.bypass).toBeUndefined()
    session.now += 3_600_000
    const again = request(session).refusal
    expect(again?.reason).toContain(chain)
    expect(again?.halt).toBeUndefined()
    expect(told(session)).toEqual(['trip hook_recursion nested session', 'denial hook_recursion nested session'])
  })

  it('trips once, however many prompts come', () => {
    const session = new Session()
    for (const _ of [1, 2, 3]) expect(prompt(session, 5).refusal).toBeDefined()
    expect(told(session, 'trip')).toHaveLength(1)
    expect(session.circuits).toHaveLength(1)
  })

  it('leaves other sessions alone', () => {
    const session = new Session()
    prompt(session, 4)
    const other = new Session({ session: 'other' }, { circuits: session.circuits })
    expect(request(other).refusal).toBeUndefined()
  })

  it('is free again when it is resumed where it is not nested', () => {
    const session = new Session()
    prompt(session, 4)
    expect(prompt(session, 1).refusal).toBeUndefined()
    expect(session.circuits).toEqual([])
    expect(told(session)).toEqual(['trip hook_recursion nested session', 'recovery hook_recursion nested session'])
    expect(request(session).refusal).toBeUndefined()
  })

  it('is forgotten when its client ends, but not when one starts', () => {
    const session = new Session()
    prompt(session, 4)
    session.apply({ kind: 'session_started' })
    expect(session.circuits).toHaveLength(1)
    session.apply({ kind: 'session_ended' })
    expect(session.circuits).toEqual([])
  })
})

describe('by the config', () => {
  const withMode = (mode: string, suite = 'enforce') => ({
    mode: suite,
    circuit_breakers: { hook_recursion: { mode } },
  })
  it.each([
    ['off', withMode('off'), [], 0],
    ['observe', withMode('observe'), ['observed hook_recursion nested session'], 0],
    ['warn', withMode('warn'), ['warning hook_recursion nested session'], 1],
    ['block in a suite that observes', withMode('block', 'observe'), ['observed hook_recursion nested session'], 0],
    ['block in a suite that is off', withMode('block', 'off'), [], 0],
  ])('%s refuses nothing', (_mode, config, incidents, texts) => {
    const session = new Session({ config })
    const { refusal, context } = prompt(session, 9)
    expect(refusal).toBeUndefined()
    expect(context).toHaveLength(texts)
    expect(told(session)).toEqual(incidents)
    expect(session.circuits).toEqual([])
    expect(request(session).refusal).toBeUndefined()
  })

  it('a mode that changes lets the tools run at once', () => {
    const session = new Session()
    prompt(session, 4)
    session.config = configOf(withMode('warn'))
    expect(request(session).refusal).toBeUndefined()
  })

  it('max_depth says how deep', () => {
    const session = new Session({ config: { circuit_breakers: { hook_recursion: { max_depth: 1 } } } })
    expect(prompt(session, 1).refusal).toBeUndefined()
    expect(prompt(session, 2).refusal?.reason).toContain('is 2 deep, more than 1')
  })
})
