import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hookHealth } from '../../lib/cli/hook-health.ts'
import type { HookClass } from '../../lib/guard/hook-state.ts'
import { hookStates } from '../../lib/guard/hook-states.ts'
import { commandText, pluginEntries } from '../../lib/install/hook-table.ts'
import { Bench, noon } from '../session/bench.ts'

const run = (bench: Bench, ...words: string[]) =>
  hookHealth(bench.system, {
    words,
    colour: false,
    folder: '/nowhere',
    progress: () => ({ add: () => {}, end: () => {} }),
  })
const jsonOf = async (bench: Bench, ...words: string[]) => JSON.parse((await run(bench, '--json', ...words)).out)

const limits = { failure_threshold: 3, cooldown_seconds: 300, success_threshold: 2, timeout_seconds: 30 }
async function play(
  bench: Bench,
  command: string,
  results: string,
  hookClass: HookClass = 'convenience',
): Promise<void> {
  const states = hookStates(bench.system)
  const hook = { command, class: hookClass, limits }
  for (const [at, sign] of [...results].entries()) {
    const ran = { id: `${at}`, durationMs: 10 * (at + 1) }
    await (sign === 'x' ? states.recordFailure(hook, 'exit code 1: boom', ran) : states.recordSuccess(hook, ran))
  }
}

/** A bench in which one hook of two is down. */
async function withOneDown(hookClass: HookClass = 'convenience'): Promise<Bench> {
  const bench = new Bench()
  await play(bench, './ok.sh', '..........')
  await play(bench, './lint.sh --all', '.xxx', hookClass)
  return bench
}

interface Line {
  readonly type?: string
  readonly command: string
  readonly durationMs?: number
  readonly timedOut?: boolean
}
const line = ({ type = 'hook_success', command, ...more }: Line, cwd: string, at = noon): string =>
  JSON.stringify({
    type: 'attachment',
    timestamp: new Date(at).toISOString(),
    cwd,
    attachment: { type, hookName: 'PreToolUse:Bash', hookEvent: 'PreToolUse', toolUseID: 'x', command, ...more },
  })

function transcript(bench: Bench, name: string, lines: readonly string[]): void {
  const folder = join(bench.system.homeFolder, '.claude', 'projects', 'p')
  mkdirSync(join(folder, name, '..'), { recursive: true })
  const path = join(folder, name)
  writeFileSync(path, lines.map((each) => `${each}\n`).join(''))
  bench.system.files.touch(path, noon)
}

describe('hook-health', () => {
  it('where nothing is guarded says how to begin, and makes nothing', async () => {
    const bench = new Bench()
    const { exitCode, out, err } = await run(bench)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('breakerbox guard-hooks')
    expect(readdirSync(bench.project)).toEqual([])
  })

  it('shows each guarded hook, the one that is down first, and exits with 1', async () => {
    const { exitCode, out, err } = await run(await withOneDown())
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: '' })
    expect(out).toMatch(/^Guarded hooks: 2, down: 1$/m)
    expect(out).toMatch(/^OPEN +4 +3 +20 ms +40 ms {2}\.\/lint\.sh --all$/m)
    expect(out).toContain(
      'down since 2026-03-04 12:00:00 UTC after 3 failures in a row; it is skipped for 300 s more (until 2026-03-04 12:05:00 UTC), then tried',
    )
    expect(out).toContain('last error, at 2026-03-04 12:00:00 UTC: exit code 1: boom')
    expect(out).toContain("bring it back: hook-health reset './lint.sh --all'")
    expect(out).toMatch(/^CLOSED +10 +0 +50 ms +100 ms {2}\.\/ok\.sh$/m)
    expect(out.indexOf('lint.sh')).toBeLessThan(out.indexOf('ok.sh'))
  })

  it('as JSON has the promised fields', async () => {
    const bench = await withOneDown('guard')
    bench.now += 100_500
    expect(await jsonOf(bench)).toMatchObject({
      version: 1,
      healthy: false,
      guarded: [
        {
          command: './lint.sh --all',
          state: 'open',
          class: 'guard',
          runs: 4,
          failures: 3,
          consecutiveFailures: 3,
          lastError: 'exit code 1: boom',
          lastFailure: '2026-03-04T12:00:00.000Z',
          downSince: '2026-03-04T12:00:00.000Z',
          retryAt: '2026-03-04T12:05:00.000Z',
          retrySeconds: 200,
          medianMs: 20,
          p95Ms: 40,
        },
        { command: './ok.sh', state: 'closed', retrySeconds: null },
      ],
      unguarded: [],
      statistics: { total_executions: 14, total_failures: 3, hooks_disabled: 1 },
      transcripts: { days: 7, files: 0, bytes: 0, leftOut: 0, damaged: 0 },
    })
  })

  it('says when a guard’s cooldown is over, and what its calls meet until then', async () => {
    const bench = await withOneDown('guard')
    expect((await run(bench)).out).toContain('its calls are asked about or refused for 300 s')
    bench.now += 301_000
    const { exitCode, out } = await run(bench)
    expect(exitCode).toBe(1)
    expect(out).toContain('it is tried at its next run')
  })

  it('names wrong values of the user’s config', async () => {
    const bench = new Bench()
    const folder = join(bench.system.homeFolder, '.claude')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'breakerbox.json'), '{"hook_guard":{"cooldown_seconds":"x"}}')
    expect((await run(bench)).out).toMatch(/Config:.*cooldown_seconds/)
  })
})

