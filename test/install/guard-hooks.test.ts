import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { guardFiles } from '../../lib/install/guard-wrap.ts'
import { hookFiles } from '../../lib/install/hook-table.ts'
import { InstallError } from '../../lib/install/install-error.ts'
import { sha256 } from '../../lib/install/record.ts'
import { built } from '../support/built-hook.ts'
import {
  type Bench,
  exists,
  guard,
  install,
  newBench,
  put,
  read,
  release,
  tree,
  uninstall,
  unpluggedAfter,
} from './folder.ts'
import { settingsSamples } from './settings-samples.ts'

const inProject = (bench: Bench, ...names: string[]) => join(bench.project, '.claude', ...names)
const settingsOf = (bench: Bench) => inProject(bench, 'settings.json')
const others = settingsSamples['hooks of others on the same events'] ?? ''
const hooksIn = (bench: Bench): string[] =>
  exists(inProject(bench, 'hooks')) ? fs.readdirSync(inProject(bench, 'hooks')) : []

function benchWith(settings = others): Bench {
  const bench = newBench()
  put(settingsOf(bench), settings, 0o640)
  return bench
}

describe('guarding', () => {
  test('brings the guard, and once is enough', () => {
    const bench = benchWith()
    guard(bench)
    expect(hooksIn(bench)).toEqual([...guardFiles].sort())
    expect(fs.statSync(settingsOf(bench)).mode & 0o777).toBe(0o640)
    const once = tree(bench.base)
    expect(guard(bench)).toEqual([])
    expect(tree(bench.base)).toEqual(once)
  })

  test('an update replaces the guard, and so does an install', () => {
    const bench = benchWith()
    guard(bench)
    const newer = `${read(join(bench.bundles, 'hook-guard.sh'))}# newer\n`
    put(join(bench.bundles, 'hook-guard.sh'), newer)
    install(bench)
    expect(read(inProject(bench, 'hooks', 'hook-guard.sh'))).toBe(newer)
    put(join(bench.bundles, 'hook-guard.sh'), `${newer}# newest\n`)
    guard(bench)
    expect(read(inProject(bench, 'hooks', 'hook-guard.sh'))).toBe(`${newer}# newest\n`)
  })

  test('nothing where there are no settings or no hooks', () => {
    const bench = newBench()
    expect(guard(bench)).toEqual([])
    put(settingsOf(bench), '{}')
    expect(guard(bench)).toEqual([])
    expect(hooksIn(bench)).toEqual([])
  })

  test('somebody else’s file in the way is refused, and the home folder as a project', () => {
    const bench = benchWith()
    put(inProject(bench, 'hooks', 'hook-guard.sh'), 'mine')
    const before = tree(bench.base)
    expect(() => guard(bench)).toThrow(InstallError)
    expect(tree(bench.base)).toEqual(before)
    expect(() => guard(bench, { project: bench.home })).toThrow('--scope user')
  })

  test('the user’s config says how long, and what not', () => {
    const bench = benchWith()
    const config = { hook_guard: { exclude: ['say*'], hooks: [{ command: './check.sh', timeout_seconds: 2 }] } }
    put(join(bench.home, '.claude', 'breakerbox.json'), JSON.stringify(config))
    guard(bench)
    expect(read(settingsOf(bench))).toMatch(/ 2 convenience '\.\/check\.sh'/)
    expect(read(settingsOf(bench))).toContain('"command": "say done"')
  })
})

