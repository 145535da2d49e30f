import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lookEndName, lookName } from '../../lib/session/held-look.ts'
import { marksFolder } from '../../lib/session/session-marks.ts'
import { Bench } from './bench.ts'

const session = '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'
const other = '1b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'

/** A project with a hook, a config and a state, as install leaves it. */
function newBench(config: object = {}): Bench {
  const bench = new Bench()
  bench.env = { CLAUDE_CODE_SESSION_ID: session, CLAUDE_PID: '4711' }
  for (const folder of [bench.memory, join(bench.project, '.claude', 'hooks')]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(bench.project, '.claude', 'hooks', 'memory-janitor.cjs'), '')
  writeFileSync(bench.path('circuit_breaker_config.json'), JSON.stringify({ version: 1, ...config }))
  writeFileSync(bench.path('circuit_breaker_state.json'), JSON.stringify({ version: 1, circuits: [] }))
  return bench
}

const start = (bench: Bench) => bench.send({ hook_event_name: 'SessionStart', source: 'startup', session_id: session })
const look = (bench: Bench) => bench.path(marksFolder, lookName)
const holds = (bench: Bench) => existsSync(look(bench))

it('a start that finds all well leaves when it looked, what lay there and until when that holds', async () => {
  const bench = newBench()
  await start(bench)
  const timeOf = (path: string) => Math.round(statSync(path).mtimeMs)
  expect(timeOf(look(bench))).toBe(bench.now)
  expect(timeOf(bench.path(marksFolder, lookEndName)) - bench.now).toBe(60 * 60 * 1000)
  // its own list is no change
  expect(timeOf(bench.path('circuit_breaker_seen.json'))).toBe(bench.now)
  expect(readFileSync(look(bench), 'utf8')).toBe('3\n')
  bench.now += 60_000
  writeFileSync(bench.path('session_a_state.json'), '{}')
  await start(bench)
  expect(timeOf(look(bench))).toBe(bench.now)
  expect(readFileSync(look(bench), 'utf8')).toBe('4\n')
})

it.each<[string, (bench: Bench) => unknown, config?: object]>([
  ['is known, as after a resume', (bench) => bench.send({ ...failure, session_id: session })],
  ['is nested', (bench) => Object.assign(bench.env, { BREAKERBOX_DEPTH: '1' })],
  ['has a wrong config', () => {}, { circuit_breakers: { tool_failure: { threshold: 'three' } } }],
  ['may be nested in no other', () => {}, { circuit_breakers: { hook_recursion: { max_depth: 1 } } }],
  ['leaves nesting uncounted', () => {}, { circuit_breakers: { hook_recursion: { mode: 'off' } } }],
  ['shares the circuit of the model', () => {}, { circuit_breakers: { llm_api: { scope: 'fleet' } } }],
  ['is not to be cleaned up for', () => {}, { mode: 'off' }],
  ['finds something due', (bench) => writeFileSync(bench.path('a_telemetry.jsonl'), '{"a":1}\n'.repeat(20_000))],
])('holds for none after a session that %s', async (_what, change, config) => {
  const bench = newBench(config)
  await change(bench)
  await start(bench)
  expect(holds(bench)).toBe(false)
})

it('holds for none after a session that finds something changed, and for the next after one that does not', async () => {
  const bench = newBench()
  bench.env['CLAUDE_CODE_SESSION_ID'] = other
  await bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'go', session_id: other })
  writeFileSync(bench.path('circuit_breaker_config.json'), '{"version":1,"mode":"observe"}')
  expect((await start(bench)).answer.person).toContain('has changed: mode "enforce" → "observe"')
  expect(holds(bench)).toBe(false)
  expect((await start(bench)).answer.person).toBeUndefined()
  expect(holds(bench)).toBe(true)
})

it('is left behind no link', async () => {
  const bench = newBench()
  const elsewhere = join(bench.project, 'elsewhere')
  mkdirSync(elsewhere)
  symlinkSync(elsewhere, bench.path(marksFolder))
  expect((await start(bench)).notes).toEqual([])
  expect(existsSync(join(elsewhere, lookName))).toBe(false)
})

const failure = {
  hook_event_name: 'PostToolUseFailure',
  tool_name: 'Bash',
  tool_input: { command: 'make' },
  tool_use_id: 'toolu_1',
  error: 'Exit code 1',
}
