import { describe, expect, it } from 'vitest'
import {
  endedIn,
  fails,
  input,
  lasting,
  passes,
  play,
  prints,
  refused,
  refusedIn,
  rejected,
  spawns,
  succeeds,
  times,
  told,
  turn,
} from './story.ts'

const agents = (count: number) => Array.from({ length: count }, (_, i) => spawns(`part ${i}`, `agent${i}`))

describe('agent_spawn', () => {
  it('nine in one batch: five start, four are refused, the run goes on', () => {
    const session = play([turn(...agents(9)), prints('ls', 'a')])
    expect(session.turns[0]?.refusals.map((text) => text === undefined)).toEqual([
      ...Array(5).fill(true),
      ...Array(4).fill(false),
    ])
    expect(session.turns[0]?.refusals[5]).toMatch(/more than 5 agents started in 10 turns/)
    expect(session.turns[0]?.refusals[5]).toMatch(/do the work yourself/)
    expect(endedIn(session)).toEqual([])
    expect(session.turns).toHaveLength(2)
  })

  it('the older name counts as well', () => {
    const session = play([
      turn(...agents(5)),
      succeeds('Task', { description: 'x', prompt: 'y', subagent_type: 'z' }, 'done'),
    ])
    expect(refusedIn(session)).toEqual([2])
  })

  it('tells the person once, and never halts', () => {
    const session = play([turn(...agents(9)), times(10, () => lasting(0, turn(...agents(2))))])
    expect(session.person).toHaveLength(1)
    expect(session.person[0]).toMatch(/more than 5 agents/)
    expect(endedIn(session)).toEqual([])
    expect(told(session, 'halt')).toEqual([])
  })

  it('refused ones do not fill the window', () => {
    const session = play([
      turn(...agents(9)),
      times(10, (i) => prints(`step ${i}`, `${'x'.repeat(i)}`)),
      passes(60),
      spawns('probe'),
      turn(...agents(4)),
    ])
    expect(refusedIn(session)).toEqual([1])
  })

  it('five every ten turns are fine', () => {
    const session = play([
      times(3, (round) => [
        turn(...Array.from({ length: 5 }, (_, i) => spawns(`part ${round} ${i}`))),
        times(10, (i) => prints(`step ${round} ${i}`, `${'x'.repeat(i)}`)),
      ]),
    ])
    expect(refusedIn(session)).toEqual([])
  })

  it('an agent that is rejected before it runs does not count', () => {
    const broken = rejected('Agent', { description: 'x' }, 'InputValidationError: prompt is missing')
    expect(refusedIn(play([broken, broken, turn(...agents(5))]))).toEqual([])
  })

  describe('max_concurrent', () => {
    const config = { circuit_breakers: { agent_spawn: { threshold: 1000, max_concurrent: 2 } } }
    const starts = (agent: string) => input('SubagentStart', { agent_id: agent })
    const stops = (agent: string) => input('SubagentStop', { agent_id: agent })

    it('more agents at the same time are refused', () => {
      const session = play([spawns('a'), starts('a'), spawns('b'), starts('b'), spawns('c')], { config })
      expect(refusedIn(session)).toEqual([3])
      expect(session.turns[2]?.refusals[0]).toMatch(/more than 2 agents at the same time/)
    })

    it('one that has stopped makes room', () => {
      const session = play([spawns('a'), starts('a'), spawns('b'), starts('b'), stops('a'), spawns('c')], { config })
      expect(refusedIn(session)).toEqual([])
    })

    it('the stop of an agent that never started takes nothing away', () => {
      const session = play([spawns('a'), starts('a'), spawns('b'), starts('b'), stops('summariser'), spawns('c')], {
        config,
      })
      expect(session.memory.running).toEqual(['a', 'b'])
      expect(refusedIn(session)).toEqual([3])
    })

    it('a start that is told twice is one agent', () => {
      expect(play([starts('a'), starts('a')], { config }).memory.running).toEqual(['a'])
    })

    it('a client that starts anew has none, one that compacts keeps them', () => {
      expect(play([starts('a'), input('SessionStart', { source: 'resume' })]).memory.running).toEqual([])
      expect(play([starts('a'), input('SessionStart', { source: 'compact' })]).memory.running).toEqual(['a'])
    })

    it('the end of an answer with nothing in the background ends them all', () => {
      expect(play([starts('a'), input('Stop', { background_tasks: [] })]).memory.running).toEqual([])
      expect(play([starts('a'), input('Stop', { background_tasks: [{}] })]).memory.running).toEqual(['a'])
    })
  })
})

const fetches = (i: number) =>
  succeeds('WebFetch', { url: `https://example.com/${i}`, prompt: 'x' }, `page ${'x'.repeat(i)}`)

