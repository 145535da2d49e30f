import { expect, it } from 'vitest'
import { circuitStateKind, sessionKind } from '../../lib/session/documents.ts'
import { drain } from '../../lib/session/drain.ts'
import { markerName } from '../../lib/session/marker.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { spoolList, spoolWrite } from '../../lib/store/spool.ts'
import { Bench } from './bench.ts'

/** Batches of one successful call each, waiting in the spool. */
function benchWith(calls: readonly (readonly [session: string, command: string])[]) {
  const bench = new Bench()
  bench.env['CLAUDE_PROJECT_DIR'] = bench.project
  const spool = bench.path('circuit_breaker_spool')
  const ids = new Map<string, number>()
  for (const [session, command] of calls) {
    bench.now += 1000
    const n = (ids.get(session) ?? 0) + 1
    ids.set(session, n)
    const call = { tool_name: 'Bash', tool_input: { command }, tool_use_id: `${session}-${n}` }
    const payload = {
      hook_event_name: 'PostToolBatch',
      session_id: session,
      cwd: bench.project,
      prompt_id: 'p1',
      tool_calls: [{ ...call, tool_response: 'the same' }],
    }
    spoolWrite(bench.system, spool, JSON.stringify(payload))
  }
  bench.now += 1000
  const store = fileStore(bench.system, bench.memory)
  return {
    bench,
    waiting: () => spoolList(bench.system, spool).length,
    isArmed: () => bench.system.files.facts(bench.path(markerName)) !== undefined,
    calls: async (session: string) => (await store.read(sessionKind(session))).document.entries.length,
    circuits: async () => (await store.read(circuitStateKind)).document.circuits.length,
  }
}

it('takes in what has nothing to say', async () => {
  const { bench, waiting, isArmed, calls } = benchWith([
    ['S', 'git status'],
    ['S', 'ls'],
    ['T', 'git status'],
  ])
  await drain(bench.system)
  expect([waiting(), isArmed(), await calls('S'), await calls('T')]).toEqual([0, false, 2, 1])
})

it('leaves a session of which something has to be said to the next hook, and arms it', async () => {
  const loop = Array.from({ length: 4 }, () => ['S', 'git status'] as const)
  const { bench, waiting, isArmed, calls, circuits } = benchWith([['T', 'ls'], ...loop])
  await drain(bench.system)
  expect([waiting(), isArmed(), await calls('S'), await calls('T'), await circuits()]).toEqual([4, true, 0, 1, 0])
  const { answer } = await bench.send({ hook_event_name: 'PostToolBatch', session_id: 'S', tool_calls: [] })
  expect(answer.context).toContain('git status')
  expect([waiting(), isArmed(), await calls('S'), await circuits()]).toEqual([0, true, 4, 1])
})

it('twice is once', async () => {
  const { bench, calls } = benchWith([['S', 'ls']])
  await Promise.all([drain(bench.system), drain(bench.system)])
  expect(await calls('S')).toBe(1)
})

it('says nothing where it cannot work, and loses nothing', async () => {
  const { bench, waiting } = benchWith([['S', 'ls']])
  const { files } = bench
  const fail = () => {
    throw Object.assign(new Error('no'), { code: 'EIO' })
  }
  bench.files = { ...files, readText: fail, readHead: fail }
  await drain(bench.system)
  bench.files = files
  expect(waiting()).toBe(1)
})
