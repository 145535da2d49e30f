import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { circuitStateKind } from '../../lib/session/documents.ts'
import { clientAncestors, depthOf, nestingOf } from '../../lib/session/under-client.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import type { ProcessFacts } from '../../lib/system/system.ts'
import { Bench } from './bench.ts'

/** A process by its command line; quoted words may hold blanks. */
function line(commandLine: string): ProcessFacts {
  const words = Array.from(commandLine.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '')
  return { pid: 1, name: words[0]?.split('/').at(-1) ?? '', words }
}

/** A bench whose hook has these ancestors, outermost first, as one reads a chain. */
function under(...commandLines: string[]): Bench {
  const bench = new Bench()
  bench.ancestors = commandLines.map(line).reverse()
  return bench
}

const npm = '/usr/lib/node_modules/@anthropic-ai'

describe('the depth of a session', () => {
  it.each<[what: string, depth: number, ancestors: string[]]>([
    ['nobody above', 1, []],
    ['a person’s session', 1, ['systemd', '-bash', 'claude', 'sh -c gate']],
    ['a session started from Bash', 2, ['claude', 'bash -c "claude -p fix"', 'claude -p fix', 'sh -c gate']],
    ['without a shell between', 2, ['claude', 'claude -p fix']],
    ['an older client, run by Node', 1, [`node ${npm}/claude-code/cli.js`, 'sh -c gate']],
    ['a launcher that waits for its client', 1, [`node ${npm}/claude-code/cli-wrapper.cjs -p x`, 'claude -p x']],
    ['a client of another name', 1, [`${npm}/claude-code-linux-x64/claude-2 -p x`]],
    [
      'a shell and a wrapper that name the client',
      1,
      [
        `sh -c "${npm}/claude-code/bin/claude.exe -p x"`,
        `timeout 60 ${npm}/claude-code/bin/claude.exe`,
        'claude.exe -p x',
      ],
    ],
    ['programs that are called alike', 1, ['claude-monitor', 'Claude', 'claudette', 'vi claude']],
  ])('%s: %i', (_what, depth, ancestors) => {
    expect(depthOf(under(...ancestors).system)).toBe(depth)
  })

  it('is what the environment says where that is more', () => {
    const bench = under('claude', 'sh -c gate')
    bench.env['BREAKERBOX_DEPTH'] = '2'
    expect(depthOf(bench.system)).toBe(3)
    expect(nestingOf(bench.system)).toMatchObject({ depth: 3, chain: '2 sessions that are gone > claude' })
    bench.env['BREAKERBOX_DEPTH'] = '0'
    expect(depthOf(bench.system)).toBe(1)
  })

  it('is what the environment says where no processes are told', () => {
    const bench = under()
    bench.env['BREAKERBOX_DEPTH'] = '3'
    expect(nestingOf(bench.system)).toMatchObject({ depth: 4, chain: '4 sessions that are gone' })
  })
})

