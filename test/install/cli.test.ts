import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { version } from '../../lib/cli/version.ts'
import { type Bench, exists, newBench, put, tree } from './folder.ts'

const noProgress = () => ({ add: () => {}, end: () => {} })

const run = (bench: Bench, ...words: string[]) =>
  breakerbox(bench.system, { words, colour: false, progress: noProgress, folder: bench.bundles })

describe('breakerbox', () => {
  test('install, again, uninstall, again', async () => {
    const bench = newBench()
    const first = await run(bench, 'install')
    expect(first).toMatchObject({ exitCode: 0, err: '' })
    expect(first.out).toContain(`create ${join('.claude', 'settings.json')}\n`)
    expect(first.out).toContain(`Breakerbox is installed in ${bench.project} (project scope).\n`)
    expect(first.out).toContain('open /hooks')
    expect((await run(bench, 'install')).out).toContain('already; nothing changed')
    const last = await run(bench, 'uninstall')
    expect(last.out).toContain(`Breakerbox is taken out of ${bench.project} (project scope).\n`)
    expect(last.out).toContain('--purge removes them')
    expect((await run(bench, 'uninstall')).out).toMatch(/is not installed.*\n.*--scope.*claude plugin uninstall/)
    await run(bench, 'uninstall', '--purge')
    expect(exists(join(bench.project, '.claude'))).toBe(false)
  })

  test('--project is taken from the working folder', async () => {
    const bench = newBench()
    put(join(bench.project, 'inner', 'x'), '')
    expect((await run(bench, 'install', '--project', 'inner', '--scope=local', '--no-deny')).exitCode).toBe(0)
    expect(exists(join(bench.project, 'inner', '.claude', 'settings.local.json'))).toBe(true)
  })

  test.each([['install'], ['install', '--scope', 'user'], ['uninstall'], ['uninstall', '--purge']])(
    '%s %s --dry-run changes nothing',
    async (...words) => {
      const bench = newBench()
      put(join(bench.project, '.claude', 'settings.json'), '{\n  "model": "opus"\n}\n')
      if (words[0] === 'uninstall') await run(bench, 'install')
      const before = tree(bench.base)
      const { exitCode, out } = await run(bench, ...words, '--dry-run')
      expect(exitCode).toBe(0)
      expect(tree(bench.base)).toEqual(before)
      expect(out).toMatch(/^A dry run; nothing is changed/)
      expect(out).toMatch(words[0] === 'install' ? /^\+ +"hooks": \{/m : /^- +"hooks": \{/m)
    },
  )

  test('colour only where it is asked for', async () => {
    const bench = newBench()
    expect((await run(bench, 'install', '--dry-run')).out).not.toContain('\u001b')
    const words = ['install', '--dry-run']
    const { out } = await breakerbox(bench.system, { words, colour: true, progress: noProgress, folder: bench.bundles })
    expect(out).toContain('\u001b[32m')
  })

  test.each([
    ['{\n  // mine\n  "model": "opus"\n}\n', 'It has comments'],
    ['{ "disableAllHooks": true }', '"disableAllHooks": true'],
  ])('settings of which the client runs no hook (%j): installed, but not active', async (text, why) => {
    const bench = newBench()
    put(join(bench.project, '.claude', 'settings.json'), text)
    const { exitCode, out } = await run(bench, 'install')
    expect(exitCode).toBe(0)
    const [, first = ''] = out.split(
      `Breakerbox is installed in ${bench.project} (project scope), but is not active:\n`,
    )
    expect(first.split('\n')[0]).toMatch(/^Note: /)
    expect(first.split('\n')[0]).toContain(why)
    expect(out).toMatch(/^Next: mend that, then restart Claude Code/m)
    expect((await run(bench, 'install')).out).toMatch(
      /^Breakerbox is installed .* already, but is not active; nothing changed:\nNote: /,
    )
  })

  test('broken settings: one line, exit code 1', async () => {
    const bench = newBench()
    const settings = join(bench.project, '.claude', 'settings.json')
    put(settings, '{')
    expect(await run(bench, 'install')).toEqual({
      exitCode: 1,
      out: '',
      err: `breakerbox: ${settings}: not valid JSON, line 1, column 2: close brace expected; nothing was changed\n`,
    })
  })

  test.each<[string[], string]>([
    [[], 'Usage: breakerbox'],
    [['instal'], 'Did you mean install?'],
    [['nonsense'], 'Commands: install, uninstall'],
    [['install', '--scop', 'user'], 'Did you mean --scope?'],
    [['install', '--nonsense'], 'Options: --project, --scope, --dry-run, --no-deny'],
    [['install', '--purge'], 'unknown option'],
    [['install', '--scope', 'team'], 'Allowed choices are project, local, user.'],
    [['install', '--project'], 'argument missing'],
    [['install', '--project', 'gone'], '--project: there is no folder'],
    [['install', 'here'], 'too many arguments'],
  ])('%j is answered with what is allowed', async (words, message) => {
    const bench = newBench()
    const { exitCode, out, err } = await run(bench, ...words)
    expect(exitCode).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(message)
    expect(tree(bench.project)).toEqual({ '.': expect.anything() })
  })

  test('--version and --help', async () => {
    const bench = newBench()
    expect(await run(bench, '--version')).toEqual({ exitCode: 0, out: `${version}\n`, err: '' })
    const help = await run(bench, 'install', '--help')
    expect(help).toMatchObject({ exitCode: 0, err: '' })
    expect(help.out).toContain('--dry-run')
  })
})
