import { readdirSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { shortenedJson } from '../../lib/calls/shortened-json.ts'
import { parseHookInput } from '../../lib/protocol/input.ts'
import { eventOf } from '../../lib/session/hook-events.ts'
import { drainWord } from '../../lib/store/spool.ts'
import { built, runFile, runHook } from '../support/built-hook.ts'
import * as payloads from '../support/payloads.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

const spool = '.claude/memory/circuit_breaker_spool'
/** Bytes. */
const size = 10_000_000

function begun(): TempProject {
  const project = createTempProject()
  onTestFinished(() => project.remove())
  return project
}

const batch = (project: TempProject, n: number, call: Omit<payloads.PlannedCall, 'id'>, said: string) =>
  payloads.postToolBatch({ project }, [[{ ...call, id: `toolu_${n}` }, said]])

/** Lets a shell leave a batch, and has it taken in. */
async function throughSpool(project: TempProject, n: number, input: object): Promise<void> {
  project.write(`${spool}/batch-1-${n}.json`, JSON.stringify(input))
  const { exitCode, stderr } = await runFile(built('circuit-breaker-monitor'), [drainWord], { project })
  expect([exitCode, stderr, readdirSync(project.path(spool))]).toEqual([0, '', []])
}

const trips = (project: TempProject): string[] =>
  project
    .readJsonLines<{ kind: string; pattern: string }>('.claude/memory/circuit_breaker_incidents.jsonl')
    .filter(({ kind }) => kind === 'trip')
    .map(({ pattern }) => pattern)

const make = { tool: 'Bash', input: { command: 'make' } }

it.each<[what: string, said: (n: number) => string, tripped: string[]]>([
  ['the same lines', () => 'line of a long result\n'.repeat(size / 22), ['repeated_call']],
  ['the same text, dense in quotes', () => '"\\" ü\n'.repeat(size / 7), ['repeated_call']],
  ['one letter more in the middle each time', (n) => `${'x'.repeat(size / 2 + n)}\n${'y'.repeat(size / 2)}`, []],
])('%s, 10 MB of them: through the spool and by stdin', async (_what, said, tripped) => {
  const project = begun()
  for (const n of [1, 2]) await throughSpool(project, n, batch(project, n, make, said(n)))
  for (const n of [3, 4]) {
    const hook = await runHook('circuit-breaker-monitor', batch(project, n, make, said(n)), { project })
    expect([hook.exitCode, hook.stderr]).toEqual([0, ''])
  }
  expect(trips(project)).toEqual(tripped)
})

it('the gate knows a call with a large input again that the monitor has seen, and tells it from a longer one', async () => {
  const project = begun()
  const put = (content: string) => ({ tool: 'mcp__store__put', input: { content } })
  const [content, longer] = ['"a line"\n'.repeat(size / 11), `${'"a line"\n'.repeat(size / 11)}\n`]
  for (const n of [1, 2, 3, 4])
    await runHook('circuit-breaker-monitor', batch(project, n, put(content), 'done'), { project })
  expect(trips(project)).toEqual(['repeated_call'])
  const ask = (call: Omit<payloads.PlannedCall, 'id'>) =>
    runHook('circuit-breaker-gate', payloads.preToolUse({ project }, { ...call, id: 'toolu_5' }), { project })
  expect((await ask(put(content))).answer?.hookSpecificOutput?.permissionDecision).toBe('deny')
  expect((await ask(put(longer))).answer).toBeUndefined()
})

it.each(['plain ', '"dense"\\', 'ü€𝄞', '\u0007'])(
  'a large Write of %j has one fingerprint in all its events',
  (piece) => {
    const project = begun()
    const call = { tool: 'Write', input: { file_path: '/a/file', content: piece.repeat(1_000_000) }, id: 'toolu_1' }
    const callIn = (payload: object) => {
      const received = parseHookInput(shortenedJson(Buffer.from(JSON.stringify(payload))))
      const event = 'event' in received ? eventOf(received.event, true) : undefined
      if (event?.kind === 'batch') return event.calls[0]?.call
      return event?.kind === 'request' || event?.kind === 'settled' ? event.call : undefined
    }
    const asked = callIn(payloads.preToolUse({ project }, call))
    expect(asked).toMatchObject({ operationKey: expect.any(String), fingerprint: expect.any(String) })
    // with so much else beside it
    const answer = { type: 'create', content: `${call.input.content}!` }
    expect(callIn(payloads.postToolUse({ project }, call, answer))?.fingerprint).toBe(asked?.fingerprint)
    expect(callIn(payloads.postToolUseFailure({ project }, call, 'no'))?.fingerprint).toBe(asked?.fingerprint)
    expect(callIn(payloads.postToolBatch({ project }, [[call, 'done']]))?.fingerprint).toBe(asked?.fingerprint)
  },
)
