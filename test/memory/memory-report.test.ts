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
  const before = folder.contents()
  const report = await memoryReport(nodeSystem(), folder, limitsWith())
  expect(report).toEqual({
    totalBytes: numberedLines(1500).length + folder.read('b_telemetry.jsonl').length + 4 + gzipSync('x').length,
    limitBytes: 5 * 1024 * 1024,
    telemetry: [
      {
        file: 'a_telemetry.jsonl',
        bytes: numberedLines(1500).length,
        lines: 1500,
        limitLines: 1000,
        limitBytes: 51_200,
        ageDays: 0,
      },
      { file: 'b_telemetry.jsonl', bytes: 41, lines: 1, limitLines: 1000, limitBytes: 51_200, ageDays: 2.5 },
    ],
    sessions: { active: 2, limit: 10 },
    archives: { count: 1, limit: 20 },
    next: [
      'rotate a_telemetry.jsonl (15 kB): more than 1000 lines',
      'archive session session_s_state.json (2 bytes): not touched for 8 days, limit 7',
    ],
  })
  expect(folder.contents()).toEqual(before)
})

test('a missing folder is an empty one', async () => {
  const report = await memoryReport(nodeSystem(), { memory: folder.path('none') }, limitsWith())
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
