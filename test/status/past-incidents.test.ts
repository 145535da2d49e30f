import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { projectPaths } from '../../lib/config/paths.ts'
import { configSchema } from '../../lib/config/schema.ts'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { stampedName } from '../../lib/memory/names.ts'
import { mostIncidents, readPast } from '../../lib/status/past-incidents.ts'
import { Bench } from '../session/bench.ts'
import { at, incident, noon } from './past.ts'

const day = 24 * 60
let bench: Bench
beforeEach(() => {
  bench = new Bench()
  mkdirSync(bench.path('archives'), { recursive: true })
})

const lines = (...values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')
const log = (...values: readonly unknown[]) =>
  writeFileSync(bench.path('circuit_breaker_incidents.jsonl'), lines(...values))
const partName = (minutes: number) => stampedName('circuit_breaker_incidents.jsonl', noon - minutes * 60_000)
const part = (minutes: number, ...values: readonly unknown[]) =>
  writeFileSync(bench.path('archives', `${partName(minutes)}.gz`), gzipSync(lines(...values)))
const read = (since = 0, most?: number) => readPast(bench.system, projectPaths(bench.project, {}), since, most)
const minutesOf = async (since = 0) =>
  (await read(since)).incidents.map((each) => (noon - Date.parse(each.at)) / 60_000)

test('no folder, no log: nothing, and nothing is made', async () => {
  rmSync(bench.memory, { recursive: true })
  expect(await read()).toEqual({ incidents: [], files: 0, archives: 0, damaged: 0, leftOut: 0, begins: null })
})

test('the log and its packed parts are one, in order of time', async () => {
  log(incident(1, 'denial'), incident(3, 'trip'))
  part(day, incident(day + 1, 'trip'))
  part(2 * day, incident(2 * day + 5, 'trip'), incident(2 * day + 1, 'recovery'))
  expect(await minutesOf()).toEqual([2 * day + 5, 2 * day + 1, day + 1, 3, 1])
  expect(await read()).toMatchObject({ files: 3, archives: 2, begins: at(2 * day + 5) })
})

test('a part that does not end is not read to its end, nor is what is older; what is younger counts', async () => {
  log(incident(1, 'trip'))
  part(day, ...Array.from({ length: 1000 }, () => incident(day + 1, 'denial')))
  part(2 * day, incident(2 * day + 1, 'trip'))
  const { incidents, damaged } = await read(0, 20_000)
  expect(damaged).toBe(2)
  expect(incidents.length).toBeGreaterThan(10)
  expect(incidents.length).toBeLessThan(500)
  expect(incidents.at(-1)?.at).toBe(at(1))
})

test('what the janitor has really rotated is read back whole', async () => {
  const many = Array.from({ length: 1500 }, (_, index) => incident(3000 - index, 'denial', { count: index }))
  log(...many)
  bench.now = noon
  await runJanitor(bench.system, projectPaths(bench.project, {}), configSchema.parse({}).memory_limits, {
    runningSession: undefined,
  })
  log(incident(1, 'trip'))
  const { incidents, archives } = await read()
  expect(archives).toBe(1)
  expect(incidents.map(({ count }) => count)).toEqual([...many.map(({ count }) => count), undefined])
})

test('a part that was set aside before the time asked for is not opened, and then nothing is missing', async () => {
  log(incident(1, 'trip'))
  writeFileSync(bench.path('archives', `${partName(2 * day)}.gz`), 'no archive at all')
  expect(await read(noon - day * 60_000)).toMatchObject({ files: 1, archives: 1, damaged: 0, begins: null })
  expect(await read()).toMatchObject({ files: 2, damaged: 1 })
})

test('of a part that is being packed only the one that holds everything is read', async () => {
  const name = partName(day)
  writeFileSync(bench.path('archives', name), lines(incident(day + 2, 'trip'), incident(day + 1, 'denial')))
  writeFileSync(bench.path('archives', `${name}.gz`), gzipSync(lines(incident(day + 2, 'trip'))))
  writeFileSync(bench.path('archives', `${partName(3 * day)}.gz.part`), 'half')
  expect(await minutesOf()).toEqual([day + 2, day + 1])
})

test('other logs, links and restored parts are left alone', async () => {
  log(incident(1, 'trip'))
  writeFileSync(bench.path('circuit_breaker_incidents.restored.x.jsonl'), lines(incident(9, 'trip')))
  writeFileSync(
    bench.path('archives', 'build_telemetry.20260101T000000000Z.jsonl.gz'),
    gzipSync(lines(incident(8, 'trip'))),
  )
  const outside = join(bench.project, 'outside.jsonl')
  writeFileSync(outside, lines(incident(7, 'trip')))
  symlinkSync(outside, bench.path('archives', partName(day)))
  expect(await minutesOf()).toEqual([1])
})

test.each<[string, unknown]>([
  ['no object', 7],
  ['a time that is none', { at: 'yesterday', kind: 'trip' }],
  ['no kind', { at: at(1) }],
  ['a kind that is no text', { at: at(1), kind: {} }],
])('a line with %s is a damaged one', async (_, value) => {
  log(value, incident(1, 'trip'))
  expect(await read()).toMatchObject({ damaged: 1, incidents: [{ kind: 'trip' }] })
})

test('fields that are not what they should be are left out', async () => {
  const { pattern: _pattern, ...rest } = incident(1, 'trip')
  log({ ...rest, pattern: '__proto__', subject: { toString: 'x' }, session: 3, count: 'many', reason: ['a'], other: 1 })
  expect((await read()).incidents).toEqual([{ at: at(1), kind: 'trip', agent: 'main' }])
})

test('more than is held: the newest stay, and the others are counted', async () => {
  const long = (count: number, from: number) =>
    Array.from({ length: count }, (_, index) => incident(from - index / 100, 'denial'))
  log(...long(mostIncidents - 10, 1000))
  part(2000, ...long(30, 5000))
  const { incidents, leftOut } = await read()
  expect(incidents).toHaveLength(mostIncidents)
  expect(leftOut).toBe(20)
  expect(incidents[0]?.at).toBe(at(5000 - 0.2))
})
