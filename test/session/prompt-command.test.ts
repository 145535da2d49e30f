import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { circuitStatus } from '../../lib/cli/circuit-status.ts'
import type { Invocation } from '../../lib/cli/result.ts'
import { markerName } from '../../lib/session/marker.ts'
import { promptCommand } from '../../lib/session/prompt-command.ts'
import { Bench } from './bench.ts'

describe('the command in a prompt', () => {
  it.each<[prompt: string, meant: ReturnType<typeof promptCommand>]>([
    ['/reset-circuit', { name: 'reset-circuit', words: '' }],
    ['  /reset-circuit --all ', { name: 'reset-circuit', words: '--all' }],
    ['/breakerbox:reset-circuit tool_failure', { name: 'reset-circuit', words: 'tool_failure' }],
    ['/reset-circuit\nand go on', { name: 'reset-circuit', words: 'and go on' }],
    ['/circuit-status', { name: 'circuit-status', words: '' }],
    ['/breakerbox:circuit-status --memory', { name: 'circuit-status', words: '--memory' }],
    ['/breaker-why  Bash(npm test)', { name: 'breaker-why', words: 'Bash(npm test)' }],
    ['please /reset-circuit', undefined],
    ['/reset-circuits', undefined],
    ['/other:reset-circuit', undefined],
    ['/breaker-why, please', undefined],
    ['<task-notification>/reset-circuit</task-notification>', undefined],
  ])('%j', (prompt, meant) => {
    expect(promptCommand(prompt)).toEqual(meant)
  })
})

const client = { pid: 7, name: 'claude', words: ['claude'] }

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  bench.ancestors = [client]
  for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
  expect(await bench.fails('npm test', 'd')).toContain('Refused')
  expect(existsSync(bench.path(markerName))).toBe(true)
  return bench
}

const typed = async (bench: Bench, prompt: string, session = 'S') =>
  (await bench.send({ hook_event_name: 'UserPromptSubmit', prompt, prompt_id: 'p2', session_id: session })).answer

/** What a command in a terminal prints, its line end aside. */
async function printed(bench: Bench, command: typeof circuitStatus, ...words: string[]): Promise<string> {
  const invocation = { words, colour: false, folder: '/nowhere' } as unknown as Invocation
  return (await command(bench.system, invocation)).out.trimEnd()
}

/** Beside a command lines are the same but for what closes a circuit. */
const asTyped = (text: string) => text.replaceAll('close it: reset-circuit --circuit ', 'close it: /reset-circuit ')

describe('each command', () => {
  it.each(['/circuit-status', '/breaker-why', '/reset-circuit', '/reset-circuit no such thing'])(
    '%s holds the prompt back, unquoted, and counts as no prompt',
    async (prompt) => {
      const bench = await tripped()
      const answer = await typed(bench, prompt)
      expect(answer).toEqual({ block: expect.any(String), unquoted: true })
      // a prompt would have counted the refusals anew, and an edit is none of this either
      if (!prompt.startsWith('/reset')) expect(await bench.fails('npm test', 'e')).toContain('Refused')
    },
  )

  it.each(['/circuit-status', '/breaker-why', '/reset-circuit'])(
    '%s says so where its part is missing',
    async (prompt) => {
      const bench = await tripped()
      bench.parts = {}
      const { block } = await typed(bench, prompt)
      expect(block).toMatch(
        /was not carried out: prompt-commands\.cjs is not beside the prompt hook, .* Run breakerbox install/,
      )
      expect(block).toContain(prompt)
    },
  )

  it('says what went wrong, and still asks no model', async () => {
    const bench = await tripped()
    bench.parts = {
      'prompt-commands': {
        carryOutPrompt: () => Promise.reject(new Error('EACCES: permission denied, open "/p/state.json"')),
      },
    }
    expect((await typed(bench, '/circuit-status')).block).toBe('/circuit-status: EACCES: permission denied; try again')
  })

  it.each(['/circuit-status --memory', '/breaker-why'])('%s is bounded, whatever there is', async (prompt) => {
    const bench = new Bench()
    bench.ancestors = [client]
    for (let i = 0; i < 12; i += 1) {
      const command = `npm test ${i} ${'x'.repeat(300)}`
      for (const id of ['a', 'b', 'c']) await bench.fails(command, `${id}${i}`, `Exit code 1\n${'boom '.repeat(200)}`)
    }
    const { block = '' } = await typed(bench, prompt)
    expect(block.length).toBeLessThan(6200)
    expect(block.split('\n').length).toBeLessThan(90)
    expect(block).not.toContain('\u001b')
  })
})

describe('/circuit-status as a prompt', () => {
  it('says what the command says, with what closes a circuit at a prompt', async () => {
    const bench = await tripped()
    const { block } = await typed(bench, '/circuit-status')
    expect(block).toMatch(/^OPEN {2}Bash\(npm test\) {2}tool_failure {2}refused for \d+ s more/m)
    expect(block).toMatch(/^ {2}close it: \/reset-circuit tool_failure$/m)
    expect(block).toBe(asTyped(await printed(bench, circuitStatus)))
  })

  it('spells what closes a circuit as the plugin has it', async () => {
    const bench = await tripped()
    bench.env['CLAUDE_PLUGIN_ROOT'] = '/plugins/breakerbox'
    expect((await typed(bench, '/circuit-status')).block).toContain('close it: /breakerbox:reset-circuit tool_failure')
  })

  it('shows the memory on demand, and names what it takes', async () => {
    const bench = await tripped()
    expect((await typed(bench, '/circuit-status --memory')).block).toContain('The next cleanup')
    expect((await typed(bench, '/circuit-status --json')).block).toMatch(/^error: "--json" is not understood here/)
  })

  it('works in a client that another client started: it changes nothing', async () => {
    const bench = await tripped()
    bench.ancestors = [client, { ...client, pid: 5 }]
    expect((await typed(bench, '/circuit-status')).block).toContain('OPEN  Bash(npm test)')
  })
})

