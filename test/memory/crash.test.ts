import { appendFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { nodeStreams } from '../../lib/system/node-streams.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Streams } from '../../lib/system/streams.ts'
import type { System } from '../../lib/system/system.ts'
import { type Death, dyingSystem } from './faults.ts'
import { day, hour, limitsWith, type MemoryFolder, memoryFolder, numberedLines, systemAt } from './folder.ts'

/** Without waiting for the disk: a process dies here, not the machine. */
const streams = (): Streams => {
  const real = nodeStreams()
  return { ...real, openSink: (path, keep) => ({ ...real.openSink(path, keep), sync: () => {} }) }
}
const quick = (system: System): System => ({
  ...system,
  files: { ...system.files, create: (path, content) => system.files.create(path, content) },
  sleep: async () => {},
})

const log = 'a_telemetry.jsonl'
const entry = (n: number) => `{"n":${n},"big":9007199254740993}`
const cutSession = `{"evidence_ledger": [${Array.from({ length: 130 }, (_, n) => entry(n)).join(', ')}], "tool_history": [${Array.from({ length: 60 }, () => '"same"').join(',')}]}`

function prepare(): MemoryFolder {
  const folder = memoryFolder()
  folder.write(log, numberedLines(1100))
  folder.write('archives/b_telemetry.20260101T000000000Z.jsonl', numberedLines(1200), day)
  folder.write('session_old_state.json', '{"old": 1.0}', 9 * day)
  folder.write('session_cut_state.json', cutSession, 2 * hour)
  folder.write('x.damaged.1.json', 'torn', 40 * day)
  folder.write('circuit_breaker_sessions/dead.json', '{}', 9 * day)
  return folder
}

/** Everything that must still be there, once, whatever happened. */
function check(folder: MemoryFolder, moreLines: number, when: string) {
  expect(folder.lines(log), when).toEqual(
    numberedLines(1100 + moreLines)
      .trimEnd()
      .split('\n')
      .sort(),
  )
  expect(folder.lines('b_telemetry.jsonl'), when).toEqual(numberedLines(1200).trimEnd().split('\n').sort())
  const contents = Object.entries(folder.contents())
  const values = (wanted: RegExp) => contents.filter(([name]) => wanted.test(name)).map(([, content]) => content)
  expect(values(/old_state/), when).toEqual(['{"old": 1.0}'])
  expect(values(/x\.damaged/), when).toEqual(['torn'])
  const cut = JSON.parse(folder.read('session_cut_state.json'))
  expect([cut.evidence_ledger.length, cut.tool_history.length], when).toEqual([100, 50])
  expect(values(/cut_evidence_ledger/), when).toEqual([Array.from({ length: 30 }, (_, n) => `${entry(n)}\n`).join('')])
  expect(values(/cut_tool_history/), when).toEqual(['"same"\n'.repeat(10)])
  expect(cut.evidence_ledger_summary.count, when).toBe(30)
  const unfinished = contents.map(([name]) => name).filter((name) => /\.(part|tmp|lock)|\.cut-/.test(name))
  expect(unfinished, when).toEqual([])
}

// Dying right after an operation is dying before the next one.
describe.each<Death>(['before', 'half way'])('a process that dies %s a file operation', (death) => {
  test('leaves something that the next run finishes, without losing or doubling anything', async () => {
    const options = { runningSession: 'running', budgetMilliseconds: 30_000, streams: streams() }
    for (let at = 1; ; at++) {
      const folder = prepare()
      const dying = dyingSystem(quick(nodeSystem()), streams(), at, death)
      await runJanitor(dying.system, folder, limitsWith(), {
        ...options,
        streams: dying.streams,
      })
      const when = `died ${death} operation ${at}`
      // The program that writes the log goes on meanwhile.
      appendFileSync(folder.path(log), numberedLines(7, 1100))
      const later = quick(systemAt(2 * hour))
      await runJanitor(later, folder, limitsWith(), options)
      await runJanitor(later, folder, limitsWith(), options)
      expect((await runJanitor(later, folder, limitsWith(), options)).kind, when).toBe('clean')
      check(folder, 7, when)
      folder.remove()
      if (!dying.dead()) {
        expect(at).toBeGreaterThan(100)
        console.info(`${at - 1} operations, death ${death} each`)
        break
      }
    }
  }, 120_000)
})

test('a file that grows between packing and removing is packed to its end', async () => {
  const folder = prepare()
  const streams = nodeStreams()
  let grown = false
  const late = {
    ...streams,
    async openForWriting(paths: readonly string[]) {
      const staged = paths.find((path) => path.includes(`${log.slice(0, -6)}.`))
      if (staged && !grown) {
        grown = true
        appendFileSync(staged, numberedLines(5, 1100))
      }
      return streams.openForWriting(paths)
    },
  }
  const options = { runningSession: undefined, streams: late }
  await runJanitor(nodeSystem(), folder, limitsWith(), options)
  expect(grown).toBe(true)
  await runJanitor(systemAt(2 * hour), folder, limitsWith(), options)
  check(folder, 5, 'grown')
  folder.remove()
})

test('where nobody can say who has a file open, it is packed only after ten quiet minutes', async () => {
  const folder = memoryFolder()
  folder.write(log, numberedLines(1100))
  const blind = { ...nodeStreams(), openForWriting: async () => undefined }
  const options = { runningSession: undefined, streams: blind }
  await runJanitor(nodeSystem(), folder, limitsWith(), options)
  expect(folder.files().filter((name) => name.endsWith('.gz'))).toEqual([])
  expect(folder.lines(log)).toHaveLength(1100)
  await runJanitor(systemAt(hour), folder, limitsWith(), options)
  expect(folder.files()).toHaveLength(1)
  expect(folder.lines(log)).toHaveLength(1100)
  folder.remove()
})

test('a session file that another program replaces meanwhile is left for the next run', async () => {
  const folder = memoryFolder()
  folder.write('session_cut_state.json', cutSession, hour)
  const system = nodeSystem()
  const interrupted = {
    ...system,
    files: {
      ...system.files,
      touch(path: string, at: number) {
        system.files.touch(path, at)
        folder.write('session_cut_state.json', `${cutSession} `, 0)
      },
    },
  }
  const report = await runJanitor(interrupted, folder, limitsWith(), { runningSession: undefined })
  expect(report.records).toMatchObject([
    { action: 'truncate', outcome: 'left', because: 'another program is writing to it' },
  ])
  expect(folder.contents()).toEqual({ 'session_cut_state.json': `${cutSession} ` })
  folder.remove()
})

test('a full disk: logs are set aside at most, nothing is lost, the next run finishes', async () => {
  const folder = memoryFolder()
  folder.write(log, numberedLines(1100))
  const streams = nodeStreams()
  const full = {
    ...streams,
    openSink(path: string, keep: number) {
      const sink = streams.openSink(path, keep)
      const append = () => {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      }
      return { ...sink, append }
    },
  }
  const report = await runJanitor(nodeSystem(), folder, limitsWith(), { runningSession: undefined, streams: full })
  expect(report.records).toMatchObject([{ outcome: 'failed', because: 'ENOSPC: no space left on device' }])
  expect(folder.lines(log)).toHaveLength(1100)
  await runJanitor(nodeSystem(), folder, limitsWith(), { runningSession: undefined })
  expect(folder.files()).toHaveLength(1)
  expect(statSync(folder.path(folder.files()[0] as string)).mode & 0o777).toBe(0o600)
  expect(folder.lines(log)).toHaveLength(1100)
  folder.remove()
})
