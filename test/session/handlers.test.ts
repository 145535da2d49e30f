import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silence } from '../../lib/protocol/answer.ts'
import { circuitStateKind, haltKind, sessionKind } from '../../lib/session/documents.ts'
import { isAttended } from '../../lib/session/hook-events.ts'
import { sessionFileName } from '../../lib/session/session-file.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { Bench } from './bench.ts'

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const kinds = (bench: Bench) => lines(bench.path('circuit_breaker_incidents.jsonl')).map(({ kind }) => kind)
const store = (bench: Bench) => fileStore(bench.system, bench.memory)

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
  return bench
}

describe('the gate', () => {
  it('is silent and writes nothing while nothing is wrong', async () => {
    const bench = new Bench()
    const call = { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'ls' }, tool_use_id: 'a' }
    expect(await bench.send(call)).toEqual({ event: 'PreToolUse', answer: silence, notes: [] })
    expect(existsSync(bench.memory)).toBe(false)
  })

  it('refuses what looped, in this process and in every later one', async () => {
    const bench = await tripped()
    expect(await bench.fails('npm test', 'd')).toMatch(/Bash\(npm test\) failed 3 times in 3 turns.*boom/)
    expect(await bench.fails('git status', 'e')).toBeUndefined()
    expect(kinds(bench)).toEqual(['trip', 'denial'])
  })

  it('lets one of two hooks that ask at the same moment have the probe', async () => {
    const bench = await tripped()
    bench.now += 6000
    const call = (id: string) => ({
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command: 'npm test' },
      tool_use_id: id,
    })
    const answers = await Promise.all(['x', 'y', 'z'].map((id) => bench.send(call(id))))
    expect(answers.filter(({ answer }) => answer.deny === undefined)).toHaveLength(1)
    expect(kinds(bench).filter((kind) => kind === 'probe')).toHaveLength(1)
  })

  it('honours a bypass unless the transcript names a machine', async () => {
    for (const [source, isRefused] of [
      ['typed', false],
      ['sdk', false],
      ['system', true],
    ] as const) {
      const bench = await tripped()
      const transcript = join(bench.project, 't.jsonl')
      writeFileSync(transcript, `${JSON.stringify({ type: 'user', promptId: 'p2', promptSource: source })}\nnot json\n`)
      await bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'SUDO BYPASS', prompt_id: 'p2' })
      const { answer } = await bench.send({
        hook_event_name: 'PreToolUse',
        tool_name: 'Bash',
        tool_input: { command: 'npm test' },
        tool_use_id: 'd',
        prompt_id: 'p2',
        transcript_path: transcript,
      })
      expect([source, answer.deny !== undefined]).toEqual([source, isRefused])
    }
  })
})

describe('the third refusal', () => {
  it('ends the run, tells the person and leaves a record', async () => {
    const bench = await tripped()
    await bench.fails('npm test', 'd')
    await bench.fails('npm test', 'e')
    const { answer } = await bench.send({
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command: 'npm test' },
      tool_use_id: 'f',
    })
    expect(answer).toMatchObject({
      deny: expect.any(String),
      stop: expect.any(String),
      person: expect.stringMatching(/halted/),
    })
    expect(json(bench.path('circuit_breaker_halt.json'))).toMatchObject({
      session: 'S',
      subject: 'Bash(npm test)',
      denials: 3,
      howToContinue: expect.any(Array),
    })
  })

  it('is over with the next prompt of a person, not with that of a machine or of another session', async () => {
    const bench = await tripped()
    for (const id of ['d', 'e', 'f']) await bench.fails('npm test', id)
    const prompt = (text: string, session = 'S') => ({
      hook_event_name: 'UserPromptSubmit',
      prompt: text,
      prompt_id: 'p2',
      session_id: session,
    })
    await bench.send(prompt('<task-notification>x</task-notification>'))
    await bench.send(prompt('hello', 'T'))
    expect((await store(bench).read(haltKind)).document.at).toBeDefined()
    await bench.send(prompt('go on'))
    expect((await store(bench).read(haltKind)).document.at).toBeUndefined()
  })
})

describe('the prompt intake', () => {
  it('tells the person that the bypass was heard, in these words', async () => {
    const { answer } = await new Bench().send({ hook_event_name: 'UserPromptSubmit', prompt: 'SUDO BYPASS - run it' })
    expect(answer.person).toContain('Circuit breaker bypassed (SUDO BYPASS keyword detected)')
    expect(answer.block).toBeUndefined()
  })

  it('says nothing to any other prompt', async () => {
    for (const prompt of ['hello', '', '<task-notification>SUDO BYPASS</task-notification>']) {
      expect((await new Bench().send({ hook_event_name: 'UserPromptSubmit', prompt })).answer).toEqual(silence)
    }
  })
})

