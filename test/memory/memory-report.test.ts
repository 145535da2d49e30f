import { statSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { limitVariable, memoryLimits } from '../../lib/memory/limits.ts'
import { memoryReport } from '../../lib/memory/memory-report.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { day, hour, limitsWith, type MemoryFolder, memoryFolder, numberedLines } from './folder.ts'

let folder: MemoryFolder
beforeEach(() => {
  folder = memoryFolder()
})
afterEach(() => folder.remove())

test('each class against its limit, and what the next run would do; nothing is changed', async () => {
  folder.write('a_telemetry.jsonl', numberedLines(1500), hour)
  folder.write('b_telemetry.jsonl', `{"timestamp":"${new Date(Date.now() - 2.5 * day).toISOString()}"}\n`)
  folder.write('session_s_state.json', '{}', 8 * day)
  folder.write('session_t_state.json', '{}', hour)
  folder.write('archives/a_telemetry.20260101T000000Z.jsonl.gz', gzipSync('x'))
  folder.write('session_archives/2026-01-01/u_state.json.gz', gzipSync('yy'))
  folder.write('circuit_breaker_state.json', '{ }')
  folder.write('circuit_breaker_sessions/s.json', '{"entries":[1,2,3]}')
  folder.write('circuit_breaker_sessions/damaged.json', '{')
  folder.write('circuit_breaker_spool/1.json', '{}')
  const before = folder.contents()
  const report = await memoryReport(nodeSystem(), folder, limitsWith(), 20_000)
  expect(report).toEqual({
    totalBytes: folder.files().reduce((sum, name) => sum + statSync(folder.path(name)).size, 0),
    limitBytes: 5 * 1024 * 1024,
    telemetry: [
      {
        file: 'a_telemetry.jsonl',
        bytes: numberedLines(1500).length,
        lines: 1500,
        limitLines: 1000,
        limitBytes: 51_200,
        ageDays: 0,
        limitDays: 7,
      },
      {
        file: 'b_telemetry.jsonl',
        bytes: 41,
        lines: 1,
        limitLines: 1000,
        limitBytes: 51_200,
        ageDays: 2.5,
        limitDays: 7,
      },
    ],
    sessions: { active: 2, limit: 10 },
    archives: { count: 1, limit: 20, bytes: gzipSync('x').length },
    sessionArchives: { count: 1, bytes: gzipSync('yy').length },
    own: {
      state: { bytes: 3, limitBytes: 20_000 },
      windows: { count: 2, bytes: 20, mostEntries: 3, limitEntries: 200 },
      spool: { count: 1, limit: 1000, bytes: 2 },
    },
    next: [
      'rotate a_telemetry.jsonl (15 kB): more than 1000 lines',
      'archive session session_s_state.json (2 bytes): not touched for 8 days, limit 7',
    ],
  })
  expect(folder.contents()).toEqual(before)
})

test('a missing folder is an empty one', async () => {
  const report = await memoryReport(nodeSystem(), { memory: folder.path('none') }, limitsWith(), 20_000)
  expect(report).toMatchObject({ totalBytes: 0, telemetry: [], next: [] })
  expect(report.problem).toBeUndefined()
})

test('the environment sets limits; a wrong value is named and the config holds', () => {
  const { limits, problems } = memoryLimits(limitsWith({ session_max_active: 4 }), {
    BREAKERBOX_TELEMETRY_MAX_LINES: '200',
    BREAKERBOX_TOTAL_MAX_MB: '2.5',
    BREAKERBOX_TELEMETRY_FILES: '*.log, x_telemetry.jsonl',
    BREAKERBOX_SESSION_MAX_ACTIVE: 'many',
    BREAKERBOX_ARCHIVE_KEEP_COUNT: '0',
    BREAKERBOX_TOOL_HISTORY_MAX: '',
  })
  expect(limits).toEqual(
    limitsWith({
      telemetry_max_lines: 200,
      total_max_mb: 2.5,
      telemetry_files: ['*.log', 'x_telemetry.jsonl'],
      session_max_active: 4,
    }),
  )
  expect(problems.map(({ name, value }) => [name, value])).toEqual([
    ['BREAKERBOX_SESSION_MAX_ACTIVE', 'many'],
    ['BREAKERBOX_ARCHIVE_KEEP_COUNT', '0'],
  ])
  expect(problems.map(({ cause }) => cause).join('\n')).toMatch(/; 4 is used\n.*; 20 is used/)
})

test.each(Object.keys(limitsWith()))('%s has a variable', (field) => {
  expect(limitVariable(field)).toBe(`BREAKERBOX_${field.toUpperCase()}`)
})