describe('hooks that are not guarded', () => {
  it('show what the client recorded of them, those that fail most first', async () => {
    const bench = new Bench()
    const { project } = bench
    transcript(bench, 'a.jsonl', [
      '{"type":"summary"}',
      line({ command: './fine.sh', durationMs: 40 }, project),
      line({ command: './slow.sh', durationMs: 2500 }, project, noon - 60_000),
      '{"attachment":{"type":"hook_success"',
      line({ type: 'hook_cancelled', command: './hangs.sh', durationMs: 60_010, timedOut: true }, project),
      line({ type: 'hook_blocking_error', command: './slow.sh' }, project),
    ])
    transcript(bench, 'a/subagents/agent-1.jsonl', [line({ command: './fine.sh', durationMs: 60 }, project)])
    const { exitCode, out } = await run(bench)
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^Not guarded, as far as the client recorded them: 3$/m)
    expect(out).toMatch(
      /^ +1 +0 +1 +60\.0 s +60\.0 s {2}\.\/hangs\.sh\n +slowest: 60\.0 s on PreToolUse:Bash, 2026-03-04 12:00:00 UTC$/m,
    )
    expect(out).toMatch(/^ +2 +0 +0 +40 ms +60 ms {2}\.\/fine\.sh$/m)
    expect(out).toMatch(/Read 2 transcripts \(0\.0 MB\) of the last 7 days; 1 damaged lines were passed over\./)
    const { unguarded } = await jsonOf(bench)
    expect(unguarded.map(({ command }: Line) => command)).toEqual(['./hangs.sh', './slow.sh', './fine.sh'])
    expect(unguarded[1]).toMatchObject({
      runs: 2,
      refused: 1,
      medianMs: 2500,
      slowest: { ms: 2500, at: '2026-03-04T11:59:00.000Z' },
    })
  })

  it('are not our own, nor what a guard runs; secrets are taken out', async () => {
    const bench = new Bench()
    const own = commandText('project', { executable: 'prompt-intake', form: 'always' })
    const guarded = 'set -- "$HOME"/.claude/hooks/hook-guard.sh 0 30 convenience \'x\'; exec sh "$@"'
    const ofPlugin = pluginEntries().map(({ hook }) => hook.command)
    const commands = [own, ...ofPlugin, guarded, 'hook-guard -- x', 'curl --token abcdef0123456789 x']
    transcript(
      bench,
      'a.jsonl',
      commands.map((command) => line({ command }, bench.project)),
    )
    const { unguarded } = await jsonOf(bench)
    expect(unguarded).toHaveLength(1)
    expect(unguarded[0].command).not.toContain('abcdef')
  })

  it('--days leaves out older runs and files, --project those of other projects', async () => {
    const bench = new Bench()
    const [old, here] = [noon - 3 * 24 * 3600_000, bench.project]
    transcript(bench, 'a.jsonl', [line({ command: 'old' }, here, old), line({ command: 'new' }, here)])
    transcript(bench, 'b.jsonl', [line({ command: 'elsewhere' }, '/elsewhere')])
    transcript(bench, 'c.jsonl', [line({ command: 'below' }, join(here, 'sub'))])
    const commands = async (...words: string[]) =>
      (await jsonOf(bench, ...words)).unguarded.map(({ command }: Line) => command).sort()
    expect(await commands()).toEqual(['below', 'elsewhere', 'new', 'old'])
    expect(await commands('--days', '1')).toEqual(['below', 'elsewhere', 'new'])
    expect(await commands('--project', here, '--days', '0.5')).toEqual(['below', 'new'])
    bench.now += 8 * 24 * 3600_000
    expect((await jsonOf(bench)).transcripts).toMatchObject({ files: 0 })
  })

  it('of the newest 200 transcripts only', async () => {
    const bench = new Bench()
    for (let n = 0; n < 203; n += 1) transcript(bench, `${n}.jsonl`, [line({ command: 'x' }, bench.project)])
    const { transcripts, unguarded } = await jsonOf(bench)
    expect(transcripts).toMatchObject({ files: 200, leftOut: 3 })
    expect(unguarded).toMatchObject([{ runs: 200 }])
  })
})

