import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { defaultConfig } from '../../lib/config/load.ts'
import type { LoggedCall, LoggedSession } from '../../lib/replay/call-log.ts'
import { replayFiles } from '../../lib/replay/replay-files.ts'
import { findRecordings } from '../../lib/replay/sources.ts'
import { readLines } from '../../lib/system/lines.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { inTurn } from './in-turn.ts'
import type { Part } from './part.ts'
import { middleHalf, ratios, spreadText } from './spread.ts'

/** How fast recorded sessions are replayed, of a folder of call logs or of generated ones. */
export const replay: Part = {
  name: 'replay',
  title: 'Replaying recorded sessions',
  async run({ quick, recordings: folder }) {
    const made = folder === undefined ? mkdtempSync(join(tmpdir(), 'breakerbox-bench-')) : undefined
    try {
      if (made !== undefined) writeFileSync(join(made, 'generated.jsonl'), generated(quick ? 10 : 100, 300))
      const { recordings } = findRecordings(nodeSystem(), [made ?? join(resolve(folder ?? ''), '*.jsonl.gz')])
      let calls = 0
      const seconds = await inTurn(quick ? 2 : 7, {
        floor: () =>
          processorTime(async () => {
            for (const { main } of recordings) for await (const line of readLines(main)) if (line) JSON.parse(line)
          }),
        replay: () => {
          calls = 0
          return processorTime(() =>
            replayFiles(recordings, {
              format: 'calls',
              config: defaultConfig(),
              onSession: (session) => {
                calls += session.calls
              },
              onFile: () => {},
            }),
          )
        },
      })
      const row = (name: string, which: keyof typeof seconds) => [
        name,
        spreadText(middleHalf(seconds[which])),
        Math.round(calls / middleHalf(seconds[which]).middle).toLocaleString('en'),
        spreadText(middleHalf(ratios(seconds[which], seconds.floor)), 1),
      ]
      return {
        columns: ['work', 's', 'calls per second', 'times the floor'],
        rows: [row('floor: read and parse the same lines', 'floor'), row('replay', 'replay')],
        notes: [`${calls.toLocaleString('en')} calls; processor time of all threads.`],
      }
    } finally {
      if (made !== undefined) rmSync(made, { recursive: true })
    }
  },
}

/** Seconds of processor time of this process, all threads. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000_000
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
