import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { describeReport } from '../../lib/memory/report.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { day, hour, limitsWith, type MemoryFolder, memoryFolder, minute, numberedLines, systemAt } from './folder.ts'

let folder: MemoryFolder
beforeEach(() => {
  folder = memoryFolder()
})
afterEach(() => folder.remove())

const run = (options: { runningSession?: string; budgetMilliseconds?: number; limits?: object; shift?: number } = {}) =>
  runJanitor(systemAt(options.shift ?? 0), folder, limitsWith(options.limits), {
    runningSession: options.runningSession,
    budgetMilliseconds: options.budgetMilliseconds ?? 20_000,
  })

const session = (evidence: number, history: number, extra = '') =>
  `{\n  "big": 9007199254740993, "one": 1.0,${extra}\n  "evidence_ledger": [\n${Array.from(
    { length: evidence },
    (_, n) =>
      `    { "id": ${n}, "confidence": ${n}.50, "timestamp": "2026-01-01T00:00:${String(n % 60).padStart(2, '0')}Z" }`,
  ).join(
    ',\n',
  )}\n  ],\n  "tool_history": [${Array.from({ length: history }, (_, n) => `"t${n}"`).join(', ')}],\n  "last": 1e400\n}\n`

describe('rotation', () => {
  test.each([
    ['more than 1000 lines', numberedLines(1500), minute],
    ['more than 50 kB', `${JSON.stringify({ text: 'x'.repeat(51 * 1024) })}\n`, minute],
    ['a first entry older than 7 days', `{"timestamp":"2020-01-01T00:00:00Z"}\n{"n":1}\n`, minute],
    ['a last change older than 7 days', '{"n":1}\n', 8 * day],
  ])('%s: the log becomes an archive', async (_, content, age) => {
    folder.write('a_telemetry.jsonl', content, age)
    const report = await run()
    expect(report.kind).toBe('worked')
    const [archive, ...others] = folder.files()
    expect(others).toEqual([])
    expect(archive).toMatch(/^archives\/a_telemetry\.\d{8}T\d{9}Z\.jsonl\.gz$/)
    expect(folder.read(archive as string)).toBe(content)
    expect(describeReport(report)).toMatch(/^Memory cleanup: 1 log rotated/)
    expect((await run()).kind).toBe('clean')
  })

  test('a log written a moment ago is packed in the same run', async () => {
    folder.write('a_telemetry.jsonl', numberedLines(1500), 0)
    await run()
    expect(folder.files().map((name) => name.replace(/\d{8}T\d{9}Z/, 'T'))).toEqual(['archives/a_telemetry.T.jsonl.gz'])
  })

  test.each([
    ['small and young', numberedLines(1000)],
    ['empty and old', ''],
  ])('%s: nothing is done', async (_, content) => {
    folder.write('a_telemetry.jsonl', content, content === '' ? 30 * day : minute)
    const report = await run()
    expect(report).toMatchObject({ kind: 'clean', records: [] })
    expect(describeReport(report)).toBeUndefined()
    expect(folder.read('a_telemetry.jsonl')).toBe(content)
  })

  test('the last 5 of a log stay', async () => {
    for (let n = 0; n < 8; n++) {
      folder.write('a_telemetry.jsonl', numberedLines(1001, n * 10_000))
      await run()
    }
    const archives = folder.files()
    expect(archives).toHaveLength(5)
    expect(folder.lines('a_telemetry.jsonl')).toContain('{"n":70000}')
    expect(folder.lines('a_telemetry.jsonl')).not.toContain('{"n":20000}')
  })

  test('20 archives stay in all, the oldest go', async () => {
    for (let n = 0; n < 30; n++)
      folder.write(`archives/${'abcdef'[n % 6]}_telemetry.202601${10 + Math.floor(n / 6)}T00000${n % 6}Z.jsonl.gz`, 'x')
    await run()
    expect(folder.files()).toHaveLength(20)
    expect(folder.files().some((name) => name.includes('20260110'))).toBe(false)
  })

  test('thirty logs at once: what was packed just now is not deleted', async () => {
    for (let n = 0; n < 30; n++) folder.write(`l${n}_telemetry.jsonl`, numberedLines(1001))
    await run()
    expect(folder.files()).toHaveLength(30)
    expect((await run()).kind).toBe('clean')
  })

  test('documents of the suite are never taken for logs', async () => {
    folder.write('circuit_breaker_state.json', 'x'.repeat(60_000))
    folder.write('circuit_breaker_config.json', 'x'.repeat(60_000))
    folder.write('session_s_state.json', `{"a":"${'x'.repeat(60_000)}"}`)
    const before = folder.contents()
    expect((await run({ limits: { telemetry_files: ['*'] } })).kind).toBe('clean')
    expect(folder.contents()).toEqual(before)
  })
})