describe('giving back', () => {
  test('leaves the folder as it was', () => {
    const bench = benchWith()
    const before = tree(bench.base)
    guard(bench)
    expect(tree(bench.base)).not.toEqual(before)
    release(bench)
    expect(tree(bench.base)).toEqual(before)
    expect(release(bench)).toEqual([])
  })

  test('after somebody’s edit only what we did goes', () => {
    const bench = benchWith()
    guard(bench)
    const edited = (text: string) => text.replace('"Stop"', '"Stop" ').replace('"timeout": 5', '"timeout":  7')
    put(settingsOf(bench), edited(read(settingsOf(bench))))
    release(bench)
    expect(read(settingsOf(bench))).toBe(edited(others))
  })

  test('some of them keeps the guard for the others', () => {
    const bench = benchWith()
    guard(bench)
    release(bench, { isMeant: (command) => command.startsWith('say') })
    expect(read(settingsOf(bench))).toContain('"command": "say done"')
    expect(hooksIn(bench)).toEqual([...guardFiles].sort())
  })

  test('keeps a hooks folder that was there, and the guard while the other scope or a hand uses it', () => {
    const bench = benchWith()
    put(inProject(bench, 'hooks', 'mine.sh'), 'x')
    put(inProject(bench, 'settings.local.json'), others)
    guard(bench)
    guard(bench, { scope: 'local' })
    release(bench)
    expect(hooksIn(bench)).toEqual([...guardFiles, 'mine.sh'].sort())
    release(bench, { scope: 'local' })
    expect(hooksIn(bench)).toEqual(['mine.sh'])
    guard(bench)
    const byHand = 'node .claude/hooks/hook-guard.cjs -- say done'
    put(settingsOf(bench), others.replace('say done', byHand))
    release(bench)
    expect(hooksIn(bench)).toContain('hook-guard.cjs')
  })
})

describe('with install', () => {
  const orders: Record<string, ((bench: Bench) => unknown)[]> = {
    'install, guard, uninstall': [install, guard],
    'guard, install, uninstall': [guard, install],
    'guard, install again, uninstall': [install, guard, install],
    'install, guard, another class, uninstall': [install, guard, (bench) => guard(bench, { class: 'guard' })],
    'guard alone, uninstall': [guard],
    'guard, install, give back, uninstall': [guard, install, release],
  }
  describe.each(Object.entries(orders))('%s', (_, acts) => {
    test.each(Object.entries(settingsSamples))('%s: a purge leaves the folder as it was', (__, settings) => {
      const bench = newBench()
      put(join(bench.project, 'src', 'a.ts'), 'a\n')
      if (settings !== undefined) put(settingsOf(bench), settings)
      const before = tree(bench.base)
      for (const act of acts) act(bench)
      uninstall(bench, { purge: true })
      expect(tree(bench.base)).toEqual(before)
    })
  })

  test('giving back leaves what install made; the record knows of both', () => {
    const bench = benchWith()
    install(bench)
    const record = inProject(bench, 'memory', 'circuit_breaker_install_project.json')
    const without = ({ [`./${relative(bench.base, record)}`]: _, ...rest }: Record<string, string>) => rest
    const before = tree(bench.base)
    const filesInRecord = () => JSON.parse(read(record)).hooks.map(({ file }: { file: string }) => file)
    guard(bench)
    expect(filesInRecord()).toEqual([...hookFiles(), ...guardFiles])
    expect(JSON.parse(read(record)).guarded).toEqual([sha256(read(settingsOf(bench)))])
    release(bench)
    expect(without(tree(bench.base))).toEqual(without(before))
    expect(filesInRecord()).toEqual(hookFiles())
    expect(JSON.parse(read(record)).guarded.at(-1)).toBe(sha256(read(settingsOf(bench))))
    expect(release(bench)).toEqual([])
  })

  test('giving back in the last scope that used the guard clears both records', () => {
    const bench = benchWith()
    put(inProject(bench, 'settings.local.json'), others)
    for (const scope of ['project', 'local'] as const) {
      install(bench, { scope })
      guard(bench, { scope })
    }
    for (const scope of ['project', 'local'] as const) release(bench, { scope })
    for (const scope of ['project', 'local'])
      expect(read(inProject(bench, 'memory', `circuit_breaker_install_${scope}.json`))).not.toContain('hook-guard')
  })

  test('our own hooks are not guarded', () => {
    const bench = benchWith('{}')
    install(bench)
    const before = tree(bench.base)
    guard(bench)
    expect(tree(bench.base)).toEqual(before)
  })

  test('uninstalling keeps the guard while the other scope’s hooks are guarded', () => {
    const bench = benchWith()
    put(inProject(bench, 'settings.local.json'), others)
    guard(bench, { scope: 'local' })
    install(bench)
    uninstall(bench)
    expect(hooksIn(bench)).toEqual([...guardFiles].sort())
    uninstall(bench, { scope: 'local' })
    expect(read(inProject(bench, 'settings.local.json'))).toBe(others)
    expect(hooksIn(bench)).toEqual([])
  })
})

