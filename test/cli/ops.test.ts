import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { circuitStatus } from '../../lib/cli/circuit-status.ts'
import { resetCircuit } from '../../lib/cli/reset-circuit.ts'
import { patternNames } from '../../lib/patterns/patterns.ts'
import { Bench } from '../session/bench.ts'

type Command = typeof circuitStatus
/** Only commands that show a progress bar ask for one, and none of these does. */
const invocation = (words: readonly string[]) =>
  ({ words, colour: false, folder: '/nowhere' }) as unknown as Parameters<Command>[1]
const run = (command: Command, bench: Bench, ...words: string[]) =>
  Promise.resolve(command(bench.system, invocation(words)))

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
  return bench
}

describe('a wrong name, option or value: what is allowed, exit code 2', () => {
  it.each<[command: Command, words: string[], said: RegExp[]]>([
    [circuitStatus, ['--jsno'], [/--jsno/, /--json/]],
    [circuitStatus, ['--wrong'], [/--wrong/, /--json/, /--memory/, /--project/]],
    [circuitStatus, ['extra'], [/--json/]],
    [circuitStatus, ['--project'], [/--project/]],
    [circuitStatus, ['--project', 'no-such-folder'], [/no-such-folder/]],
    [resetCircuit, [], [/--circuit/, /, as in: reset-circuit tool_failure\n$/, /--all/]],
    [resetCircuit, ['--circuit'], [/--circuit/]],
    [resetCircuit, ['--circuit', 'nope'], [/"nope"/, ...patternNames.map((name) => new RegExp(name))]],
    [resetCircuit, ['--circuit', 'tool_failure', '--all'], [/--all/]],
    [resetCircuit, ['--wrong'], [/--circuit/, /--all/]],
    [breakerbox as Command, ['instal'], [/install/]],
    [breakerbox as Command, ['nope'], [/install/, /uninstall/]],
    [breakerbox as Command, ['install', '--scope', 'world'], [/project/, /local/, /user/]],
    [breakerbox as Command, ['install', '--project', 'no-such-folder'], [/no-such-folder/]],
  ])('%o %j', async (command, words, said) => {
    const { exitCode, out, err } = await run(command, new Bench(), ...words)
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    for (const each of said) expect(err).toMatch(each)
    expect(err).not.toMatch(/\n\s+at /)
  })
})

describe('circuit-status', () => {
  it('shows what is refused, and changes nothing', async () => {
    const bench = await tripped()
    const before = contents(bench.memory)
    const { exitCode, out, err } = await run(circuitStatus, bench)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toMatch(/OPEN.*Bash\(npm test\).*5 s/)
    expect(out).toMatch(/turn 3.*boom/)
    expect(contents(bench.memory)).toEqual(before)
  })

  it('as JSON has the promised fields', async () => {
    const { out } = await run(circuitStatus, await tripped(), '--json')
    expect(JSON.parse(out)).toMatchObject({
      version: expect.any(Number),
      mode: 'enforce',
      circuits: [
        {
          pattern: 'tool_failure',
          subject: 'Bash(npm test)',
          session: 'S',
          agent: 'main',
          state: 'open',
          level: 1,
          cooldownRemainingSeconds: 5,
          retryAt: '2026-03-04T12:00:05.000Z',
          trips: 1,
          lastTrip: { at: '2026-03-04T12:00:00.000Z', turn: 3, reason: expect.any(String) },
        },
      ],
      memory: {
        totalBytes: expect.any(Number),
        limitBytes: expect.any(Number),
        telemetry: expect.any(Array),
        sessions: { active: expect.any(Number), limit: expect.any(Number) },
      },
      incidents24h: { trip: 1 },
    })
  })

  it('in a project that was never used says that all is well, and makes nothing', async () => {
    const bench = new Bench()
    const { exitCode, out } = await run(circuitStatus, bench)
    expect(exitCode).toBe(0)
    expect(out).toContain('Active breakers: none (all systems operational)')
    expect(readdirSync(bench.project)).toEqual([])
  })

  it('tells a folder where no hook has run, and one below a guarded one, from one that only a plugin guards', async () => {
    const bench = new Bench()
    expect((await run(circuitStatus, bench)).out).toMatch(
      /No hook has run in this folder yet\. .*breakerbox doctor.*breakerbox install/,
    )
    await bench.send({ hook_event_name: 'SessionStart', source: 'startup' })
    expect((await run(circuitStatus, bench)).out).not.toContain('No hook has run')
    const below = join(bench.project, 'the packages')
    bench.files.makeFolder(below)
    expect((await run(circuitStatus, bench, '--project', below)).out).toContain(`It is at work in ${bench.project}`)
    // and one that has to be quoted
    const inner = join(below, 'inner')
    bench.files.makeFolder(inner)
    bench.files.makeFolders(join(below, '.claude', 'memory', 'circuit_breaker_spool'))
    expect((await run(circuitStatus, bench, '--project', inner)).out).toContain(`--project '${below}'`)
  })

  it('--halted exits 3 after a halt, 0 before, and 0 for another session', async () => {
    const bench = await tripped()
    expect((await run(circuitStatus, bench, '--halted')).exitCode).toBe(0)
    for (const id of ['d', 'e', 'f']) await bench.fails('npm test', id)
    const { exitCode, out } = await run(circuitStatus, bench, '--halted')
    expect(exitCode).toBe(3)
    expect(out).toMatch(/Bash\(npm test\)/)
    expect((await run(circuitStatus, bench, '--halted', '--session', 'T')).exitCode).toBe(0)
    expect((await run(circuitStatus, bench, '--halted', '--session', 'S')).exitCode).toBe(3)
  })

  it('--project counts more than where one stands', async () => {
    const bench = await tripped()
    const elsewhere = new Bench()
    expect((await run(circuitStatus, elsewhere, '--project', bench.project)).out).toMatch(/OPEN/)
  })
})

