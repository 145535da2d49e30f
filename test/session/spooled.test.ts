import { expect, it } from 'vitest'
import { circuitStateKind, sessionKind } from '../../lib/session/documents.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { spoolWrite } from '../../lib/store/spool.ts'
import { Bench } from './bench.ts'

type Payload = Record<string, unknown>
const call = (id: string, command: string) => ({ tool_name: 'Bash', tool_input: { command }, tool_use_id: id })
const failure = (id: string, command: string): Payload => ({
  hook_event_name: 'PostToolUseFailure',
  ...call(id, command),
  error: 'Exit code 1\nboom',
})
const batch = (...calls: (readonly [id: string, command: string, text: string])[]): Payload => ({
  hook_event_name: 'PostToolBatch',
  tool_calls: calls.map(([id, command, text]) => ({ ...call(id, command), tool_response: text })),
})

/** A failing command among other work; failures are told at once, batches may wait. */
const payloads: readonly Payload[] = [
  failure('a', 'npm test'),
  batch(['a', 'npm test', 'Exit code 1\nboom'], ['b', 'git status', 'clean']),
  batch(['c', 'git status', 'clean']),
  failure('d', 'npm test'),
  batch(['d', 'npm test', 'Exit code 1\nboom'], ['e', 'git status', 'clean']),
  batch(['f', 'ls', 'x'], ['g', 'git status', 'clean']),
  failure('h', 'npm test'),
  batch(['h', 'npm test', 'Exit code 1\nboom']),
]

async function tell(isSpooled: (payload: Payload, i: number) => boolean) {
  const bench = new Bench()
  for (const [i, payload] of payloads.entries()) {
    bench.now += 1000
    const whole = { session_id: 'S', cwd: bench.project, prompt_id: 'p1', ...payload }
    if (isSpooled(payload, i)) spoolWrite(bench.system, bench.path('circuit_breaker_spool'), JSON.stringify(whole))
    else await bench.send(payload)
  }
  bench.now += 1000
  await bench.send({ hook_event_name: 'Stop', background_tasks: [] })
  const store = fileStore(bench.system, bench.memory)
  const { document: memory } = await store.read(sessionKind('S'))
  const { document: state } = await store.read(circuitStateKind)
  return {
    agents: memory.agents,
    // times of the spool are those of its file names, which differ by a millisecond where two fall together
    entries: memory.entries.map(({ at: _at, ...entry }) => entry),
    circuits: state.circuits.map(({ pattern, subject, trips, level, denials }) => ({
      pattern,
      subject,
      trips,
      level,
      denials,
    })),
  }
}

it.each<[what: string, isSpooled: (payload: Payload, i: number) => boolean]>([
  ['every batch', ({ hook_event_name }) => hook_event_name === 'PostToolBatch'],
  ['every second batch', ({ hook_event_name }, i) => hook_event_name === 'PostToolBatch' && i % 2 === 1],
  ['every event', () => true],
])('%s through the spool comes to the same as one event after another', async (_what, isSpooled) => {
  const direct = await tell(() => false)
  expect(direct.circuits.map(({ subject }) => subject).sort()).toEqual(['Bash(git status)', 'Bash(npm test)'])
  expect(await tell(isSpooled)).toEqual(direct)
})
