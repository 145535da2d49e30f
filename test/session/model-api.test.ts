import { describe, expect, test } from 'vitest'
import { modelApiKind, troubleMarker } from '../../lib/session/model-api.ts'
import { promptIntake } from '../../lib/session/prompt-intake.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { Bench } from './bench.ts'

/** A project whose clock goes on while a hook sleeps. */
function newBench(attended = false) {
  const bench = new Bench()
  if (!attended) bench.env['CLAUDE_CODE_SESSION_ATTENDED'] = '0'
  let slept = 0
  bench.sleep = async (milliseconds) => {
    slept += milliseconds
    bench.now += milliseconds
  }
  const fails = (session = 'S', error = 'overloaded') =>
    bench.send({ hook_event_name: 'StopFailure', session_id: session, error }, promptIntake)
  const works = (session = 'S') => bench.send({ hook_event_name: 'Stop', session_id: session }, promptIntake)
  const prompts = async (session = 'S') => {
    slept = 0
    const { answer } = await bench.send({ hook_event_name: 'UserPromptSubmit', session_id: session, prompt: 'go on' })
    return { slept: slept / 1000, person: answer.person, blocked: answer.block !== undefined }
  }
  const document = async () => (await fileStore(bench.system, bench.memory).read(modelApiKind)).document
  const isMarked = () => bench.system.files.facts(bench.path(troubleMarker)) !== undefined
  const opened = async (session = 'S') => {
    for (let i = 0; i < 5; i += 1) await fails(session)
  }
  return { bench, fails, works, prompts, document, isMarked, opened }
}

describe('the circuit around the model API', () => {
  test.each<[error: string, counts: boolean]>([
    ['rate_limit', true],
    ['overloaded', true],
    ['server_error', true],
    ['authentication_failed', false],
    ['billing_error', false],
    ['invalid_request', false],
    ['unknown', false],
  ])('%s counts: %s', async (error, counts) => {
    const { fails, document, isMarked } = newBench()
    await fails('S', error)
    expect([(await document()).failures, isMarked()]).toEqual([counts ? 1 : 0, counts])
  })

  test('five in a row open it; a turn that ends well in between clears the count', async () => {
    const { fails, works, document, isMarked } = newBench()
    for (let i = 0; i < 4; i += 1) await fails()
    await works('T')
    expect([(await document()).failures, isMarked()]).toEqual([0, false])
    for (let i = 0; i < 5; i += 1) await fails(i % 2 === 0 ? 'S' : 'T')
    expect(await document()).toMatchObject({ circuit: { state: 'open' }, why: expect.stringContaining('overloaded') })
  })

  test('while it is open a run that nobody watches waits out what is left and keeps its prompt', async () => {
    const { bench, prompts, opened, document } = newBench()
    await opened()
    bench.now += 10_000
    const { slept, person, blocked } = await prompts()
    expect([slept, blocked]).toEqual([20, false])
    expect(person).toBe(
      'Breakerbox: the model API failed 5 turns in a row (overloaded), last on host; this prompt waited 20 s for it.',
    )
    expect((await document()).circuit).toMatchObject({ state: 'half_open', probe: { id: 'S' } })
  })

  test('half-open lets one through; the others wait for it, but no longer than the cooldown', async () => {
    const { bench, prompts, opened } = newBench()
    await opened()
    bench.now += 30_000
    expect((await prompts('S')).slept).toBe(0)
    expect((await prompts('T')).slept).toBe(30)
  })

  test('two turns that end well close it', async () => {
    const { bench, prompts, works, opened, document, isMarked } = newBench()
    await opened()
    bench.now += 30_000
    await prompts('S')
    await works('S')
    expect((await document()).circuit).toEqual({ state: 'half_open', successes: 1 })
    await prompts('T')
    await works('T')
    expect([(await document()).circuit, isMarked()]).toEqual([{ state: 'closed' }, false])
    expect((await prompts()).slept).toBe(0)
  })

  test('a trial that fails opens it for the whole time again', async () => {
    const { bench, prompts, fails, opened } = newBench()
    await opened()
    bench.now += 30_000
    await prompts()
    await fails()
    expect((await prompts()).slept).toBe(30)
  })

  test('a person is told and waits for nothing', async () => {
    const { prompts, opened } = newBench(true)
    await opened()
    const { slept, person } = await prompts()
    expect(slept).toBe(0)
    expect(person).toContain('unattended runs try again in 30 s. Your prompt is sent at once.')
  })

  test.each(['observe', 'warn', 'off'])('mode %s: nobody waits', async (mode) => {
    const { bench, prompts, opened } = newBench()
    bench.system.files.makeFolders(bench.memory)
    const config = { circuit_breakers: { llm_api: { mode } } }
    bench.system.files.create(bench.path('circuit_breaker_config.json'), JSON.stringify(config))
    await opened()
    expect((await prompts()).slept).toBe(0)
  })

  test('a wait is never longer than a minute, whatever the config says', async () => {
    const { bench, prompts, opened } = newBench()
    bench.system.files.makeFolders(bench.memory)
    const config = { circuit_breakers: { llm_api: { cooldown_base_seconds: 600 } } }
    bench.system.files.create(bench.path('circuit_breaker_config.json'), JSON.stringify(config))
    await opened()
    expect((await prompts()).slept).toBe(60)
  })

  test('while nothing is wrong nothing is written', async () => {
    const { bench, prompts, works } = newBench()
    await prompts()
    await works()
    expect(bench.system.files.facts(bench.path('circuit_breakers'))).toBeUndefined()
  })

  test('failures that a shell has left are taken in before the next prompt, in order, once', async () => {
    const { bench, prompts, document } = newBench()
    bench.now = Date.now()
    const spool = bench.path('circuit_breaker_spool')
    bench.system.files.makeFolders(spool)
    const leave = (name: string, text: string) => bench.system.files.create(`${spool}/failure-${name}`, text)
    for (let i = 0; i < 5; i += 1) leave(`7-${i}`, JSON.stringify({ session_id: 'S', error: 'rate_limit' }))
    leave('7-9', '{"session_id": "S", "er')
    expect((await prompts()).slept).toBe(30)
    expect((await document()).why).toContain('rate_limit')
    // What may still be being written stays.
    expect(bench.system.files.list(spool)).toEqual(['failure-7-9'])
  })

  test('each change is in the log', async () => {
    const { bench, prompts, works, opened } = newBench()
    await opened()
    bench.now += 30_000
    await prompts()
    await works()
    await prompts()
    await works()
    const log = bench.system.files.readText(bench.path('circuit_breaker_incidents.jsonl')).trim().split('\n')
    const kinds = log
      .map((line) => JSON.parse(line) as { kind: string; pattern: string })
      .filter(({ pattern }) => pattern === 'llm_api')
    expect(kinds.map(({ kind }) => kind)).toEqual(['trip', 'probe', 'recovery'])
  })
})