describe('sessions', () => {
  test('old ones and those beyond the 10 most recent are archived, bytes kept exactly', async () => {
    const content = Buffer.concat([Buffer.from('{"a":1.0}'), Buffer.from([0xff, 0xfe])])
    for (let n = 0; n < 15; n++)
      folder.write(`session_s${n}_state.json`, n === 14 ? content : '{"a":1}', n === 14 ? 8 * day : (n + 2) * hour)
    const report = await run()
    expect(describeReport(report)).toMatch(/^Memory cleanup: 5 sessions archived/)
    const archived = folder.files().filter((name) => name.startsWith('session_archives/'))
    expect(archived.map((name) => name.replace(/\d{4}-\d\d-\d\d/, 'D'))).toEqual(
      [10, 11, 12, 13, 14].map((n) => `session_archives/D/s${n}_state.json.gz`),
    )
    const { gunzipSync } = await import('node:zlib')
    const { readFileSync } = await import('node:fs')
    expect(gunzipSync(readFileSync(folder.path(archived.at(-1) as string)))).toEqual(content)
    expect((await run()).kind).toBe('clean')
  })

  test('never the running one, never one touched within the hour', async () => {
    folder.write('session_running_state.json', session(300, 300), 30 * day)
    for (let n = 0; n < 20; n++) folder.write(`session_s${n}_state.json`, '{}', 30 * minute)
    const before = folder.contents()
    expect((await run({ runningSession: 'running' })).kind).toBe('clean')
    expect(folder.contents()).toEqual(before)
  })

  test('archived twice on one day: both stay', async () => {
    folder.write('session_s_state.json', '{"a":1}', 8 * day)
    await run()
    folder.write('session_s_state.json', '{"a":2}', 8 * day)
    await run()
    expect(
      folder
        .files()
        .map((name) => folder.read(name))
        .sort(),
    ).toEqual(['{"a":1}', '{"a":2}'])
  })
})

describe('lists inside session files', () => {
  test('are cut, archived, summed up; every other character stays', async () => {
    folder.write('session_s_state.json', session(150, 80))
    const report = await run()
    expect(describeReport(report)).toMatch(/^Memory cleanup: 1 session shortened/)
    const text = folder.read('session_s_state.json')
    const state = JSON.parse(text)
    expect(state.evidence_ledger).toHaveLength(100)
    expect(state.evidence_ledger[0].id).toBe(50)
    expect(state.tool_history).toEqual(Array.from({ length: 50 }, (_, n) => `t${n + 30}`))
    expect(state.evidence_ledger_summary).toEqual({
      count: 50,
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-01T00:00:49.000Z',
      numeric_fields: { id: { mean: 24.5, count: 50 }, confidence: { mean: 25, count: 50 } },
    })
    expect(text).toContain('"big": 9007199254740993, "one": 1.0,')
    expect(text).toContain('"confidence": 149.50')
    expect(text).toContain('"last": 1e400\n}\n')
    const [evidence, history] = folder.files().filter((name) => name.endsWith('.gz'))
    expect(folder.read(evidence as string).split('\n')[3]).toBe(
      '{"id":3,"confidence":3.50,"timestamp":"2026-01-01T00:00:03Z"}',
    )
    expect(
      folder
        .read(evidence as string)
        .trimEnd()
        .split('\n'),
    ).toHaveLength(50)
    expect(folder.read(history as string)).toBe(Array.from({ length: 30 }, (_, n) => `"t${n}"\n`).join(''))
    expect((await run()).kind).toBe('clean')
  })

  test('a second cut adds to the summary', async () => {
    folder.write('session_s_state.json', '{"evidence_ledger":[{"x":1},{"x":2},{"x":3}]}')
    await run({ limits: { evidence_ledger_max: 2 } })
    const once = folder.read('session_s_state.json')
    expect(once).toBe(
      '{"evidence_ledger":[{"x":2},{"x":3}],"evidence_ledger_summary":{"count":1,"numeric_fields":{"x":{"mean":1,"count":1}}}}',
    )
    folder.write('session_s_state.json', once)
    await run({ limits: { evidence_ledger_max: 1 } })
    expect(JSON.parse(folder.read('session_s_state.json')).evidence_ledger_summary).toEqual({
      count: 2,
      numeric_fields: { x: { mean: 1.5, count: 2 } },
    })
  })

  test.each([
    ['broken JSON', `${session(150, 0).slice(0, -3)}`],
    ['not UTF-8', Buffer.concat([Buffer.from(session(150, 0, ' "bad": "')), Buffer.from([0xff])])],
  ])('%s is left as it is', async (_, content) => {
    folder.write('session_s_state.json', content)
    const before = folder.contents()
    await run()
    expect(folder.contents()).toEqual(before)
  })

  test('the time of the file stays, so that its age does', async () => {
    folder.write('session_s_state.json', session(150, 0), 3 * day)
    await run()
    expect(
      Date.now() - (nodeSystem().files.facts(folder.path('session_s_state.json'))?.modifiedAt ?? 0),
    ).toBeGreaterThan(2.9 * day)
  })
})