describe('/breaker-why as a prompt', () => {
  const why = (bench: Bench, ...words: string[]) => printed(bench, breakerbox, 'why', ...words)

  it('says what the command says', async () => {
    const bench = await tripped()
    const { block } = await typed(bench, '/breaker-why')
    expect(block).toMatch(/^Bash\(npm test\) tripped {2}tool_failure/)
    expect(block).toBe(await why(bench))
    expect((await typed(bench, '/breaker-why tool_failure')).block).toBe(await why(bench))
  })

  it('means its own session, and the last of all where that has none', async () => {
    const bench = await tripped()
    const call = { tool_name: 'Bash', tool_input: { command: 'make' }, session_id: 'T' }
    for (const id of ['t1', 't2', 't3']) {
      const one = { ...call, tool_use_id: id }
      await bench.send({ hook_event_name: 'PostToolUseFailure', ...one, error: 'Exit code 2\nno rule' })
      await bench.send({
        hook_event_name: 'PostToolBatch',
        session_id: 'T',
        tool_calls: [{ ...one, tool_response: '' }],
      })
    }
    expect((await typed(bench, '/breaker-why', 'S')).block).toMatch(/^Bash\(npm test\) tripped/)
    expect((await typed(bench, '/breaker-why', 'T')).block).toMatch(/^Bash\(make\) tripped/)
    expect((await typed(bench, '/breaker-why', 'U')).block).toMatch(/^Bash\(make\) tripped/)
  })

  it('says that there is nothing, of a name too', async () => {
    const bench = new Bench()
    expect((await typed(bench, '/breaker-why')).block).toMatch(/^\/breaker-why: no trip or warning yet in /)
    expect((await typed(await tripped(), '/breaker-why npm tset')).block).toMatch(
      /no trip or warning of "npm tset" in /,
    )
  })
})

describe('/reset-circuit as a prompt', () => {
  it.each(['/reset-circuit', '/reset-circuit --all', '/breakerbox:reset-circuit --circuit Bash(npm test)'])(
    '%s closes the circuit, and forgets what it counted',
    async (prompt) => {
      const bench = await tripped()
      const { block } = await typed(bench, prompt)
      expect(block).toBe('tool_failure Bash(npm test) (session S): OPEN → CLOSED, backoff level 1 → 0')
      expect(existsSync(bench.path(markerName))).toBe(false)
      expect(await bench.fails('npm test', 'e')).toBeUndefined()
      expect(await bench.fails('npm test', 'f')).toBeUndefined()
    },
  )

  it('names what there is where it was given another name', async () => {
    const { block } = await typed(await tripped(), '/reset-circuit npm tset')
    expect(block).toContain('there is no circuit "npm tset"')
    expect(block).toContain('tool_failure:Bash(npm test)')
  })

  it.each(['--fleet', '--fleet tool_failure', 'agent_spawn --fleet'])(
    'with %s asks the part that knows the server, which is missing here',
    async (words) => {
      expect((await typed(await tripped(), `/reset-circuit ${words}`)).block).toContain('fleet-store.cjs')
    },
  )

  describe('is refused where the model has scheduled it', () => {
    const scheduling = (name: string, prompt: string) =>
      `${JSON.stringify({ type: 'assistant', message: { content: [{ type: 'tool_use', name, input: { cron: '* * * * *', prompt } }] } })}\n`

    it.each<[refused: boolean, what: string, line: string]>([
      [true, 'by CronCreate', scheduling('CronCreate', '/reset-circuit')],
      [
        true,
        'by ScheduleWakeup, in the words of the plugin',
        scheduling('ScheduleWakeup', ' /breakerbox:reset-circuit x'),
      ],
      [false, 'but spoke of it', scheduling('CronCreate', 'tell them to type /reset-circuit')],
      [false, 'but ran something', scheduling('Bash', '/reset-circuit')],
      [false, 'but nothing can be read', '{"tool_use" "/reset-circuit" CronCreate\n'],
    ])('%s: %s', async (refused, _what, line) => {
      const bench = await tripped()
      const transcript_path = join(bench.project, 'transcript.jsonl')
      writeFileSync(transcript_path, `${line}{"type":"user"}\n`)
      const prompt = { hook_event_name: 'UserPromptSubmit', prompt: '/reset-circuit', transcript_path }
      const { block } = (await bench.send(prompt)).answer
      expect(block).toMatch(refused ? /refused, because the model has scheduled/ : /OPEN → CLOSED/)
    })

    it('also in a session before this one', async () => {
      const bench = await tripped()
      const tasks = JSON.stringify({ tasks: [{ cron: '* * * * *', prompt: '/reset-circuit' }] })
      writeFileSync(join(bench.project, '.claude', 'scheduled_tasks.json'), tasks)
      expect((await typed(bench, '/reset-circuit')).block).toContain('the model has scheduled')
      expect((await typed(bench, '/circuit-status')).block).toContain('OPEN')
    })
  })

  it('is refused in a client that another client started', async () => {
    const bench = await tripped()
    bench.ancestors = [client, { pid: 6, name: 'bash', words: [] }, { ...client, pid: 5 }]
    expect((await typed(bench, '/reset-circuit')).block).toContain('nobody typed this')
    expect(await bench.fails('npm test', 'e')).toContain('Refused')
  })
})
