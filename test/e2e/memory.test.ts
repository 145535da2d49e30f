import { readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import type { ClientRecord } from '../support/client.ts'
import { say } from '../support/fake-model.ts'
import { describeWithClient, type GuardedProject, guardedProject, play } from './scenario.ts'

const hour = 3_600_000
const day = 24 * hour
const entry = (n: number) => ({ n, timestamp: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(), score: n / 10 })
const line = (n: number) => `{"n":${n},"tool":"Bash","ok":true}`

/** Writes a file of another tool into the memory folder, last changed so many milliseconds ago. */
function write(project: GuardedProject, name: string, content: string, age: number): void {
  project.write(join('.claude', 'memory', name), content)
  const at = (Date.now() - age) / 1000
  utimesSync(join(project.memory, name), at, at)
}

/** Everything that is packed below a folder, by path. */
function unpacked(folder: string): Map<string, string> {
  return new Map(
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => name.endsWith('.gz'))
      .map((name) => [name, gunzipSync(readFileSync(join(folder, name))).toString()]),
  )
}

/**
 * What the janitor had to say to the person. The client makes no record of its own for a message of SessionStart: it stands
 * in that of the hook's output.
 */
const messages = (records: readonly ClientRecord[]): string[] =>
  records
    .filter((record) => record.subtype === 'hook_response' && record['hook_event'] === 'SessionStart')
    .map((record) => String(record['stdout'] ?? record['output'] ?? '').trim())
    .filter((output) => output !== '')
    .map((output) => (JSON.parse(output) as { systemMessage: string }).systemMessage)

const start = (project: GuardedProject) => play(project, [[say('done')]], { extraArguments: ['--include-hook-events'] })

describeWithClient('the janitor at the start of a session', () => {
  it('brings a full memory folder inside its limits, says so once, and every line can be unpacked', async () => {
    const project = await guardedProject()
    const log = Array.from({ length: 1500 }, (_, n) => `${line(n)}\n`).join('')
    write(project, 'agent_telemetry.jsonl', log, hour)
    const states = new Map<string, string>()
    for (let n = 0; n < 15; n += 1) {
      // One is 8 days old; of the other fourteen the four oldest are too many.
      const age = n === 14 ? 8 * day : (n + 2) * hour
      const state: Record<string, unknown> = { session: `s${n}`, ratio: 1, big: n }
      if (n === 0) state['evidence_ledger'] = Array.from({ length: 150 }, (_, each) => entry(each))
      const text = JSON.stringify(state, null, 2).replace('"ratio": 1', '"ratio": 1.0')
      states.set(`s${n}`, text)
      write(project, `session_s${n}_state.json`, text, age)
    }

    const first = await start(project)
    expect(messages(first.records)).toEqual([
      expect.stringMatching(/^Memory cleanup: 1 log rotated, 5 sessions archived, 1 session shortened, \d+ kB freed$/),
    ])
    // The person is told, not the model.
    expect(first.model.told().join('\n')).not.toContain('Memory cleanup')

    const left = readdirSync(project.memory).filter((name) => !name.startsWith('circuit_breaker_'))
    const live = Array.from({ length: 10 }, (_, n) => `session_s${n}_state.json`)
    expect(left.filter((name) => name !== '.gitignore').sort()).toEqual(
      [...live, 'archives', 'session_archives'].sort(),
    )

    const [[name = '', packedLog] = [], ...otherLogs] = unpacked(join(project.memory, 'archives'))
    expect(name).toMatch(/^agent_telemetry\.\d{8}T\d{9}Z\.jsonl\.gz$/)
    expect(packedLog).toBe(log)
    expect(otherLogs).toEqual([])

    const archived = unpacked(join(project.memory, 'session_archives'))
    for (const n of [10, 11, 12, 13, 14]) {
      const [, text] = [...archived].find(([path]) => path.endsWith(`/s${n}_state.json.gz`)) ?? []
      expect(text).toBe(states.get(`s${n}`))
    }
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      expect(project.read(`.claude/memory/session_s${n}_state.json`)).toBe(states.get(`s${n}`))
    }
    const cut = project.read('.claude/memory/session_s0_state.json')
    const { evidence_ledger, evidence_ledger_summary } = JSON.parse(cut)
    const [, cutLines = ''] = [...archived].find(([path]) => path.includes('s0_evidence_ledger')) ?? []
    const cutEntries = cutLines
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text))
    expect([...cutEntries, ...evidence_ledger]).toEqual(Array.from({ length: 150 }, (_, each) => entry(each)))
    expect(evidence_ledger).toHaveLength(100)
    expect(evidence_ledger_summary).toMatchObject({
      count: 50,
      from: entry(0).timestamp,
      to: entry(49).timestamp,
      numeric_fields: { score: { count: 50 } },
    })
    expect(cut).toContain('"ratio": 1.0')
    expect(archived.size).toBe(6)
    expect(project.incidents('cleanup')).toHaveLength(7)

    const second = await start(project)
    expect(messages(second.records)).toEqual([])
    expect(project.incidents('cleanup')).toHaveLength(7)
  })

  it('has nothing to say where nothing is to be done', async () => {
    const project = await guardedProject()
    write(project, 'agent_telemetry.jsonl', `${line(1)}\n`, hour)
    write(project, 'session_s_state.json', '{"a": 1.0}', hour)
    const run = await start(project)
    const responses = run.records.filter((record) => record.subtype === 'hook_response')
    expect(responses.length).toBeGreaterThan(0)
    expect(messages(run.records)).toEqual([])
    expect(project.incidents('cleanup')).toEqual([])
    expect(project.exists('.claude/memory/archives')).toBe(false)
  })
})
