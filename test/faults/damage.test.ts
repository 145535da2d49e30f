import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { initialFiles } from '../../lib/config/initial-files.ts'
import { prepareInstall } from '../../lib/install/install.ts'
import { perform } from '../../lib/install/steps.ts'
import { Bench } from '../session/bench.ts'
import { everything } from '../store/temp-folder.ts'
import { built, root } from '../support/built-hook.ts'
import { count } from './figures.ts'

/** What can happen to a saved file; undefined stands for a folder in its place. */
const damages: Record<string, (bytes: Buffer) => Buffer | undefined> = {
  'a flipped bit at the start': (bytes) => flipped(bytes, 0),
  // of a quote: a letter of some text would only be another letter
  'a flipped bit in the middle': (bytes) => flipped(bytes, bytes.indexOf('"', Math.floor(bytes.length / 2))),
  'a third of it': (bytes) => bytes.subarray(0, Math.floor(bytes.length / 3)),
  'all but its last bytes': (bytes) => bytes.subarray(0, bytes.length - 4),
  'nothing in it': () => Buffer.alloc(0),
  'zero bytes in its place': (bytes) => Buffer.alloc(bytes.length),
  'a folder in its place': () => undefined,
  'an older version': (bytes) => Buffer.from(bytes.toString('utf8').replace(/"version": ?1/, '"version": 0')),
  'a newer version': (bytes) => Buffer.from(bytes.toString('utf8').replace(/"version": ?1/, '"version": 2')),
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  // the highest bit: no longer the JSON, or the letter, that it was
  copy[at] = (copy[at] ?? 0) ^ 0x80
  return copy
}

function put(path: string, damage: (bytes: Buffer) => Buffer | undefined): Buffer | undefined {
  const bytes = damage(fs.readFileSync(path))
  fs.rmSync(path)
  if (bytes === undefined) {
    fs.mkdirSync(path)
    fs.writeFileSync(join(path, 'yours.txt'), 'yours')
  } else fs.writeFileSync(path, bytes, { mode: 0o600 })
  return bytes
}

interface Line {
  readonly kind: string
  readonly subject: string
  readonly reason: string
}

const incidents = (bench: Bench): Line[] =>
  fs
    .readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Line]
      } catch {
        return []
      }
    })

const errorsAbout = (bench: Bench, name: string): Line[] =>
  incidents(bench).filter(({ kind, subject }) => kind === 'error' && subject.includes(name))

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
  return bench
}

/** The old bytes are under the name that the incident tells. */
function mustBeAside(incident: Line | undefined, bytes: Buffer | undefined): void {
  const path = /is now (\/.+)$/.exec(incident?.reason ?? '')?.[1] ?? 'none told'
  if (bytes === undefined) expect(fs.readFileSync(join(path, 'yours.txt'), 'utf8')).toBe('yours')
  else expect(fs.readFileSync(path)).toEqual(bytes)
}

const documents = {
  'the state': 'circuit_breaker_state.json',
  'the session windows': 'circuit_breaker_sessions/S.json',
}

describe.each(Object.entries(documents))('%s with', (_what, name) => {
  test.each(Object.entries(damages))('%s: set aside, told once, replaced', async (_how, damage) => {
    const bench = await tripped()
    const bytes = put(bench.path(name), damage)
    for (const id of ['d', 'e', 'f', 'g']) await bench.fails('npm test', id)
    const told = errorsAbout(bench, basename(name))
    expect(told).toHaveLength(1)
    mustBeAside(told[0], bytes)
    expect(JSON.parse(fs.readFileSync(bench.path(name), 'utf8'))).toMatchObject({ version: 1 })
    // and the loop is stopped again
    expect(await bench.fails('npm test', 'h')).toContain('Refused')
    count('damaged files', 1)
  })
})

describe('the record of a halt with', () => {
  test.each(Object.entries(damages))('%s: set aside, told once, replaced by the next halt', async (_how, damage) => {
    const bench = await tripped()
    const halt = async (...ids: string[]) => {
      for (const id of ids) await bench.fails('npm test', id)
    }
    await halt('d', 'e', 'f')
    const bytes = put(bench.path('circuit_breaker_halt.json'), damage)
    await bench.send({ hook_event_name: 'UserPromptSubmit', prompt_id: 'p2', prompt: 'go on' })
    await halt('g', 'h', 'i')
    const told = errorsAbout(bench, 'circuit_breaker_halt.json')
    expect(told).toHaveLength(1)
    mustBeAside(told[0], bytes)
    expect(JSON.parse(fs.readFileSync(bench.path('circuit_breaker_halt.json'), 'utf8'))).toMatchObject({
      subject: 'Bash(npm test)',
    })
    count('damaged files', 1)
  })
})

describe('the list of what was seen with', () => {
  test.each(Object.entries(damages))('%s: replaced, and nothing else is told', async (_how, damage) => {
    const bench = await tripped()
    await bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'go on' })
    const name = 'circuit_breaker_seen.json'
    const bytes = put(bench.path(name), damage)
    for (let n = 0; n < 3; n += 1) await bench.send({ hook_event_name: 'UserPromptSubmit', prompt: 'go on' })
    const told = errorsAbout(bench, name)
    expect(told).toHaveLength(1)
    mustBeAside(told[0], bytes)
    expect(JSON.parse(fs.readFileSync(bench.path(name), 'utf8'))).toMatchObject({ version: 1 })
    count('damaged files', 1)
  })
})

