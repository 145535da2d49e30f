import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { archivePaths, restore } from '../../lib/memory/restore.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { day, limitsWith, type MemoryFolder, memoryFolder, numberedLines } from './folder.ts'

let folder: MemoryFolder
const system = nodeSystem()
beforeEach(() => {
  folder = memoryFolder()
})
afterEach(() => folder.remove())

const clean = (limits = {}) => runJanitor(system, folder, limitsWith(limits), { runningSession: undefined })

test('a rotated log comes back beside the live one', async () => {
  folder.write('a_telemetry.jsonl', numberedLines(60_000))
  await clean()
  folder.write('a_telemetry.jsonl', 'live\n')
  const [archive] = archivePaths(system, folder.memory)
  const restored = await restore(system, folder, archive as string)
  expect(restored.file).toMatch(/^a_telemetry\.restored\.\d{8}T\d{9}Z\.jsonl$/)
  expect(folder.read(restored.file)).toBe(numberedLines(60_000))
  expect(restored.bytes).toBe(numberedLines(60_000).length)
  expect(folder.read('a_telemetry.jsonl')).toBe('live\n')
  expect(folder.has(archive as string)).toBe(true)
  expect(await clean({ telemetry_files: ['*.jsonl'] })).toMatchObject({ kind: 'clean' })
})

test('an archived session comes back, by its name alone', async () => {
  folder.write('session_s_state.json', '{"a": 1.0}', 9 * day)
  await clean()
  const { file } = await restore(system, folder, 's_state.json.gz')
  expect(file).toMatch(/^session_s_state\.restored\.\d{4}-\d\d-\d\d\.json$/)
  expect(folder.read(file)).toBe('{"a": 1.0}')
  expect(await clean()).toMatchObject({ kind: 'clean' })
})

test('never over anything', async () => {
  folder.write('session_s_state.json', '{"a": 1.0}', 9 * day)
  await clean()
  const { file } = await restore(system, folder, 's_state.json.gz')
  folder.write(file, 'changed')
  await expect(restore(system, folder, 's_state.json.gz')).rejects.toMatchObject({ code: 'EEXIST' })
  expect(folder.read(file)).toBe('changed')
})

test('an archive that another program packed', async () => {
  folder.write('archives/a_telemetry.20260101T000000Z.jsonl.gz', gzipSync('line\n'))
  const { file } = await restore(system, folder, folder.path('archives/a_telemetry.20260101T000000Z.jsonl.gz'))
  expect(file).toBe('a_telemetry.restored.20260101T000000000Z.jsonl')
  expect(folder.read(file)).toBe('line\n')
})

test.each(['../secret.gz', '/etc/passwd', 'archives/../../x.gz', 'none.gz', ''])('%j is no archive', async (name) => {
  folder.write('../secret.gz', gzipSync('x'))
  await expect(restore(system, folder, name)).rejects.toMatchObject({ code: 'EARCHIVE' })
})

test('a damaged archive restores nothing and leaves nothing', async () => {
  folder.write('archives/a_telemetry.20260101T000000Z.jsonl.gz', gzipSync(numberedLines(500)).subarray(0, 300))
  await expect(restore(system, folder, 'a_telemetry.20260101T000000Z.jsonl.gz')).rejects.toThrow()
  expect(folder.files()).toHaveLength(1)
})