describe('the plug is pulled at every file operation', () => {
  /** Every state that a crash leaves behind, one after the other. */
  function atEvery(setUp: (bench: Bench) => void, act: (bench: Bench) => void, check: (bench: Bench) => void): void {
    for (let count = 0; count < 100; count += 1) {
      const bench = benchWith()
      setUp(bench)
      try {
        act({ ...bench, system: { ...bench.system, files: unpluggedAfter(bench.system.files, count) } })
        expect(count).toBeGreaterThan(3)
        return
      } catch (error) {
        if ((error as Error).constructor.name !== 'Unplugged') throw error
      }
      if (read(settingsOf(bench)).includes('hook-guard'))
        for (const name of guardFiles) expect(exists(inProject(bench, 'hooks', name))).toBe(true)
      check(bench)
      fs.rmSync(bench.base, { recursive: true })
    }
    throw new Error('never got through')
  }
  const untouched = tree(benchFolder())
  function benchFolder(): string {
    const bench = fs.mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'guard-'))
    put(join(bench, '.claude', 'settings.json'), others, 0o640)
    return bench
  }

  test('guarding again completes, giving back clears up', () => {
    const whole = benchWith()
    guard(whole)
    const guarded = tree(whole.project)
    atEvery(
      () => undefined,
      guard,
      (bench) => {
        guard(bench)
        expect(tree(bench.project)).toEqual(guarded)
        release(bench)
        expect(Object.keys(tree(bench.project))).toEqual(Object.keys(untouched))
        expect(read(settingsOf(bench))).toBe(others)
      },
    )
  })

  test('giving back again completes', () => {
    atEvery(guard, release, (bench) => {
      release(bench)
      expect(read(settingsOf(bench))).toBe(others)
      expect(hooksIn(bench)).toEqual([])
    })
  })

  test('so does uninstalling', () => {
    const both = (bench: Bench) => {
      install(bench)
      guard(bench)
    }
    atEvery(
      both,
      (bench) => uninstall(bench, { purge: true }),
      (bench) => {
        uninstall(bench, { purge: true })
        expect(read(settingsOf(bench))).toBe(others)
        expect(Object.keys(tree(bench.project))).toEqual(Object.keys(untouched))
      },
    )
  })
})

describe.skipIf(process.platform === 'win32')('what the client then runs', { timeout: 60_000 }, () => {
  const command = `cat; printf '%s|' "it's" "$CLAUDE_PROJECT_DIR" '$HOME' "$A"; echo "e'" >&2; exit 2`
  const settings = JSON.stringify({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } })
  const run = (text: string, bench: Bench) => {
    const env = { PATH: process.env['PATH'], HOME: bench.home, CLAUDE_PROJECT_DIR: bench.project, A: 'a b' }
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', text], {
      input: '{"x":"ü"}',
      encoding: 'utf8',
      env,
      cwd: bench.base,
    })
    return { status, stdout, stderr }
  }
  const commandIn = (path: string): string => JSON.parse(read(path)).hooks.Stop[0].hooks[0].command

  test.each(['project', 'user'] as const)(
    '%s scope: says what the hook says, also where the guard is missing',
    (scope) => {
      const bench = newBench()
      for (const name of guardFiles) fs.copyFileSync(join(built('x'), '..', name), join(bench.bundles, name))
      const path = join(scope === 'user' ? bench.home : bench.project, '.claude', 'settings.json')
      put(path, settings)
      const bare = run(command, bench)
      expect(bare.status).toBe(2)
      guard(bench, { scope })
      for (const _ of ['first', 'second']) expect(run(commandIn(path), bench)).toEqual(bare)
      expect(JSON.parse(read(join(bench.home, '.claude', 'hook_state.json'))).hooks).toHaveProperty([
        command.replace(/\s+/g, ' '),
      ])
      fs.rmSync(join(path, '..', 'hooks'), { recursive: true })
      expect(run(commandIn(path), bench)).toEqual(bare)
    },
  )
})
