import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packedEnding, parseStampedName, seriesOf, timeStamp } from '../../lib/memory/names.ts'
import {
  type Action,
  belongsTo,
  expectedPackedBytes,
  kilobyte,
  type MemoryFacts,
  type MemoryLimits,
  megabyte,
  plan,
} from '../../lib/memory/plan.ts'
import { day, hour, limitsWith } from './folder.ts'

const now = Date.UTC(2026, 10, 21, 12)
const moment = { now, runningSession: 'running-session' }

const size = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 60 * kilobyte }),
  fc.integer({ min: 1, max: 3 * megabyte }),
)
const modifiedAt = fc.integer({ min: -hour, max: 40 * day }).map((age) => now - age)
const logName = fc.constantFrom('a_telemetry.jsonl', 'b_telemetry.jsonl', 'circuit_breaker_incidents.jsonl')
const sessionId = fc.oneof(
  fc.constant('running-session'),
  fc.constant('running-'),
  fc.integer({ min: 0, max: 30 }).map((n) => `s${n}`),
)

const log = fc.record({ path: logName, size, modifiedAt, lines: fc.integer({ min: 0, max: 1001 }) })
const session = fc
  .record({
    id: sessionId,
    size,
    modifiedAt,
    entries: fc.record(
      { evidence_ledger: fc.integer({ min: 0, max: 200 }), tool_history: fc.integer({ min: 0, max: 200 }) },
      { requiredKeys: [] },
    ),
  })
  .map((facts) => ({ ...facts, path: `session_${facts.id}_state.json` }))
const rotated = fc
  .record({ name: logName, size, at: modifiedAt })
  .map(({ name, size, at }) => ({ path: `archives/${name.replace('.jsonl', `.${timeStamp(at)}.jsonl`)}`, size, at }))
const archivedSession = fc
  .record({ id: sessionId, size, at: modifiedAt })
  .map(({ id, size, at }) => ({ path: `session_archives/2026-11-01/${id}_state.json`, size, at }))
const aside = fc.oneof(rotated, archivedSession)
const byPath = { selector: ({ path }: { path: string }) => path, maxLength: 40 }
const file = (path: string) => fc.record({ size, modifiedAt }).map((facts) => ({ ...facts, path }))

const facts: fc.Arbitrary<MemoryFacts> = fc
  .record({
    others: fc.integer({ min: 0, max: 8 * megabyte }),
    logs: fc.uniqueArray(log, byPath),
    sessions: fc.uniqueArray(session, byPath),
    aside: fc.uniqueArray(fc.tuple(aside, fc.constantFrom('packed', 'staged', 'held')), {
      selector: ([{ path }]) => path,
      maxLength: 60,
    }),
    windows: fc.uniqueArray(
      sessionId.chain((id) => file(`circuit_breaker_sessions/${id}.json`).map((facts) => ({ ...facts, session: id }))),
      byPath,
    ),
    spool: fc.uniqueArray(
      fc.nat(20).chain((n) => file(`circuit_breaker_spool/${n}.json`)),
      byPath,
    ),
    damaged: fc.uniqueArray(
      fc.nat(5).chain((n) => file(`x.damaged.${n}.json`)),
      byPath,
    ),
    leftovers: fc.uniqueArray(
      fc.nat(5).chain((n) => file(`.session_${n}_state.json.12345678.tmp`)),
      byPath,
    ),
  })
  .map(({ others, aside, ...rest }) => {
    const of = (wanted: boolean) => aside.filter(([, kind]) => (kind === 'packed') === wanted)
    const archives = of(true).map(([{ path, size, at }]) => {
      const packed = path + packedEnding
      return { path: packed, size, modifiedAt: at, at, series: seriesOf(packed) }
    })
    const staged = of(false).map(([{ path, size, at }, kind]) => ({
      path,
      size,
      modifiedAt: at,
      at,
      series: seriesOf(path),
      archive: path + packedEnding,
      held: kind === 'held',
    }))
    const everything = [...Object.values(rest).flat(), ...archives, ...staged]
    return {
      ...rest,
      archives,
      staged,
      totalBytes: everything.reduce((sum, { size }) => sum + size, others),
      taken: new Set([...archives, ...staged].map(({ path }) => path)),
    }
  })

const limits: fc.Arbitrary<MemoryLimits> = fc
  .record({
    telemetry_keep_rotations: fc.integer({ min: 1, max: 6 }),
    session_max_active: fc.integer({ min: 1, max: 12 }),
    archive_keep_count: fc.integer({ min: 1, max: 20 }),
    total_max_mb: fc.constantFrom(1, 5, 50),
  })
  .map(limitsWith)

