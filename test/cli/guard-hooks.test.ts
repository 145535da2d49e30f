import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { type Bench, newBench, put, read, tree } from '../install/folder.ts'
import { settingsSamples } from '../install/settings-samples.ts'

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