describe('the incident log with', () => {
  test.each(Object.entries(damages))('%s: the next incident is written and can be read', async (_how, damage) => {
    const bench = await tripped()
    const bytes = put(bench.path('circuit_breaker_incidents.jsonl'), damage)
    expect(await bench.fails('npm test', 'd')).toContain('Refused')
    expect(incidents(bench).filter(({ kind }) => kind === 'denial')).toHaveLength(1)
    if (bytes === undefined) mustBeAside(errorsAbout(bench, 'incidents')[0], bytes)
    count('damaged files', 1)
  })
})

describe('a spool file with', () => {
  test.each(Object.entries(damages))('%s: taken in or dropped with one line, once', async (_how, damage) => {
    const bench = await tripped()
    const spool = bench.path('circuit_breaker_spool')
    fs.mkdirSync(spool, { recursive: true, mode: 0o700 })
    const name = join(spool, `${bench.now}-1-00000000.json`)
    const event = { session_id: 'S', hook_event_name: 'Stop', version: 1, padding: 'x'.repeat(200) }
    fs.writeFileSync(name, JSON.stringify(event), { mode: 0o600 })
    put(name, damage)
    const call = { tool_name: 'Bash', tool_input: { command: 'ls' }, tool_use_id: 'l' }
    const settle = () => bench.send({ hook_event_name: 'PostToolUseFailure', ...call, error: 'Exit code 1\nno' })
    const first = await settle()
    expect(first.notes.length).toBeLessThanOrEqual(1)
    expect(await bench.send({ hook_event_name: 'Stop' })).toMatchObject({ answer: {}, notes: [] })
    // A folder is nobody's spool file and stays; everything else is gone.
    expect(fs.readdirSync(spool).filter((file) => fs.statSync(join(spool, file)).isFile())).toEqual([])
    expect(await bench.fails('npm test', 'd')).toContain('Refused')
    count('damaged files', 1)
  })
})

describe('the config with', () => {
  test.each(Object.entries(damages))(
    '%s: the defaults hold, every event says why, a person mends it',
    async (_how, damage) => {
      const bench = await tripped()
      const path = bench.path('circuit_breaker_config.json')
      const bytes = put(path, damage)
      const { answer, notes } = await bench.send({
        hook_event_name: 'PreToolUse',
        tool_name: 'Bash',
        tool_input: { command: 'npm test' },
        tool_use_id: 'd',
      })
      expect(answer.deny).toContain('Refused')
      expect(notes.length).toBeLessThanOrEqual(1)
      // A bit may flip without making a value wrong.
      if (bytes === undefined || !isJson(bytes)) expect(notes.join()).toContain('circuit_breaker_config.json')
      if (bytes !== undefined) expect(fs.readFileSync(path)).toEqual(bytes)
      count('damaged files', 1)
    },
  )
})

const isJson = (bytes: Buffer): boolean => {
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}

describe('the install record with', () => {
  test.each(Object.entries(damages))('%s: hooks work, and install writes it anew', async (_how, damage) => {
    const bench = new Bench()
    const request = {
      scope: 'project',
      project: bench.project,
      bundles: join(root, 'dist'),
      deny: true,
      shell: false,
      initialFiles,
    } as const
    const install = () => perform(bench.system, prepareInstall(bench.system, request).steps)
    install()
    await bench.send({ hook_event_name: 'SessionStart' })
    const path = bench.path('circuit_breaker_install_project.json')
    const bytes = put(path, damage)
    for (const event of ['SessionStart', 'UserPromptSubmit']) {
      const { notes } = await bench.send({ hook_event_name: event, prompt: 'x' })
      expect(notes).toEqual([])
    }
    if (bytes === undefined) {
      expect(install).toThrow(/EISDIR|is not a file/)
    } else {
      install()
      expect(JSON.parse(fs.readFileSync(path, 'utf8'))).toMatchObject({ version: 1 })
    }
    expect(fs.existsSync(built('circuit-breaker-gate'))).toBe(true)
    count('damaged files', 1)
  })
})

test('a copy that a killed process was setting aside is found by the janitor, and the incident says where it is', async () => {
  const bench = await tripped()
  const lock = bench.path('circuit_breaker_state.json.lock')
  fs.mkdirSync(join(lock, '4711.00c0ffee'), { recursive: true })
  fs.writeFileSync(join(lock, '4711.00c0ffee', 'taken'), 'damaged bytes')
  fs.utimesSync(lock, 1, 1)
  await bench.send({ hook_event_name: 'SessionStart' })
  const told = errorsAbout(bench, 'circuit_breaker_state.damaged')
  expect(told).toHaveLength(1)
  mustBeAside(told[0], Buffer.from('damaged bytes'))
  expect(everything(bench.memory).filter((name) => name.includes('.lock'))).toEqual([])
  count('damaged files', 1)
})