describe('reset-circuit', () => {
  it.each([['tool_failure'], ['Bash(npm test)'], ['tool_failure:Bash(npm test)']])(
    '--circuit %s says old state → CLOSED and that the level is back to 0',
    async (name) => {
      const bench = await tripped()
      const { exitCode, out } = await run(resetCircuit, bench, '--circuit', name)
      expect(exitCode).toBe(0)
      expect(out).toMatch(/Bash\(npm test\).*OPEN → CLOSED.*level 1 → 0/)
      expect((await run(circuitStatus, bench)).out).toContain('Active breakers: none')
      expect(await bench.fails('npm test', 'd')).toBeUndefined()
      expect(readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')).toMatch(/"kind":"reset"/)
    },
  )

  it('--all closes everything and ends a halt', async () => {
    const bench = await tripped()
    for (const id of ['d', 'e', 'f']) await bench.fails('npm test', id)
    expect((await run(resetCircuit, bench, '--all')).exitCode).toBe(0)
    expect((await run(circuitStatus, bench, '--halted')).exitCode).toBe(0)
  })

  it('a pattern that is closed already says so', async () => {
    const { exitCode, out } = await run(resetCircuit, await tripped(), '--circuit', 'agent_spawn')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/agent_spawn.*CLOSED already/)
  })

  it('a name alone is the same as --circuit, and not both', async () => {
    const bench = await tripped()
    for (const words of [
      ['tool_failure', '--all'],
      ['tool_failure', '--circuit', 'agent_spawn'],
    ]) {
      const { exitCode, err } = await run(resetCircuit, bench, ...words)
      expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining('say one of them') })
    }
    expect((await run(resetCircuit, bench, 'tool_failure')).out).toMatch(/OPEN → CLOSED/)
  })

  it('where no hook has run it says so, and makes nothing', async () => {
    const bench = new Bench()
    for (const words of [['--all'], ['agent_spawn']]) {
      const { exitCode, out } = await run(resetCircuit, bench, ...words)
      expect({ exitCode, out }).toEqual({
        exitCode: 0,
        out: `Nothing to close: no hook has run in ${bench.project}.\n`,
      })
    }
    expect(readdirSync(bench.project)).toEqual([])
  })

  it.each([
    ['claude', ['claude']],
    ['claude.exe', ['claude.exe']],
    ['node', ['node', '/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js']],
  ])('under the client (%s) it refuses with exit code 1, and names the way for a person', async (name, words) => {
    const bench = await tripped()
    bench.ancestors = [
      { pid: 12, name: 'sh', words: ['sh', '-c', 'x'] },
      { pid: 11, name, words },
      { pid: 1, name: 'init', words: ['init'] },
    ]
    const { exitCode, out, err } = await run(resetCircuit, bench, '--all')
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
    expect(err).toMatch(/\/reset-circuit/)
    expect(await bench.fails('npm test', 'd')).toBeDefined()
  })

  it.each([
    ['sh', ['sh', '-c', 'claude']],
    ['claude-notes', ['claude-notes']],
    ['vim', ['vim', 'claude']],
  ])('under %s it does what it is asked', async (name, words) => {
    const bench = await tripped()
    bench.ancestors = [{ pid: 11, name, words }]
    expect((await run(resetCircuit, bench, '--all')).exitCode).toBe(0)
  })
})

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'utf8')]),
  )
}
