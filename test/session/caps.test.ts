import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Bench } from './bench.ts'

const day = 24 * 3_600_000

function write(bench: Bench, name: string, content: string, age: number): void {
  mkdirSync(dirname(bench.path(name)), { recursive: true })
  writeFileSync(bench.path(name), content)
  const at = (bench.now - age) / 1000
  utimesSync(bench.path(name), at, at)
}

const start = (bench: Bench, session_id = 'S') =>
  bench.send({ hook_event_name: 'SessionStart', source: 'startup', session_id })

const incidents = Array.from(
  { length: 1200 },
  (_, n) => `${JSON.stringify({ at: '2026-03-04T11:00:00.000Z', kind: 'warning', subject: `Bash(test ${n})` })}\n`,
).join('')

describe('our own files stay small', () => {
  it('the state: under 20 kB, however many circuits open; the youngest stay', async () => {
    const bench = new Bench()
    const long = 'x'.repeat(150)
    for (let n = 0; n < 40; n += 1) {
      for (let turn = 0; turn < 3; turn += 1) await bench.fails(`npm run ${n}-${long}`, `${n}-${turn}`)
    }
    const state = readFileSync(bench.path('circuit_breaker_state.json'), 'utf8')
    expect(state.length).toBeGreaterThan(10_000)
    expect(state.length).toBeLessThan(20_000)
    expect(state).toContain('npm run 39-')
  }, 60_000)

  it('the window of a session: 200 calls and prompts, however far back it is to reach, and no contents', async () => {
    const bench = new Bench()
    const config = { circuit_breakers: { tool_failure: { window_turns: 200 } } }
    write(bench, 'circuit_breaker_config.json', JSON.stringify(config), 0)
    for (let n = 0; n < 210; n += 1) await bench.fails(`npm run secret-${n}`, `${n}`)
    const text = readFileSync(bench.path('circuit_breaker_sessions', 'S.json'), 'utf8')
    expect(JSON.parse(text).entries).toHaveLength(200)
    expect(text).not.toContain('secret-')
    expect(text.length).toBeLessThan(100_000)
  }, 60_000)

  it('the incident log: rotated past 1,000 lines, every line kept', async () => {
    const bench = new Bench()
    write(bench, 'circuit_breaker_incidents.jsonl', incidents, 60_000)
    expect((await start(bench)).answer.person).toContain('1 log rotated')
    const live = readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')
    expect(live.split('\n').length).toBeLessThan(10)
    const [archive = ''] = readdirSync(bench.path('archives'))
    expect(gunzipSync(readFileSync(bench.path('archives', archive))).toString()).toBe(incidents)
  })

  it('where the part that cleans is missing, nothing is touched, and it is said with what to do', async () => {
    const bench = new Bench()
    bench.parts = {}
    write(bench, 'circuit_breaker_incidents.jsonl', incidents, 60_000)
    const { answer, notes } = await start(bench)
    expect(answer).toEqual({})
    expect(notes).toEqual([expect.stringMatching(/memory-work\.cjs is missing.*run breakerbox install$/)])
    expect(readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')).toBe(incidents)
  })

  it('windows of sessions that have been silent for a week are removed, the running one stays', async () => {
    const bench = new Bench()
    for (const id of ['dead', 'recent', 'S']) {
      const memory = { version: 1, session: id, agents: [], entries: [], running: [], halted: [] }
      write(bench, `circuit_breaker_sessions/${id}.json`, JSON.stringify(memory), id === 'recent' ? 6 * day : 8 * day)
    }
    await start(bench)
    expect(readdirSync(bench.path('circuit_breaker_sessions')).sort()).toEqual(['S.json', 'recent.json'])
  })

  it('what waits in the spool for more than a day is removed', async () => {
    const bench = new Bench()
    write(bench, 'circuit_breaker_spool/0000000000001-1-a.json', '{}', 2 * day)
    write(bench, 'circuit_breaker_spool/0000000000002-1-a.json', '{}', day / 2)
    await start(bench)
    expect(readdirSync(bench.path('circuit_breaker_spool'))).toEqual(['0000000000002-1-a.json'])
  })
})

describe('the mode', () => {
  it.each([
    ['enforce', true],
    ['observe', true],
    ['off', false],
  ])('%s: the folder is cleaned: %s', async (mode, cleaned) => {
    const bench = new Bench()
    write(bench, 'circuit_breaker_config.json', JSON.stringify({ mode }), 60_000)
    write(bench, 'a_telemetry.jsonl', incidents, 60_000)
    const { answer } = await start(bench)
    expect(answer.person?.includes('Memory cleanup') ?? false).toBe(cleaned)
    expect(existsSync(bench.path('archives'))).toBe(cleaned)
    expect(existsSync(bench.path('a_telemetry.jsonl'))).toBe(!cleaned)
    if (!cleaned) expect(statSync(bench.path('a_telemetry.jsonl')).size).toBe(incidents.length)
  })
})
