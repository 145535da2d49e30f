/**
 * How fast recordings are replayed: `npm run bench:replay [-- DIR]`. Without DIR (call logs, `*.jsonl.gz`) it generates its
 * data. Prints calls per second of processor time, and the same work as a multiple of the floor, which is reading and
 * parsing the same lines and nothing else: that ratio is comparable between computers. Each is the best of several rounds,
 * after one that is thrown away. Exits 1 below `--least` calls per second or above `--most` times the floor.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultConfig } from '../lib/config/load.ts'
import type { LoggedCall, LoggedSession } from '../lib/replay/call-log.ts'
import { replayFiles } from '../lib/replay/replay-files.ts'
import { findRecordings } from '../lib/replay/sources.ts'
import { readLines } from '../lib/system/lines.ts'
import { nodeSystem } from '../lib/system/node-system.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { least: { type: 'string', default: '0' }, most: { type: 'string', default: 'Infinity' } },
})

const rounds = 5
const made = positionals[0] === undefined ? mkdtempSync(join(tmpdir(), 'breakerbox-bench-')) : undefined
try {
  if (made !== undefined) writeFileSync(join(made, 'generated.jsonl'), generated(100, 300))
  const { recordings } = findRecordings(nodeSystem(), [made ?? join(resolve(positionals[0] ?? ''), '*.jsonl.gz')])
  let calls = 0
  const replay = await best(async () => {
    calls = 0
    await replayFiles(recordings, {
      format: 'calls',
      config: defaultConfig(),
      onSession: (session) => {
        calls += session.calls
      },
      onFile: () => {},
    })
  })
  const floor = await best(async () => {
    for (const { main } of recordings) for await (const line of readLines(main)) if (line) JSON.parse(line)
  })
  const perSecond = Math.round(calls / replay)
  const ratio = replay / floor
  console.log(`${calls} calls, best of ${rounds} rounds, processor time of all threads`)
  console.log(`replay   ${replay.toFixed(2)} s, ${perSecond} calls per second`)
  console.log(`floor    ${floor.toFixed(2)} s to read and parse the same lines`)
  console.log(`ratio    ${ratio.toFixed(1)}`)
  if (perSecond < Number(values.least) || ratio > Number(values.most)) process.exitCode = 1
} finally {
  if (made !== undefined) rmSync(made, { recursive: true })
}

/** Least processor time of the rounds, seconds. */
async function best(work: () => Promise<void>): Promise<number> {
  await work()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    least = Math.min(least, (user + system) / 1_000_000)
  }
  return least
}

/** Sessions that search, read, edit and test, with a failure now and then, as a call log. */
function generated(sessions: number, callsEach: number): string {
  let seed = 42
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return (seed >>> 8) % below
  }
  const text = (words: number) => Array.from({ length: words }, () => next(1e6).toString(36)).join(' ')
  const lines: string[] = []
  for (let s = 0; s < sessions; s += 1) {
    const calls = Array.from({ length: callsEach }, (_, i): LoggedCall => {
      const file = `/home/dev/app/src/module-${next(40)}.ts`
      const [tool, input] = (
        [
          ['Bash', { command: `npm test -- ${file} 2>&1 | tail -${next(50)}`, description: text(6) }],
          ['Bash', { command: `cd /home/dev/app && git diff --stat HEAD~${next(9)} && grep -rn "${text(1)}" src` }],
          ['Read', { file_path: file, offset: next(500), limit: 100 }],
          ['Edit', { file_path: file, old_string: text(20), new_string: text(25) }],
          ['Grep', { pattern: text(1), path: '/home/dev/app/src', output_mode: 'content' }],
        ] as const
      )[next(5)] as readonly [string, object]
      const failed = next(12) === 0
      const head = failed ? `Exit code 1\nerror in ${file}: ${text(10)}` : `${text(45)}…`
      return {
        ts: new Date(1_750_000_000_000 + s * 86_400_000 + i * 9000).toISOString(),
        agent: 'main',
        prompt: 1 + Math.floor(i / 40),
        turn: i + 1,
        id: `toolu_${s}_${i}`,
        tool,
        input,
        input_sha: text(2),
        failed,
        fail_kind: failed ? 'exit_code' : null,
        validation_error: false,
        interrupted: false,
        result_sha: text(2),
        result_norm_sha: text(2),
        result_head: head,
      }
    })
    const session: LoggedSession = { session: `session-${s}`, source: 'generated', calls }
    lines.push(JSON.stringify(session))
  }
  return `${lines.join('\n')}\n`
}