describe('hook-health reset', () => {
  it.each([['./lint.sh --all'], ['./lint*'], ['--all']])('%s brings it back', async (name) => {
    const bench = await withOneDown('guard')
    const { exitCode, out } = await run(bench, 'reset', name)
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: './lint.sh --all: OPEN → CLOSED\n' })
    expect((await run(bench)).exitCode).toBe(0)
    expect((await jsonOf(bench)).guarded[0]).toMatchObject({ failures: 3, consecutiveFailures: 0 })
  })

  it('where nothing is down says so', async () => {
    const bench = new Bench()
    await play(bench, './ok.sh', '.')
    expect(await run(bench, 'reset', '--all')).toMatchObject({ exitCode: 0, out: expect.stringContaining('nothing') })
    expect((await run(bench, 'reset', './ok.sh')).out).toContain('CLOSED already')
  })

  const client = { pid: 11, name: 'claude', words: ['claude'] }

  it('under the client brings back what may be skipped', async () => {
    const bench = await withOneDown()
    bench.ancestors = [client]
    expect((await run(bench, 'reset', '--all')).exitCode).toBe(0)
    expect((await run(bench)).exitCode).toBe(0)
  })

  it.each([['.xxx'], ['.xx']])(
    'under the client refuses a guard hook that fails (%s), and no other',
    async (results) => {
      const bench = new Bench()
      await play(bench, './protect.sh', results, 'guard')
      await play(bench, './lint.sh', 'xxx')
      bench.ancestors = [client]
      const { exitCode, out, err } = await run(bench, 'reset', '--all')
      expect({ exitCode, out }).toEqual({ exitCode: 1, out: './lint.sh: OPEN → CLOSED\n' })
      expect(err).toMatch(/process 11, claude[\s\S]*protect\.sh[\s\S]*terminal of your own/)
      expect((await jsonOf(bench)).guarded.find(({ command }: Line) => command === './protect.sh')).toMatchObject({
        consecutiveFailures: results.length - 1,
      })
    },
  )
})

describe('a wrong name, option or value: what is allowed, exit code 2', () => {
  it.each<[string[], RegExp]>([
    [['--jsno'], /--json/],
    [['--days', 'x'], /above 0/],
    [['--days', '-1'], /above 0/],
    [['--project', 'no-such-folder'], /no-such-folder/],
    [['reset'], /--all/],
    [['reset', 'x', '--all'], /--all/],
    [['reset', 'nope'], /"nope"[\s\S]*lint\.sh --all/],
    [['nonsense'], /reset|too many arguments/],
  ])('%j', async (words, said) => {
    const { exitCode, out, err } = await run(await withOneDown(), ...words)
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toMatch(said)
  })
})
