import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readGuardCommand } from '../../lib/guard/guard-command.ts'
import { blocks, isOfToolCall, loopAfterBlock } from '../../lib/guard/hook-repeats.ts'
import { spoolWrite } from '../../lib/store/spool.ts'
import { Bench } from '../session/bench.ts'

const command = 'sh "$CLAUDE_PROJECT_DIR"/.claude/hooks/until-green.sh'

/** A session with Breakerbox, a prompt, and a Stop hook that blocks. */
class Blocking {
  readonly bench = new Bench()
  #calls = 0

  async prompt(prompt_id = 'p1'): Promise<this> {
    await this.bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'fix it', prompt_id })
    return this
  }

  async works(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) {
      this.#calls += 1
      const call = { tool_name: 'Bash', tool_input: { command: `make ${this.#calls}` }, tool_use_id: `t${this.#calls}` }
      await this.bench.send({ hook_event_name: 'PostToolBatch', tool_calls: [{ ...call, tool_response: 'ok' }] })
    }
  }

  block(more: object = {}, hook = command) {
    const input = { hook_event_name: 'Stop', session_id: 'S', prompt_id: 'p1', cwd: this.bench.project, ...more }
    return loopAfterBlock(this.bench.system, input, hook)
  }

  /** Which of so many blocks in a row, from 1, were told to be a loop. */
  async loops(times: number, each: (round: number) => Promise<unknown> | undefined): Promise<number[]> {
    const found: number[] = []
    for (let round = 1; round <= times; round += 1) if ((await each(round)) !== undefined) found.push(round)
    return found
  }

  incidents = () =>
    existsSync(this.bench.path('circuit_breaker_incidents.jsonl'))
      ? readFileSync(this.bench.path('circuit_breaker_incidents.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : []
}

const session = () => new Blocking().prompt()

describe('a guarded hook that blocks the end of the work', () => {
  it('is a loop at the sixth time without work in between, with an incident; then it is counted anew', async () => {
    const it = await session()
    expect(await it.loops(5, () => it.block())).toEqual([])
    expect(await it.block()).toEqual({
      why: 'blocked 6 times in 1 turn of one prompt, more than 5 times in 10',
      cooldownSeconds: 300,
    })
    expect(it.incidents()).toMatchObject([
      { kind: 'trip', pattern: 'hook_recursion', subject: `Stop hook ${command}`, session: 'S', count: 6, turn: 1 },
    ])
    expect(await it.loops(5, () => it.block())).toEqual([])
  })

  it.each([
    [2, []],
    [1, [6, 12]],
  ])('with %i turns of work before each is a loop at %j of 12', async (turns, found) => {
    const it = await session()
    const round = async () => {
      await it.works(turns)
      return it.block()
    }
    expect(await it.loops(12, round)).toEqual(found)
  })

  it.each<[what: string, more: (round: number) => object]>([
    ['each prompt', (round) => ({ prompt_id: `p${round}` })],
    ['each subagent', (round) => ({ hook_event_name: 'SubagentStop', agent_id: `a${round}` })],
    ['each session', (round) => ({ session_id: `S${round}` })],
  ])('is counted for %s by itself', async (_what, more) => {
    const it = await session()
    for (let round = 1; round <= 12; round += 1)
      await it.bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'x', session_id: `S${round}` })
    expect(await it.loops(12, (round) => it.block(more(round)))).toEqual([])
  })

  it('is counted by itself beside other hooks', async () => {
    const it = await session()
    expect(await it.loops(10, (round) => it.block({}, round % 2 === 0 ? command : 'other'))).toEqual([])
    expect(await it.loops(2, (round) => it.block({}, round === 1 ? 'third' : command))).toEqual([2])
  })

  it.each(['PreToolUse', 'PostToolUse', 'PostToolUseFailure', 'PostToolBatch', 'PermissionRequest'])(
    'is not counted on %s, which comes with every call',
    async (hook_event_name) => {
      expect(isOfToolCall(hook_event_name)).toBe(true)
      const it = await session()
      expect(await it.loops(12, () => it.block({ hook_event_name }))).toEqual([])
    },
  )

  it('is not counted where nothing counts the turns', async () => {
    const it = new Blocking()
    expect(await it.loops(12, () => it.block())).toEqual([])
    expect(existsSync(it.bench.memory)).toBe(false)
  })

  it('is counted where what counts the turns has not been taken in yet', async () => {
    const it = new Blocking()
    spoolWrite(it.bench.system, it.bench.path('circuit_breaker_spool'), '{}')
    expect(await it.loops(6, () => it.block())).toEqual([6])
  })

  it('input that names no session or prompt is not counted', async () => {
    const it = await session()
    for (const input of [undefined, 'text', {}, { hook_event_name: 'Stop' }, { hook_event_name: 1, session_id: [] }]) {
      expect(await loopAfterBlock(it.bench.system, input, command)).toBeUndefined()
    }
  })

  it.each([
    ['off', []],
    ['observe', ['observed']],
    ['warn', ['warning']],
  ])('in mode %s it goes on', async (mode, kinds) => {
    const it = new Blocking()
    mkdirSync(it.bench.memory, { recursive: true })
    const config = { circuit_breakers: { hook_recursion: { mode } } }
    writeFileSync(it.bench.path('circuit_breaker_config.json'), JSON.stringify(config))
    await it.prompt()
    expect(await it.loops(6, () => it.block())).toEqual([])
    expect(it.incidents().map(({ kind }) => kind)).toEqual(kinds)
  })

  it('its trip is not taken for a circuit that somebody has removed', async () => {
    const it = await session()
    await it.loops(6, () => it.block())
    await it.prompt('p2')
    expect(it.incidents().map(({ kind }) => kind)).toEqual(['trip'])
  })
})

it.each([
  [2, '', true],
  [0, '{"decision":"block","reason":"not yet"}\n', true],
  [0, '{"decision":"approve"}', false],
  [0, 'tests are green', false],
  [0, '', false],
  [1, '{"decision":"block"}', false],
  [undefined, '', false],
])('exit code %s with %j blocks: %s', (code, stdout, does) => {
  expect(blocks(code, stdout)).toBe(does)
})

it.each([
  [['--event', 'Stop', '--shell', 'a'], { event: 'Stop' }],
  [['--shell', 'a'], {}],
])('%j names the event', (words, named) => {
  expect(readGuardCommand(words)).toEqual({ command: 'a', class: 'convenience', limits: {}, ...named })
})

it('an event is a name', () => {
  expect(readGuardCommand(['--event', 'Stop it', '--shell', 'a'])).toContain('--event takes the name of an event')
})