describe('the ceiling', () => {
  test('at 80 % the oldest archives go first', async () => {
    for (let n = 1; n <= 6; n++)
      folder.write(`archives/a${n}_telemetry.2026010${n}T000000Z.jsonl.gz`, Buffer.alloc(1024 * 1024))
    const report = await run()
    expect(folder.files().map((name) => name[10])).toEqual(['3', '4', '5', '6'])
    expect(describeReport(report)).toBe('Memory cleanup: 2 old archives removed, 2.0 MB freed')
  })

  test('what other programs keep is never touched, and told about', async () => {
    folder.write('vectors.bin', Buffer.alloc(6 * 1024 * 1024))
    const report = await run()
    expect(report.kind).toBe('clean')
    expect(describeReport(report)).toBe(
      'Memory: the memory folder holds 6.0 MB, limit 5.0 MB: what remains is in use or belongs to other programs',
    )
  })
})

describe('files of the suite', () => {
  test('windows of dead sessions, old spool files and old damaged documents', async () => {
    folder.write('circuit_breaker_sessions/dead.json', '{}', 8 * day)
    folder.write('circuit_breaker_sessions/running.json', '{}', 8 * day)
    folder.write('circuit_breaker_sessions/young.json', '{}', 6 * day)
    folder.write('circuit_breaker_spool/1-2-3.json', '{}', 2 * day)
    folder.write('circuit_breaker_spool/2-2-3.json', '{}', hour)
    folder.write('circuit_breaker_state.damaged.20260101T000000Z.1234abcd.json', 'torn', 31 * day)
    folder.write('circuit_breaker_state.damaged.20260201T000000Z.1234abcd.json', 'torn too', 29 * day)
    const report = await run({ runningSession: 'running' })
    expect(describeReport(report)).toBe('Memory cleanup: 1 damaged file archived, 2 stale files removed')
    expect(folder.files().map((name) => name.replace(/\d{8}T\d{9}Z/, 'T'))).toEqual([
      'archives/circuit_breaker_state.damaged.20260101T000000Z.1234abcd.T.json.gz',
      'circuit_breaker_sessions/running.json',
      'circuit_breaker_sessions/young.json',
      'circuit_breaker_spool/2-2-3.json',
      'circuit_breaker_state.damaged.20260201T000000Z.1234abcd.json',
    ])
  })
})