/** The folder after the actions, packed files at their expected size. */
function after(before: MemoryFacts, actions: readonly Action[]): MemoryFacts {
  const gone = new Set(actions.filter(({ kind }) => kind !== 'truncate').map(({ path }) => path))
  const stay = <T extends { path: string }>(files: readonly T[]) => files.filter(({ path }) => !gone.has(path))
  const archives = [...before.archives]
  let { totalBytes } = before
  const addArchive = (path: string, size: number, at: number) =>
    archives.push({ path, size, modifiedAt: now, at, series: seriesOf(path) })
  for (const action of actions) {
    if (action.kind === 'truncate') for (const { archive } of action.cuts) addArchive(archive, 0, now)
    else {
      totalBytes -= action.kind === 'prune-archive' ? 0 : action.bytes
      if ('archive' in action) {
        const path = action.kind === 'finish' ? action.archive : action.archive + packedEnding
        const staged = before.staged.find(({ path }) => path === action.path)
        totalBytes += expectedPackedBytes(action.bytes)
        addArchive(path, expectedPackedBytes(action.bytes), staged?.at ?? now)
      }
    }
  }
  const pruned = actions.filter(({ kind }) => kind === 'prune-archive').map(({ path }) => path)
  const kept = archives.filter(({ path }) => !pruned.includes(path))
  totalBytes -= archives.filter(({ path }) => pruned.includes(path)).reduce((sum, { size }) => sum + size, 0)
  const cut = new Map(actions.flatMap((action) => (action.kind === 'truncate' ? [[action.path, action]] : [])))
  return {
    totalBytes,
    logs: stay(before.logs),
    sessions: stay(before.sessions).map((session) => {
      const entries = { ...session.entries }
      for (const { field, keep } of cut.get(session.path)?.cuts ?? []) entries[field] = keep
      return { ...session, entries }
    }),
    archives: kept,
    staged: stay(before.staged),
    windows: stay(before.windows),
    spool: stay(before.spool),
    damaged: stay(before.damaged),
    leftovers: stay(before.leftovers),
    taken: new Set([...kept, ...stay(before.staged)].map(({ path }) => path)),
  }
}

const runs = { numRuns: 2000 }

describe('whatever is in the folder', () => {
  test('no plan touches the running session', () => {
    fc.assert(
      fc.property(facts, limits, (facts, limits) => {
        for (const { path, kind } of plan(facts, limits, moment)) {
          const id = /^session_(.+)_state\.json$|^circuit_breaker_sessions\/(.+)\.json$/.exec(path)
          if (id && kind !== 'prune-archive') expect(belongsTo(id[1] ?? id[2] ?? '', moment.runningSession)).toBe(false)
        }
      }),
      runs,
    )
  })

  test('planning the outcome of a plan gives no action', () => {
    fc.assert(
      fc.property(facts, limits, (facts, limits) => {
        expect(plan(after(facts, plan(facts, limits, moment)), limits, moment)).toEqual([])
      }),
      runs,
    )
  })

  test('nothing is deleted but archives, dead windows and leftovers; the rest stays or is archived, once', () => {
    fc.assert(
      fc.property(facts, limits, (facts, limits) => {
        const actions = plan(facts, limits, moment)
        const deleted = actions.filter(({ kind }) => ['remove-window', 'sweep'].includes(kind)).map(({ path }) => path)
        const precious = [...facts.logs, ...facts.sessions, ...facts.staged, ...facts.damaged].map(({ path }) => path)
        expect(deleted.filter((path) => precious.includes(path))).toEqual([])
        const archives = actions.flatMap((action) =>
          action.kind === 'truncate'
            ? action.cuts.map(({ archive }) => archive)
            : 'archive' in action
              ? [action.archive]
              : [],
        )
        expect(new Set(archives).size).toBe(archives.length)
        for (const path of archives) expect(facts.archives.some((archive) => archive.path === path)).toBe(false)
        for (const action of actions) {
          if (action.kind !== 'prune-archive')
            expect(actions.filter(({ path }) => path === action.path)).toHaveLength(1)
        }
      }),
      runs,
    )
  })

  test('the outcome is inside the limits, but for what is spared by name', () => {
    fc.assert(
      fc.property(facts, limits, (facts, limits) => {
        const outcome = after(facts, plan(facts, limits, moment))
        const newest = new Map<string, number>()
        for (const { series, at } of outcome.archives) newest.set(series, Math.max(at, newest.get(series) ?? 0))
        const fresh = [...newest.values()].filter((at) => now - at < hour).length
        const logs = outcome.archives.filter(({ path }) => path.startsWith('archives/'))
        expect(logs.length).toBeLessThanOrEqual(Math.max(limits.archive_keep_count, fresh))
        for (const series of newest.keys()) {
          expect(logs.filter((archive) => archive.series === series).length).toBeLessThanOrEqual(
            limits.telemetry_keep_rotations,
          )
        }
        const idle = outcome.sessions.filter(({ modifiedAt }) => now - modifiedAt > hour)
        const busy = outcome.sessions.length - idle.length
        const running = idle.filter(({ id }) => belongsTo(id, moment.runningSession)).length
        expect(idle.length - running).toBeLessThanOrEqual(Math.max(0, limits.session_max_active - busy - running))
        for (const { size } of outcome.logs) expect(size).toBeLessThanOrEqual(50 * kilobyte)
        if (outcome.totalBytes > limits.total_max_mb * megabyte * 0.8) {
          expect(outcome.archives.length).toBeLessThanOrEqual(fresh)
        }
      }),
      runs,
    )
  })
})

test('stamped names tell their time and their original', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => {
      expect(parseStampedName(`a.b_telemetry.${timeStamp(at)}.jsonl`)).toEqual({ original: 'a.b_telemetry.jsonl', at })
    }),
  )
})
