import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { hookStates } from '../../lib/guard/hook-states.ts'
import { guardFiles } from '../../lib/install/guard-wrap.ts'
import { type Bench, exists, newBench, put, read, tree } from '../install/folder.ts'
import { settingsSamples } from '../install/settings-samples.ts'
import { built } from '../support/built-hook.ts'

const invocation = (bench: Bench) => ({
  colour: false,
  progress: () => ({ add: () => {}, end: () => {} }),
  folder: bench.bundles,
})
const run = (bench: Bench, ...words: string[]) =>
  breakerbox(bench.system, { ...invocation(bench), words: ['guard-hooks', ...words] })
const others = settingsSamples['hooks of others on the same events'] ?? ''
const settingsOf = (bench: Bench) => join(bench.project, '.claude', 'settings.json')

function benchWith(settings = others): Bench {
  const bench = newBench()
  put(settingsOf(bench), settings)
  return bench
}

describe('breakerbox guard-hooks', () => {
  test('says what becomes of each hook, shows the difference, and what to do next', async () => {
    const bench = benchWith()
    const { exitCode, out, err } = await run(bench)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('guard PreToolUse Bash: ./check.sh (convenience, at most 4 s)\n')
    expect(out).toContain('guard Stop: say done (convenience, at most 30 s)\n')
    expect(out).toMatch(/^- .*"command": "say done"/m)
    expect(out).toMatch(/^\+ .*hook-guard\.sh [0-9a-f]{16} 30 convenience 'say done'/m)
    expect(out).toContain(`create ${join('.claude', 'hooks', 'hook-guard.sh')}\n`)
    expect(out).toContain('3 guarded in .claude/settings.json')
    expect(out).toContain('out of the way for 300 s after 3 failures in a row')
    expect(out).toMatch(/^Note: .*these 2 protect.*--class guard --only \.\/check\.sh/m)
    expect(out).toContain('open /hooks')
    const again = await run(bench)
    expect(again.out).toContain('3 guarded already')
    expect(again.out).not.toContain('open /hooks')
  })

  test('our own hooks are one line', async () => {
    const bench = benchWith()
    await breakerbox(bench.system, { ...invocation(bench), words: ['install'] })
    const { out } = await run(bench)
    expect(out).toMatch(/^leave \d+ of Breakerbox itself$/m)
    expect(out).not.toMatch(/^leave .*circuit-breaker-/m)
  })

  test.each([[[]], [['--undo']], [['--scope', 'user']]])('%j --dry-run changes nothing', async (words) => {
    const bench = benchWith()
    put(join(bench.home, '.claude', 'settings.json'), others)
    if (words[0] === '--undo') await run(bench)
    const before = tree(bench.base)
    const { exitCode, out } = await run(bench, ...words, '--dry-run')
    expect(exitCode).toBe(0)
    expect(tree(bench.base)).toEqual(before)
    expect(out).toMatch(/^A dry run; nothing is changed/)
    expect(out).toMatch(words[0] === '--undo' ? /^\+ .*"say done"/m : /^\+ .*hook-guard/m)
  })

  test('--undo gives back the bytes', async () => {
    const bench = benchWith()
    const before = tree(bench.base)
    await run(bench)
    expect((await run(bench, '--undo')).out).toContain('3 given back')
    expect(tree(bench.base)).toEqual(before)
    expect((await run(bench, '--undo')).out).toContain('No hook is guarded')
  })

  test('--only and --class, also of a hook that is guarded already', async () => {
    const bench = benchWith()
    await run(bench, '--only', 'say*')
    expect(read(settingsOf(bench))).toContain('"command": "./check.sh"')
    await run(bench, '--only', 'say done', '--class', 'guard')
    expect(read(settingsOf(bench))).toMatch(/30 guard 'say done'/)
    const { exitCode, out, err } = await run(bench, '--only', 'nothing*')
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toMatch(/no hook fits "nothing\*"[\s\S]*check\.sh[\s\S]*say done/)
  })

  test('a long time-out of a hook is not cut in silence', async () => {
    const hook = { type: 'command', command: 'npm test', timeout: 300 }
    const bench = benchWith(JSON.stringify({ hooks: { Stop: [{ hooks: [hook] }] } }))
    const { out } = await run(bench)
    expect(out).toMatch(/^Note: npm test may take 300 s now and is ended after 30 s.*timeout_seconds/m)
  })

  test('a project without hooks, and one without settings', async () => {
    expect((await run(benchWith('{}'))).out).toContain('There are no hooks in .claude/settings.json')
    expect((await run(newBench())).out).toContain('There are no hooks in .claude/settings.json')
  })

  test.each<[string[], string]>([
    [['--class', 'other'], 'Allowed choices are convenience, guard.'],
    [['--undo', '--class', 'guard'], 'cannot be used with'],
    [['--project', 'gone'], '--project: there is no folder'],
    [['--onyl', 'x'], 'Did you mean --only?'],
  ])('%j is answered with what is allowed', async (words, message) => {
    const { exitCode, out, err } = await run(benchWith(), ...words)
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toContain(message)
  })

  test('settings that cannot be read: one line, exit code 1', async () => {
    const bench = benchWith('{')
    const { exitCode, err } = await run(bench)
    expect(exitCode).toBe(1)
    expect(err).toMatch(/^breakerbox: .*settings\.json: not valid JSON.*nothing was changed\n$/)
  })
})