describe('the walls of the folder', () => {
  test.each(['archives', 'session_archives', 'circuit_breaker_sessions'])(
    '%s as a link: nothing goes through it',
    async (name) => {
      const outside = memoryFolder()
      outside.write('x.json', '{}', 30 * day)
      outside.write('a_telemetry.20260101T000000Z.jsonl', numberedLines(3), 30 * day)
      symlinkSync(outside.memory, folder.path(name))
      folder.write('a_telemetry.jsonl', numberedLines(1500))
      folder.write('session_s_state.json', '{"a":1}', 9 * day)
      const before = outside.contents()
      await run()
      expect(outside.contents()).toEqual(before)
      if (name === 'archives') expect(folder.read('a_telemetry.jsonl')).toBe(numberedLines(1500))
      outside.remove()
    },
  )

  test('links to logs and sessions are not followed', async () => {
    const outside = memoryFolder()
    outside.write('log', numberedLines(1500))
    symlinkSync(outside.path('log'), folder.path('a_telemetry.jsonl'))
    symlinkSync(outside.path('log'), folder.path('session_s_state.json'))
    expect((await run()).kind).toBe('clean')
    expect(outside.read('log')).toBe(numberedLines(1500))
    outside.remove()
  })

  test('a missing folder, a link, a file in its place', async () => {
    const system = nodeSystem()
    const at = (memory: string) => runJanitor(system, { memory }, limitsWith(), { runningSession: undefined })
    expect(await at(folder.path('none'))).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining('does not exist'),
    })
    symlinkSync(folder.memory, folder.path('link'))
    expect(await at(folder.path('link'))).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining('is a link'),
    })
    writeFileSync(folder.path('file'), '')
    expect(await at(folder.path('file'))).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining('is a file'),
    })
  })

  test('odd names are left alone', async () => {
    const names = [
      '.._telemetry.jsonl',
      '.x_telemetry.jsonl',
      'a\nb_telemetry.jsonl',
      'session_.._state.json',
      'session_a\\b_state.json',
    ]
    for (const name of names) folder.write(name, numberedLines(1500), 9 * day)
    mkdirSync(folder.path('session_archives/not-a-date'), { recursive: true })
    folder.write('session_archives/not-a-date/x_state.json', '{}', 9 * day)
    await run()
    const left = folder.files()
    expect(left).toEqual(
      expect.arrayContaining(['.x_telemetry.jsonl', 'a\nb_telemetry.jsonl', 'session_a\\b_state.json']),
    )
    expect(left).toContain('session_archives/not-a-date/x_state.json')
  })
})

describe('two at once, and time', () => {
  test('a lock that is alive makes the second one stop', async () => {
    folder.write('a_telemetry.jsonl', numberedLines(1500))
    folder.write('circuit_breaker_janitor.lock', JSON.stringify({ until: new Date(Date.now() + minute).toISOString() }))
    expect((await run()).kind).toBe('busy')
    expect(folder.has('a_telemetry.jsonl')).toBe(true)
  })

  test.each([
    ['a dead one', JSON.stringify({ until: '2026-01-01T00:00:00Z' }), 0],
    ['one from the future', JSON.stringify({ until: '2099-01-01T00:00:00Z' }), 0],
    ['a torn one', '{"unt', hour],
  ])('%s does not', async (_, content, age) => {
    folder.write('a_telemetry.jsonl', numberedLines(1500))
    folder.write('circuit_breaker_janitor.lock', content, age)
    expect((await run()).kind).toBe('worked')
    expect(folder.files()).toHaveLength(1)
  })

  test('out of time: the rest is done by later runs', async () => {
    for (let n = 0; n < 40; n++) folder.write(`session_s${n}_state.json`, `{"n":${n}}`, 8 * day + n)
    let runs = 0
    // Each look at the clock takes a millisecond, whatever the machine is doing.
    let time = Date.now()
    for (;;) {
      const system = { ...systemAt(0), clock: () => time++ }
      const report = await runJanitor(system, folder, limitsWith(), {
        runningSession: undefined,
        budgetMilliseconds: 60,
      })
      if (report.kind === 'clean' && !report.unfinished) break
      expect(++runs).toBeLessThan(100)
    }
    expect(runs).toBeGreaterThan(1)
    const contents = Object.values(folder.contents()).sort()
    expect(contents).toEqual(Array.from({ length: 40 }, (_, n) => `{"n":${n}}`).sort())
  })
})