describe('the first use', () => {
  it('makes config, state and a .gitignore, for their owner only', async () => {
    const bench = await tripped()
    expect(json(bench.path('circuit_breaker_config.json'))).toMatchObject({ version: 1, mode: 'enforce' })
    expect(json(bench.path('circuit_breaker_state.json'))).toMatchObject({ version: 1 })
    expect(readdirSync(bench.memory)).toContain('.gitignore')
    for (const name of ['circuit_breaker_config.json', 'circuit_breaker_state.json', 'circuit_breaker_incidents.jsonl'])
      expect(lstatSync(bench.path(name)).mode & 0o077).toBe(0)
  })

  it('leaves a config that is there as it is', async () => {
    const bench = new Bench()
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(bench.path('circuit_breaker_config.json'), '{"mode":"observe"}')
    await bench.fails('npm test', 'a')
    expect(readFileSync(bench.path('circuit_breaker_config.json'), 'utf8')).toBe('{"mode":"observe"}')
  })

  it('goes where BREAKERBOX_MEMORY_DIR says', async () => {
    const bench = new Bench()
    bench.env = { BREAKERBOX_MEMORY_DIR: join(bench.project, 'elsewhere') }
    await bench.fails('npm test', 'a')
    expect(existsSync(bench.memory)).toBe(false)
    expect(existsSync(join(bench.project, 'elsewhere', 'circuit_breaker_state.json'))).toBe(true)
  })
})

describe('what is saved', () => {
  it('holds no contents and no secrets', async () => {
    const bench = new Bench()
    const secret = 'hunter22hunter22'
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f'])
      await bench.fails(`deploy --password ${secret}`, id, `Exit code 1\npassword=${secret} was wrong`)
    const saved = readdirSync(bench.memory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('\n')
    expect(saved).not.toContain('hunter22')
    expect(saved).toContain('deploy --password [redacted]')
  })

  it.each(['../../etc/passwd', '..', '/abs', 'a/b', 'con', '', 'x'.repeat(500), 'ü', 'a\u0000b'])(
    'a session called %j stays inside the folder',
    (session) => {
      expect(sessionFileName(session)).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
      expect(sessionFileName(session)).not.toBe(session)
    },
  )
})

describe('a locked state', () => {
  it('lets the tool run, keeps the event, and the next one takes it in, in order', async () => {
    const bench = new Bench()
    await bench.fails('npm test', 'a')
    const failure = (id: string) => ({
      hook_event_name: 'PostToolUseFailure',
      tool_name: 'Bash',
      tool_input: { command: 'npm test' },
      tool_use_id: id,
      error: 'Exit code 1\nboom',
      turn_count: id.charCodeAt(0) - 96,
    })
    await store(bench).update(circuitStateKind, async (state) => {
      const { answer, notes } = await bench.send(failure('b'))
      expect(answer).toEqual(silence)
      expect(notes.join()).toMatch(/locked/)
      return state
    })
    expect(readdirSync(bench.path('circuit_breaker_spool'))).toHaveLength(1)
    const { answer } = await bench.send(failure('c'))
    expect(answer.context).toMatch(/3 times in 3 turns/)
    expect(readdirSync(bench.path('circuit_breaker_spool'))).toEqual([])
    const { document } = await store(bench).read(sessionKind('S'))
    expect(document.entries.map((entry) => (entry.kind === 'call' ? entry.id : 'prompt'))).toEqual(['a', 'b', 'c'])
  })
})

describe('a damaged document', () => {
  it.each(['circuit_breaker_state', 'circuit_breaker_sessions/S'])(
    '%s is told once, set aside and replaced',
    async (key) => {
      const bench = await tripped()
      const path = bench.path(`${key}.json`)
      writeFileSync(path, '{"version": 1, "circuits": [{]')
      const call = { tool_name: 'Bash', tool_input: { command: 'x' }, tool_use_id: 'n', error: 'boom' }
      const first = await bench.send({ hook_event_name: 'PostToolUseFailure', ...call })
      expect(first.answer).toEqual(silence)
      expect(first.notes).toHaveLength(1)
      expect(first.notes[0]).toContain(key)
      const second = await bench.send({ hook_event_name: 'PostToolUseFailure', ...call, tool_use_id: 'o' })
      expect(second.notes).toEqual([])
      expect(json(path)).toMatchObject({ version: 1 })
      const setAside = readdirSync(join(path, '..')).filter((name) => name.includes('damaged'))
      expect(setAside).toHaveLength(1)
      expect(readFileSync(join(path, '..', setAside[0] as string), 'utf8')).toBe('{"version": 1, "circuits": [{]')
    },
  )
})

describe('plain input without an event', () => {
  const plain = (turn?: number) => ({
    tool_name: 'Bash',
    tool_result: { isError: true },
    session_id: 'test',
    ...(turn === undefined ? {} : { turn_count: turn }),
  })

  it('is believed about its turn', async () => {
    const bench = new Bench()
    for (const turn of [1, 1, 1, 2]) expect((await bench.send(plain(turn))).answer).toEqual(silence)
    expect((await bench.send(plain(3))).answer.context).toMatch(/3 turns/)
  })

  it('without a turn is a turn of its own', async () => {
    const bench = new Bench()
    for (let i = 0; i < 2; i += 1) expect((await bench.send(plain())).answer).toEqual(silence)
    expect((await bench.send(plain())).answer.context).toMatch(/3 times in 3 turns/)
  })
})

it.each([
  [{}, true],
  [{ CLAUDE_CODE_SESSION_ATTENDED: '1' }, true],
  [{ CLAUDE_CODE_SESSION_ATTENDED: '0' }, false],
])('an environment of %j is attended: %s', (env, attended) => expect(isAttended(env)).toBe(attended))
