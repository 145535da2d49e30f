import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drain } from '../../lib/session/drain.ts'
import { lookEndName, lookName } from '../../lib/session/held-look.ts'
import { firstPromptEnding, marksFolder, streakEnding } from '../../lib/session/session-marks.ts'
import { spoolWrite } from '../../lib/store/spool.ts'
import { Bench } from './bench.ts'

const session = '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'
const other = '1b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'

function newBench(env: Record<string, string> = {}): Bench {
  const bench = new Bench()
  bench.env = { CLAUDE_CODE_SESSION_ID: session, CLAUDE_PID: '4711', ...env }
  return bench
}

const start = (bench: Bench, source = 'startup') => bench.send({ hook_event_name: 'SessionStart', source })
const allMarks = (bench: Bench) => {
  const folder = bench.path(marksFolder)
  return existsSync(folder) ? readdirSync(folder) : []
}
const marks = (bench: Bench) =>
  allMarks(bench).filter((name) => !name.endsWith(firstPromptEnding) && name !== lookName && name !== lookEndName)
const mayPass = (bench: Bench) => allMarks(bench).includes(`${session}-4711${firstPromptEnding}`)

describe('the mark of an installed copy', () => {
  it('is left when a session starts, once, and anew for the session after a /clear', async () => {
    const bench = newBench()
    for (const source of ['startup', 'compact', 'resume']) expect((await start(bench, source)).notes).toEqual([])
    expect(marks(bench)).toEqual([`${session}-4711`])
    bench.env['CLAUDE_CODE_SESSION_ID'] = other
    await start(bench, 'clear')
    expect(marks(bench)).toEqual([`${session}-4711`, `${other}-4711`])
  })

  it.each<[string, Record<string, string>]>([
    ['by the plugin', { CLAUDE_PLUGIN_ROOT: '/plugins/breakerbox' }],
    ['where the client does not name the session', { CLAUDE_CODE_SESSION_ID: '' }],
    ['where it does not name itself', { CLAUDE_PID: '' }],
    ['for a name that is a path', { CLAUDE_CODE_SESSION_ID: `../../${session.slice(6)}` }],
  ])('is not left %s', async (_why, env) => {
    const bench = newBench(env)
    expect((await start(bench)).notes).toEqual([])
    expect(marks(bench)).toEqual([])
  })

  it('is not left behind a link, nor is anything removed there', async () => {
    const bench = newBench()
    const elsewhere = join(bench.project, 'elsewhere')
    mkdirSync(elsewhere)
    for (let i = 0; i < 120; i += 1) old(bench, join(elsewhere, `${session}-${i}`))
    mkdirSync(bench.memory, { recursive: true })
    symlinkSync(elsewhere, bench.path(marksFolder))
    await start(bench)
    expect(readdirSync(elsewhere)).toHaveLength(120)
  })

  it('keeps their number bounded: of many, those of the last hour stay, and what is none of them', async () => {
    const bench = newBench()
    mkdirSync(bench.path(marksFolder), { recursive: true })
    for (let i = 0; i < 98; i += 1) old(bench, bench.path(marksFolder, `${other}-${i}`))
    old(bench, bench.path(marksFolder, 'notes.txt'))
    await start(bench)
    expect(marks(bench)).toHaveLength(100)
    writeFileSync(bench.path(marksFolder, `${other}-100`), '')
    await start(bench)
    expect(marks(bench).sort()).toEqual([`${other}-100`, `${session}-4711`, 'notes.txt'].sort())
  })

  it('hinders nothing where it cannot be left', async () => {
    const bench = newBench()
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(bench.path(marksFolder), '')
    expect((await start(bench)).notes).toEqual([])
  })
})

