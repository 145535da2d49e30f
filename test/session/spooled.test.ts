import { expect, it } from 'vitest'
import { circuitStateKind, sessionKind } from '../../lib/session/documents.ts'
import { drain } from '../../lib/session/drain.ts'
import { monitorReactions } from '../../lib/session/monitor-reactions.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { spoolTake, spoolWrite } from '../../lib/store/spool.ts'
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

const session = async (bench: Bench) => (await fileStore(bench.system, bench.memory).read(sessionKind('S'))).document

/** Puts a payload where a shell leaves it. */
function leave(bench: Bench, payload: Payload): void {
  const whole = { session_id: 'S', cwd: bench.project, prompt_id: 'p1', ...payload }
  spoolWrite(bench.system, bench.path('circuit_breaker_spool'), JSON.stringify(whole))
}

const prompt: Payload = { hook_event_name: 'UserPromptSubmit', prompt: 'make the tests pass' }
const boom = (id: string) => [failure(id, 'npm test'), batch([id, 'npm test', 'Exit code 1\nboom'])] as const

it('a prompt ends no turn whose batch waits in the spool', async () => {
  const bench = new Bench()
  const [failed, ended] = boom('a')
  await bench.send(failed)
  leave(bench, ended)
  await bench.send({ ...prompt, prompt_id: 'p2' })
  await bench.send(boom('b')[0])
  expect((await session(bench)).entries).toMatchObject([
    { id: 'a', turn: 1, batched: true },
    { kind: 'prompt' },
    { id: 'b', turn: 2 },
  ])
  await bench.send({ ...prompt, prompt_id: 'p3' })
  // nor does it take back the end of one that was interrupted, of which no batch comes
  await bench.send(boom('c')[0])
  expect((await session(bench)).entries.at(-1)).toMatchObject({ id: 'c', turn: 3 })
})

it('a prompt that two processes take out of the spool counts once', async () => {
  const bench = new Bench()
  const { files } = bench
  // the spool's stamps only go forward, and this process has used later ones
  bench.now += 3_600_000
  leave(bench, prompt)
  const [waiting = { name: '' }] = spoolTake(bench.system, bench.path('circuit_breaker_spool')).entries
  const path = bench.path('circuit_breaker_spool', waiting.name)
  const text = files.readText(path)
  const [failed, ended] = boom('a')
  bench.now += 1000
  await bench.send(failed)
  files.create(path, text)
  await drain(bench.system, () => monitorReactions)
  expect(files.facts(path)).toBeUndefined()
  leave(bench, ended)
  await bench.send(boom('b')[0])
  expect((await session(bench)).entries).toMatchObject([
    { id: 'a', turn: 1, batched: true },
    { id: 'b', turn: 2 },
  ])
})