describe('external_api', () => {
  it.each<[what: string, call: (i: number) => ReturnType<typeof fetches>, refused: number[]]>([
    ['WebFetch', fetches, [11]],
    ['WebSearch', (i) => succeeds('WebSearch', { query: `q${i}` }, `found ${'x'.repeat(i)}`), [11]],
    ['Read', (i) => succeeds('Read', { file_path: `/home/dev/app/${i}` }, `text ${i}`), []],
    ['curl on this machine', (i) => prints(`curl -s http://localhost:3000/${i}`, `${'x'.repeat(i)}`), []],
    ['curl on 127.0.0.1', (i) => prints(`curl -s 127.0.0.1:3000/${i}`, `${'x'.repeat(i)}`), []],
    ['a program that is only named', (i) => prints(`echo curl https://example.com/${i}`, `${'x'.repeat(i)}`), []],
  ])('eleven calls in a minute: %s', (_what, call, expected) => {
    expect(refusedIn(play([times(11, call)]))).toEqual(expected)
  })

  it.each([
    'curl -s https://example.com/N',
    'cd /tmp && curl https://example.com/N | head',
    'for i in 1 2; do wget -q https://example.com/N; done',
    'TOKEN=x sudo curl https://example.com/N',
  ])('Bash that reaches out is counted, and refused from then on: %s', (command) => {
    const call = (i: number) => prints(command.replace('N', `${i}`), `${'x'.repeat(i)}`)
    expect(refusedIn(play([times(12, call)]))).toContain(12)
  })

  it('ten in a minute, and ten in the next, are fine', () => {
    expect(refusedIn(play([times(10, fetches), passes(60), times(10, (i) => fetches(i + 10))]))).toEqual([])
  })

  it.each([
    [1, 11],
    [0.5, 21],
  ])('an MCP call that counts for %f: the first of them refused is number %i', (mcp_weight, first) => {
    const config = { circuit_breakers: { external_api: { mcp_weight } } }
    const calls = times(22, (i) => succeeds('mcp__db__query', { q: i }, `found ${'x'.repeat(i)}`))
    expect(refusedIn(play([calls], { config }))[0]).toBe(first)
  })

  it('calls of all agents count together', () => {
    const session = play([times(10, (i) => ({ ...fetches(i), agent: `a${i}` })), fetches(10)])
    expect(refusedIn(session)).toEqual([11])
  })

  it('refuses every outside call, says so to the person, and never halts', () => {
    const session = play([
      times(11, fetches),
      times(6, () => lasting(0, succeeds('mcp__db__query', { q: 1 }, 'x'))),
      prints('ls', 'a'),
    ])
    expect(refusedIn(session)).toEqual([11, 12, 13, 14, 15, 16, 17])
    expect(session.person).toHaveLength(1)
    expect(endedIn(session)).toEqual([])
  })

  it('tools and commands come from the config', () => {
    const config = { circuit_breakers: { external_api: { threshold: 1, tools: ['Fetch*'], commands: ['gh api'] } } }
    expect(refusedIn(play([times(3, fetches)], { config }))).toEqual([])
    expect(refusedIn(play([times(2, (i) => succeeds('FetchPage', { i }, `${i}`))], { config }))).toEqual([2])
    expect(refusedIn(play([times(3, (i) => prints(`gh api repos/${i}`, `a${i}`))], { config }))).toContain(3)
    expect(refusedIn(play([times(3, (i) => prints(`gh pr view ${i}`, `a${i}`))], { config }))).toEqual([])
  })
})

describe('modes', () => {
  const boom = fails('npm test', 'boom')
  const pattern = (mode: string) => ({ circuit_breakers: { tool_failure: { mode } } })

  it('off: nothing is remembered, nothing is said', () => {
    const session = play([times(6, () => boom), turn(...agents(9))], { config: { mode: 'off' } })
    expect(session.memory.entries).toEqual([])
    expect(session.incidents).toEqual([])
    expect(refusedIn(session)).toEqual([])
  })

  it.each([
    ['the suite', { mode: 'observe' }],
    ['the pattern', pattern('observe')],
  ])('observe, %s: decided and logged, never refused, nobody is told', (_what, config) => {
    const session = play([times(3, () => boom)], { config })
    expect(told(session)).toEqual(['observed tool_failure Bash(npm test)'])
    expect(session.incidents[0]).toMatchObject({ action: 'observe', count: 3, turn: 3 })
    expect(session.turns.flatMap(({ told: texts, person }) => [...texts, ...person])).toEqual([])
    expect(refusedIn(session.play(boom, boom))).toEqual([])
    expect(session.circuits).toEqual([])
  })

  it('observe: limits are logged and not enforced', () => {
    const session = play([turn(...agents(9)), times(12, fetches)], { config: { mode: 'observe' } })
    expect(refusedIn(session)).toEqual([])
    expect(session.circuits).toEqual([])
    expect(new Set(told(session, 'observed').map((line) => line.split(' ')[1]))).toEqual(
      new Set(['agent_spawn', 'external_api']),
    )
  })

  it('warn: the model is told, nothing is refused', () => {
    const session = play([times(5, () => boom)], { config: pattern('warn') })
    expect(session.turns[2]?.told.join()).toMatch(/Bash\(npm test\).*3 times/)
    expect(refusedIn(session)).toEqual([])
    expect(session.circuits).toEqual([])
  })

  it('warn: a limit is told and not enforced', () => {
    const config = { circuit_breakers: { agent_spawn: { mode: 'warn' } } }
    const session = play([turn(...agents(9))], { config })
    expect(refusedIn(session)).toEqual([])
    expect(session.turns.flatMap(({ told: texts, person }) => [...texts, ...person]).join()).toMatch(/agents/)
  })

  it('off for one pattern leaves the others', () => {
    const session = play([times(5, () => boom), turn(...agents(9))], { config: pattern('off') })
    expect(told(session, 'trip')).toEqual(['trip repeated_call Bash(npm test)', 'trip agent_spawn agents'])
  })

  it('a circuit that is open stops refusing when its pattern is switched off', () => {
    const session = play([boom, boom, boom])
    session.config = { ...session.config, mode: 'observe' }
    expect(refusedIn(session.play(boom))).toEqual([])
  })

  it('an unattended run that asks for permission again and again is stopped', () => {
    const asks = lasting(0, refused('Bash', { command: 'npm install' }, 'This command requires approval'))
    expect(endedIn(play([times(8, () => asks)]))).toEqual([7])
  })
})