describe('the mark that the first prompt needs no Node', () => {
  it('is left by a session that starts where nothing is wrong, the plugin too', async () => {
    for (const env of [{}, { CLAUDE_PLUGIN_ROOT: '/plugins/breakerbox' }]) {
      const bench = newBench(env)
      await start(bench)
      expect(mayPass(bench)).toBe(true)
    }
  })

  it('is left again after a /clear', async () => {
    const bench = newBench()
    bench.env['CLAUDE_CODE_SESSION_ID'] = other
    await start(bench)
    bench.env['CLAUDE_CODE_SESSION_ID'] = session
    await start(bench, 'clear')
    expect(mayPass(bench)).toBe(true)
  })

  const config = (circuit_breakers: object) => (bench: Bench) =>
    writeFileSync(bench.path('circuit_breaker_config.json'), JSON.stringify({ version: 1, circuit_breakers }))

  it.each<[string, (bench: Bench) => unknown]>([
    ['is known, as after a resume', (bench) => bench.fails('make', 'toolu_1')],
    ['is nested', (bench) => Object.assign(bench.env, { BREAKERBOX_DEPTH: '1' })],
    ['shares the circuit of the model with other machines', config({ llm_api: { scope: 'fleet' } })],
    ['has a wrong config, which each prompt tells', config({ tool_failure: { threshold: 'three' } })],
    ['has no name', (bench) => Object.assign(bench.env, { CLAUDE_CODE_SESSION_ID: '' })],
  ])('is not left for one that %s', async (_why, change) => {
    const bench = newBench()
    mkdirSync(bench.memory, { recursive: true })
    await change(bench)
    await start(bench)
    expect(mayPass(bench)).toBe(false)
  })

  it('comes after a look around: what was changed is told with the start, once, and not with the prompt', async () => {
    const bench = newBench()
    const { path } = bench
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(path('circuit_breaker_config.json'), '{"version":1}')
    await start(bench)
    writeFileSync(path('circuit_breaker_config.json'), '{"version":1,"mode":"observe"}')
    expect((await start(bench)).answer.person).toBe(
      'Breakerbox: circuit_breaker_config.json has changed: mode "enforce" → "observe".',
    )
    const { answer } = await bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'go' })
    expect(answer.person).toBeUndefined()
  })
})

describe('the mark of a streak', () => {
  const isMarked = (bench: Bench, name = session) => allMarks(bench).includes(`${name}${streakEnding}`)
  let calls = 0
  const batch = (command: string, session_id = session) => {
    calls += 1
    const call = { tool_name: 'Bash', tool_input: { command }, tool_use_id: `toolu_${calls}` }
    return { hook_event_name: 'PostToolBatch', session_id, tool_calls: [{ ...call, tool_response: 'the same' }] }
  }

  it('is there from the first repeat on, for that session, until the streak has come to an end', async () => {
    const bench = newBench()
    await start(bench)
    const marked: boolean[] = []
    for (const command of ['ls', 'git status', 'git status', 'a', 'b', 'c', 'd', 'e']) {
      await bench.send(batch(command))
      await bench.send(batch(`make ${marked.length}`, other))
      marked.push(isMarked(bench))
      expect(isMarked(bench, other)).toBe(false)
    }
    expect(marked).toEqual([false, false, true, true, true, false, false, false])
  })

  it('is left by what runs in the background too', async () => {
    const bench = newBench()
    await start(bench)
    bench.env['CLAUDE_PROJECT_DIR'] = bench.project
    for (const command of ['ls', 'git status', 'git status']) {
      spoolWrite(bench.system, bench.path('circuit_breaker_spool'), JSON.stringify(batch(command)))
    }
    await drain(bench.system)
    expect(isMarked(bench)).toBe(true)
  })

  it('is left for no name that is not one of a session, and behind no link', async () => {
    const bench = newBench()
    await start(bench)
    for (const command of ['ls', 'ls']) await bench.send(batch(command, '../../S'))
    expect(allMarks(bench).filter((name) => name.endsWith(streakEnding))).toEqual([])
    const elsewhere = join(bench.project, 'elsewhere')
    mkdirSync(elsewhere)
    rmSync(bench.path(marksFolder), { recursive: true })
    symlinkSync(elsewhere, bench.path(marksFolder))
    for (const command of ['ls', 'ls']) await bench.send(batch(command))
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it('is one of those that go when there are many', async () => {
    const bench = newBench()
    mkdirSync(bench.path(marksFolder), { recursive: true })
    for (let i = 0; i < 100; i += 1)
      old(bench, bench.path(marksFolder, `${other.slice(0, -3)}${100 + i}${streakEnding}`))
    await start(bench)
    expect(allMarks(bench).filter((name) => name.endsWith(streakEnding))).toEqual([])
  })
})

/** A file of two hours ago, by the clock of the bench. */
function old(bench: Bench, path: string): void {
  writeFileSync(path, '')
  const at = new Date(bench.now - 2 * 60 * 60 * 1000)
  utimesSync(path, at, at)
}