describe.skipIf(process.platform === 'win32')('what is known of hooks that are given back', { timeout: 60_000 }, () => {
  const hookOf = (command: string) => JSON.stringify({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } })
  const act = (bench: Bench, ...words: string[]) => breakerbox(bench.system, { ...invocation(bench), words })
  const state = (bench: Bench) => join(bench.home, '.claude', 'hook_state.json')
  const runs = (bench: Bench) => join(bench.home, '.claude', 'hook_runs')

  /** Two projects, each with a guarded hook that has run, one of them until it was down. */
  async function guardedBench(): Promise<{ bench: Bench; other: string }> {
    const bench = benchWith(hookOf('exit 3'))
    for (const name of guardFiles) fs.copyFileSync(join(built('x'), '..', name), join(bench.bundles, name))
    const other = join(bench.base, 'other')
    put(join(other, '.claude', 'settings.json'), hookOf('exit 0'))
    for (const project of [bench.project, other]) {
      await run(bench, '--project', project)
      for (let count = 0; count < 3; count += 1) fire(bench, project)
    }
    const { disabled, hooks } = await hookStates(bench.system).health()
    expect({ disabled, known: Object.keys(hooks).sort() }).toEqual({
      disabled: ['exit 3'],
      known: ['exit 0', 'exit 3'],
    })
    return { bench, other }
  }

  function fire(bench: Bench, project: string): void {
    const { command } = JSON.parse(read(join(project, '.claude', 'settings.json'))).hooks.Stop[0].hooks[0]
    const env = { PATH: process.env['PATH'], HOME: bench.home, CLAUDE_PROJECT_DIR: project }
    spawnSync('/bin/sh', ['-c', command], { input: '{}', env, cwd: project })
  }

  test.each([
    ['guard-hooks', '--undo'],
    ['uninstall', '--purge'],
  ])('%s %s forgets exactly them, and with the last of them the files go', async (...words) => {
    const { bench, other } = await guardedBench()
    expect((await act(bench, ...words, '--dry-run')).exitCode).toBe(0)
    expect((await hookStates(bench.system).health()).disabled).toEqual(['exit 3'])
    const { exitCode, out } = await act(bench, ...words)
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: expect.not.stringContaining('hook_state') })
    const { disabled, hooks } = await hookStates(bench.system).health()
    expect({ disabled, known: Object.keys(hooks) }).toEqual({ disabled: [], known: ['exit 0'] })
    expect(hooks['exit 0']?.execution_count).toBe(3)
    await act(bench, ...words, '--project', other)
    expect(fs.readdirSync(join(bench.home, '.claude'))).toEqual([])
  })

  test('what is not ours stays', async () => {
    const { bench, other } = await guardedBench()
    put(join(runs(bench), 'notes.txt'), 'mine')
    await run(bench, '--undo')
    await run(bench, '--undo', '--project', other)
    expect(fs.readdirSync(runs(bench))).toEqual(['notes.txt'])
    expect(exists(state(bench))).toBe(false)
  })

  test('a state that cannot be changed is a note', async () => {
    const { bench } = await guardedBench()
    put(state(bench), '{')
    const { exitCode, out } = await run(bench, '--undo')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^Note: .*hook_state\.json .*what it knows of these hooks stays\.$/m)
    expect(read(state(bench))).toBe('{')
  })
})
