import { describe, expect, it } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import type { Invocation } from '../../lib/cli/result.ts'
import { Bench } from '../session/bench.ts'

const run = (bench: Bench, ...words: string[]) =>
  breakerbox(bench.system, { words: ['why', ...words], colour: false, folder: '/nowhere' } as unknown as Invocation)

/** A turn of one Bash call that succeeds. */
async function prints(bench: Bench, command: string, id: string, output: string, session = 'S'): Promise<void> {
  const call = { tool_name: 'Bash', tool_input: { command }, tool_use_id: id, session_id: session }
  await bench.send({ hook_event_name: 'PreToolUse', ...call })
  bench.now += 1000
  await bench.send({
    hook_event_name: 'PostToolBatch',
    session_id: session,
    tool_calls: [{ ...call, tool_response: output }],
  })
}

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  await bench.fails('npm test', 'a')
  await prints(bench, 'ls', 'x', 'src')
  for (const id of ['b', 'c', 'd']) {
    await bench.fails('npm test', id)
    bench.now += 1000
  }
  return bench
}

const warned = async (): Promise<Bench> => {
  const bench = new Bench()
  for (const id of ['a', 'b', 'c']) await prints(bench, 'git status', id, 'clean')
  return bench
}

describe('why', () => {
  it('shows the chain behind a trip: what counted, what lay in between, and what came of it', async () => {
    const { exitCode, out, err } = await run(await tripped())
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toMatch(
      /^Bash\(npm test\) tripped {2}tool_failure\n {2}in turn 4 at 2026-03-04 12:00:\d\d UTC \(session S\)\n/,
    )
    expect(out).toMatch(/because it failed 3 times in 3 turns with the same error.*boom/)
    expect(out.match(/turn +\d+ .*failed +Bash\(npm test\) {2}← counted/g)).toHaveLength(3)
    expect(out).toMatch(/turn +2 .*succeeded +Bash\n/)
    expect(out).toMatch(/Since then:\n.*denial in turn 5/)
  })

  it('of a warning', async () => {
    const { out } = await run(await warned())
    expect(out).toMatch(/^Bash\(git status\) was warned about {2}repeated_call/)
    expect(out.match(/← counted/g)).toHaveLength(3)
  })

  it('of what would have tripped, where the suite only observes', async () => {
    const bench = new Bench()
    const { writeConfig } = configured(bench)
    writeConfig({ mode: 'observe' })
    for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
    expect((await run(bench)).out).toMatch(/^Bash\(npm test\) would have tripped {2}tool_failure/)
  })

  it('still tells the reason where the window has moved on', async () => {
    const bench = await tripped()
    for (let i = 0; i < 201; i += 1) await prints(bench, `echo ${i}`, `e${i}`, `${i}`)
    const { exitCode, out } = await run(bench)
    expect(exitCode).toBe(0)
    expect(out).toMatch(/failed 3 times in 3 turns/)
    expect(out).toMatch(/window of that session has moved on/)
    expect(out).not.toContain('← counted')
  })

  it('of a session that is nested too deeply, where no calls were counted', async () => {
    const bench = new Bench()
    const trip = { at: '2026-03-04T12:00:00.000Z', kind: 'trip', pattern: 'hook_recursion', subject: 'nested session' }
    bench.files.makeFolders(bench.memory)
    bench.files.create(
      bench.path('circuit_breaker_incidents.jsonl'),
      `${JSON.stringify({ ...trip, session: 'S', turn: 1, reason: 'is 4 deep, more than 3: claude > sh' })}\n`,
    )
    const { out } = await run(bench)
    expect(out).toMatch(
      /^nested session tripped {2}hook_recursion\n.*\n {2}because it is 4 deep, more than 3: claude > sh\n$/,
    )
  })

  it('of a session, of a circuit by each of its names, and of the last by default', async () => {
    const bench = await tripped()
    for (const id of ['p', 'q', 'r']) await prints(bench, 'git log', id, 'one', 'T')
    const first = async (...words: string[]) => (await run(bench, ...words)).out.split('\n', 1)[0]
    expect(await first()).toMatch(/git log/)
    expect(await first('--last')).toMatch(/git log/)
    expect(await first('--session', 'S')).toMatch(/npm test/)
    expect(await first('--session', 'T')).toMatch(/git log/)
    for (const name of ['tool_failure', 'Bash(npm test)', 'tool_failure:Bash(npm test)'])
      for (const words of [['--circuit', name], [name]]) expect(await first(...words)).toMatch(/npm test/)
    expect(await first('--circuit', 'repeated_call', '--session', 'T')).toMatch(/git log/)
  })

  it('as JSON', async () => {
    expect(JSON.parse((await run(await tripped(), '--json')).out)).toMatchObject({
      incident: {
        kind: 'trip',
        pattern: 'tool_failure',
        subject: 'Bash(npm test)',
        session: 'S',
        turn: 4,
        toolUseId: 'c',
      },
      finding: { pattern: 'tool_failure', level: 'trip', calls: ['a', 'b', 'c'] },
      chain: [
        { entry: { id: 'a', turn: 1 }, counted: true },
        { entry: { id: 'x', turn: 2 }, counted: false },
        { entry: { id: 'b', turn: 3 }, counted: true },
        { entry: { id: 'c', turn: 4 }, counted: true },
      ],
    })
  })

  it.each<[what: string, words: string[], said: RegExp]>([
    ['nothing yet', [], /no trip or warning yet in .*circuit_breaker_incidents\.jsonl/],
    ['no such session', ['--session', 'nope\u001b[2J'], /of session "nope"/],
    ['no such circuit', ['--circuit', 'nope'], /of "nope"/],
  ])('%s: exit code 1', async (_what, words, said) => {
    const { exitCode, out, err } = await run(words.length === 0 ? new Bench() : await tripped(), ...words)
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
    expect(err).toMatch(said)
    expect(err).not.toContain('\u001b')
  })

  it('where no hook ever ran it names the doctor, and elsewhere it does not', async () => {
    const bench = new Bench()
    expect((await run(bench)).err).toMatch(/\nNo hook has run in this folder yet\. .*: breakerbox doctor\n$/)
    await bench.send({ hook_event_name: 'SessionStart', source: 'startup' })
    expect((await run(bench)).err).toMatch(/^breakerbox why: no trip or warning yet in .*\n$/)
  })

  it('of a project that is not there is a wrong value', async () => {
    expect((await run(new Bench(), '--project', 'no-such-folder')).exitCode).toBe(2)
  })
})

function configured(bench: Bench) {
  return {
    writeConfig: (config: unknown) => {
      bench.files.makeFolders(bench.memory)
      bench.files.create(bench.path('circuit_breaker_config.json'), JSON.stringify(config))
    },
  }
}