describe('the chain', () => {
  it('goes from the outermost session to this one, with what lies between, short and without secrets', () => {
    const bench = under(
      '-bash',
      '/opt/bin/claude -p "fix it"',
      'sh -c /home/me/stop.sh',
      'sh "/home/me/my project/.claude/hooks/stop.sh"',
      `env API_KEY=sk-ant-api03-Qm9vbVRyYXAxMjM0NTY3ODkw claude`,
      'claude',
      'bash -c "claude -p again"',
      `claude -p "${'long '.repeat(40)}"`,
      'sh -c gate',
    )
    expect(nestingOf(bench.system).chain.split(' > ')).toEqual([
      'claude -p "fix it"',
      'sh "my project/.claude/hooks/stop.sh"',
      'env API_KEY=[redacted] claude',
      'claude',
      'bash -c "claude -p again"',
      expect.stringMatching(/^claude -p "long .{30,40}…$/),
    ])
  })

  it('stays short however deep it is', () => {
    const { chain, depth } = nestingOf(under(...Array(40).fill(`claude -p "${'long '.repeat(40)}"`)).system)
    expect(depth).toBe(40)
    expect(chain.split(' > ')).toHaveLength(12)
    expect(chain.length).toBeLessThan(600)
  })
})

describe('hooks of a session that is nested too deeply', () => {
  const deep = () => under(...Array(4).fill('claude -p fix'), 'sh -c hook')
  const prompted = { hook_event_name: 'UserPromptSubmit', prompt: 'SUDO BYPASS' }
  const called = { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'ls' }, tool_use_id: 'a' }

  it('refuse its prompt and its tools, and arm the marker for the shell until it ends', async () => {
    const bench = deep()
    const marker = bench.path('circuit_breaker_armed')
    const { answer } = await bench.send(prompted)
    expect(answer).toEqual({ block: expect.stringContaining('is 4 deep, more than 3: claude -p fix > claude -p fix') })
    expect(existsSync(marker)).toBe(true)
    expect((await bench.send(called)).answer.deny).toContain('is 4 deep, more than 3')
    await bench.send({ hook_event_name: 'SessionEnd' })
    expect(existsSync(marker)).toBe(false)
  })

  it('refuse its prompt also where the state cannot be had', async () => {
    const bench = deep()
    let release = () => {}
    const held = fileStore(bench.system, bench.memory).update(circuitStateKind, async (state) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return state
    })
    const { answer, notes } = await bench.send(prompted)
    release()
    await held
    expect(answer.block).toContain('is 4 deep')
    expect(notes).toEqual([])
    expect(readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')).toContain('"kind":"trip"')
    expect(existsSync(bench.path('circuit_breaker_spool'))).toBe(false)
  })

  it('do not ask for processes in mode off', async () => {
    const bench = deep()
    bench.ancestors = undefined as never
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(bench.path('circuit_breaker_config.json'), '{"circuit_breakers":{"hook_recursion":{"mode":"off"}}}')
    expect((await bench.send(prompted)).answer.block).toBeUndefined()
  })
})

describe('what a session starts from Bash', () => {
  const envFile = (bench: Bench) => join(bench.project, 'env.sh')
  const start = async (bench: Bench) => {
    bench.env['CLAUDE_ENV_FILE'] = envFile(bench)
    return bench.send({ hook_event_name: 'SessionStart', source: 'startup' })
  }

  it('knows its depth: one line, once', async () => {
    const bench = under('claude', 'claude', 'sh -c hook')
    for (const _ of [1, 2, 3]) await start(bench)
    expect(readFileSync(envFile(bench), 'utf8')).toBe('export BREAKERBOX_DEPTH=2\n')
  })

  it('also behind what others wrote, and after a resume at another depth', async () => {
    const bench = under('claude')
    writeFileSync(envFile(bench), 'export PATH=/x:$PATH')
    await start(bench)
    bench.ancestors = under('claude', 'claude').ancestors
    await start(bench)
    expect(readFileSync(envFile(bench), 'utf8')).toBe(
      'export PATH=/x:$PATH\nexport BREAKERBOX_DEPTH=1\nexport BREAKERBOX_DEPTH=2\n',
    )
  })

  it('knows nothing where the client names no file, it is a link, or the pattern is off', async () => {
    const bench = under('claude')
    expect((await bench.send({ hook_event_name: 'SessionStart' })).notes.join()).not.toContain('ENV_FILE')
    symlinkSync(join(bench.project, 'elsewhere'), envFile(bench))
    await start(bench)
    expect(existsSync(join(bench.project, 'elsewhere'))).toBe(false)
    const off = under('claude')
    mkdirSync(off.memory, { recursive: true })
    writeFileSync(off.path('circuit_breaker_config.json'), '{"circuit_breakers":{"hook_recursion":{"mode":"off"}}}')
    await start(off)
    expect(existsSync(envFile(off))).toBe(false)
  })

  it('a file that cannot be written is a note', async () => {
    const bench = under('claude')
    bench.env['CLAUDE_ENV_FILE'] = join(bench.project, 'no-such-folder', 'env.sh')
    const { notes } = await bench.send({ hook_event_name: 'SessionStart' })
    expect(notes).toContainEqual(expect.stringMatching(/ENV_FILE.*ENOENT/))
  })
})

it('a hook that is not run by a client has no client above it', () => {
  expect(clientAncestors(under('-bash', 'node').system)).toEqual([])
})
