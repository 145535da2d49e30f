import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleMark } from '../../lib/install/hook-files.ts'
import { hookFiles } from '../../lib/install/hook-table.ts'
import { prepareInstall } from '../../lib/install/install.ts'
import { InstallError } from '../../lib/install/install-error.ts'
import { perform } from '../../lib/install/steps.ts'
import { prepareUninstall } from '../../lib/install/uninstall.ts'
import { type Bench, exists, install, newBench, put, read, request, tree, uninstall, unpluggedAfter } from './folder.ts'
import { settingsSamples } from './settings-samples.ts'

const inProject = (bench: Bench, ...names: string[]) => join(bench.project, '.claude', ...names)
const settingsOf = (bench: Bench) => inProject(bench, 'settings.json')
const gateOf = (bench: Bench) => inProject(bench, 'hooks', 'circuit-breaker-gate.cjs')

function benchWith(settings: string | undefined): Bench {
  const bench = newBench()
  put(join(bench.project, 'src', 'a.ts'), 'a\n')
  if (settings !== undefined) put(settingsOf(bench), settings, 0o640)
  return bench
}

describe('every sample of settings, in a folder with an odd name', () => {
  test.each(Object.entries(settingsSamples))('%s: a purge leaves the folder as it was', (_, settings) => {
    const bench = benchWith(settings)
    const before = tree(bench.base)
    install(bench)
    expect(tree(bench.base)).not.toEqual(before)
    uninstall(bench, { purge: true })
    expect(tree(bench.base)).toEqual(before)
  })

  test.each(Object.entries(settingsSamples))('%s: installing again changes nothing', (_, settings) => {
    const bench = benchWith(settings)
    install(bench)
    const once = tree(bench.base)
    expect(install(bench)).toEqual([])
    expect(tree(bench.base)).toEqual(once)
  })

  test.each(Object.entries(settingsSamples))('%s: an update in between still gives the bytes back', (_, settings) => {
    const bench = benchWith(settings)
    install(bench)
    fs.writeFileSync(join(bench.bundles, 'prompt-intake.cjs'), 'new\n')
    install(bench, { deny: false })
    expect(read(inProject(bench, 'hooks', 'prompt-intake.cjs'))).toBe('new\n')
    uninstall(bench)
    expect(exists(settingsOf(bench)) ? read(settingsOf(bench)) : undefined).toBe(settings)
    expect(exists(inProject(bench, 'hooks'))).toBe(false)
  })
})

describe('what install makes', () => {
  test('executable hooks, owner-only state, readable settings', () => {
    const bench = newBench()
    install(bench)
    const made = Object.entries(tree(inProject(bench))).map(([name, entry]) => `${name} ${entry.split(' ')[0]}`)
    expect(made).toEqual([
      '. 755',
      './commands 755',
      ...['breaker-why', 'circuit-status', 'reset-circuit'].map((name) => `./commands/${name}.md 644`),
      './hooks 755',
      ...[...hookFiles()].sort().map((name) => `./hooks/${name} 755`),
      './memory 700',
      './memory/.gitignore 600',
      './memory/circuit_breaker_config.json 600',
      './memory/circuit_breaker_install_project.json 600',
      './memory/circuit_breaker_state.json 600',
      './settings.json 644',
    ])
    expect(read(inProject(bench, 'memory', '.gitignore'))).toBe('*\n')
    expect(JSON.parse(read(inProject(bench, 'memory', 'circuit_breaker_state.json')))).toEqual({
      version: 1,
      circuits: [],
    })
  })

  test('config and state that are there stay', () => {
    const bench = newBench()
    put(inProject(bench, 'memory', 'circuit_breaker_config.json'), '{"mode":"observe"}')
    install(bench)
    expect(read(inProject(bench, 'memory', 'circuit_breaker_config.json'))).toBe('{"mode":"observe"}')
  })

  test('a memory folder that others use is not hidden from git', () => {
    const bench = newBench()
    put(inProject(bench, 'memory', 'notes.md'), 'x')
    install(bench)
    expect(read(inProject(bench, 'memory', '.gitignore')).split('\n')).not.toContain('*')
    uninstall(bench, { purge: true })
    expect(Object.keys(tree(inProject(bench)))).toEqual(['.', './memory', './memory/notes.md'])
  })

  test('a memory folder elsewhere gets the state, the record stays in the project', () => {
    const bench = newBench()
    const memory = join(bench.base, 'elsewhere')
    const moved = { ...bench, system: { ...bench.system, env: { BREAKERBOX_MEMORY_DIR: memory } } }
    install(moved)
    expect(fs.readdirSync(memory)).toEqual(['.gitignore', 'circuit_breaker_config.json', 'circuit_breaker_state.json'])
    expect(fs.readdirSync(inProject(bench, 'memory'))).toEqual(['.gitignore', 'circuit_breaker_install_project.json'])
    uninstall(moved, { purge: true })
    expect(exists(memory)).toBe(false)
    expect(fs.readdirSync(bench.project)).toEqual([])
  })

  test('each scope has its own file', () => {
    const bench = newBench()
    install(bench, { scope: 'local' })
    expect(exists(inProject(bench, 'settings.local.json'))).toBe(true)
    expect(exists(settingsOf(bench))).toBe(false)
    install(bench, { scope: 'user' })
    const text = read(join(bench.home, '.claude', 'settings.json'))
    expect(text).toContain('node \\"$HOME\\"/.claude/hooks/prompt-intake.cjs')
    expect(text).not.toContain('CLAUDE_PROJECT_DIR:-.}\\"/.claude/hooks')
    expect(exists(join(bench.home, '.claude', 'memory', 'circuit_breaker_state.json'))).toBe(false)
    uninstall(bench, { scope: 'user', purge: true })
    expect(fs.readdirSync(bench.home)).toEqual([])
  })

  test('the mode of settings is kept', () => {
    const bench = benchWith('{}')
    install(bench)
    expect(fs.statSync(settingsOf(bench)).mode & 0o777).toBe(0o640)
    uninstall(bench)
    expect(fs.statSync(settingsOf(bench)).mode & 0o777).toBe(0o640)
  })
})

describe('what uninstall leaves', () => {
  test('the state, without a purge', () => {
    const bench = newBench()
    install(bench)
    uninstall(bench)
    expect(Object.keys(tree(inProject(bench)))).toEqual([
      '.',
      './memory',
      './memory/.gitignore',
      './memory/circuit_breaker_config.json',
      './memory/circuit_breaker_state.json',
    ])
    expect(uninstall(bench)).toEqual([])
    uninstall(bench, { purge: true })
    expect(fs.readdirSync(bench.project)).toEqual([])
  })

  test('a person’s edit of the settings', () => {
    const bench = benchWith('{\n  "model": "opus"\n}\n')
    install(bench)
    fs.writeFileSync(settingsOf(bench), read(settingsOf(bench)).replace('opus', 'sonnet'))
    uninstall(bench)
    expect(read(settingsOf(bench))).toBe('{\n  "model": "sonnet"\n}\n')
  })

  test('a person’s edit between two installs', () => {
    const bench = benchWith('{\n  "model": "opus"\n}\n')
    install(bench)
    fs.writeFileSync(settingsOf(bench), read(settingsOf(bench)).replace('opus', 'sonnet'))
    install(bench)
    install(bench, { deny: false })
    uninstall(bench)
    expect(read(settingsOf(bench))).toBe('{\n  "model": "sonnet"\n}\n')
  })

  test('settings that were put back by hand, and later installed into again', () => {
    const bench = benchWith('{ "model": "opus" }')
    install(bench)
    fs.writeFileSync(settingsOf(bench), '{ "model":  "other" }')
    install(bench)
    uninstall(bench, { purge: true })
    expect(read(settingsOf(bench))).toBe('{ "model":  "other" }')
  })

  test('nothing in a clone, which has no record', () => {
    const bench = newBench()
    for (const name of hookFiles()) put(join(bench.bundles, name), `#!/usr/bin/env node\n${bundleMark}0.1.0 x\n`)
    put(settingsOf(bench), '{\n  "model": "opus"\n}\n')
    const before = read(settingsOf(bench))
    install(bench)
    fs.rmSync(inProject(bench, 'memory'), { recursive: true })
    uninstall(bench)
    expect(read(settingsOf(bench))).toBe(before)
    expect(fs.readdirSync(inProject(bench, 'hooks'))).toEqual([])
  })

  test.each([
    ['nothing', '{}\n'],
    ['hooks of others', settingsSamples['hooks of others on the same events'] ?? ''],
  ])('nothing of ours after a second install that had no record, in settings with %s', (_, settings) => {
    const bench = benchWith(settings)
    const before = tree(bench.base)
    install(bench)
    // as in a clone, and where somebody has deleted the state
    fs.rmSync(inProject(bench, 'memory'), { recursive: true })
    install(bench)
    uninstall(bench, { purge: true })
    expect(tree(bench.base)).toEqual(before)
  })

  test('nothing in the home folder: there is no state', () => {
    const bench = benchWith(undefined)
    const before = tree(bench.base)
    install(bench, { scope: 'user' })
    uninstall(bench, { scope: 'user' })
    expect(tree(bench.base)).toEqual(before)
  })

  test.each<[what: string, theirs: string[]]>([
    ['nothing but ours', []],
    ['a log of another tool', ['archives/other_telemetry.20260304T120000000Z.jsonl.gz']],
  ])('a purge takes our packed logs out of archives that hold %s', (_, theirs) => {
    const bench = newBench()
    for (const name of theirs) put(inProject(bench, 'memory', name), 'gz')
    const before = tree(bench.base)
    install(bench)
    const packed = inProject(bench, 'memory', 'archives', 'circuit_breaker_incidents.20260304T120000000Z.jsonl.gz')
    put(packed, 'gz')
    uninstall(bench)
    expect(exists(packed)).toBe(true)
    uninstall(bench, { purge: true })
    expect(tree(bench.base)).toEqual(before)
  })

  test('what a plugin has seen, where nothing is installed', () => {
    const bench = newBench()
    put(inProject(bench, 'memory', 'circuit_breaker_seen.json'), '{}', 0o600)
    expect(uninstall(bench)).toEqual([])
    expect(uninstall(bench, { purge: true })).not.toEqual([])
  })

  test('hooks of others, and files that only have the name of ours', () => {
    const bench = newBench()
    install(bench)
    put(inProject(bench, 'hooks', 'mine.mjs'), 'mine')
    put(gateOf(bench), 'somebody wrote this')
    uninstall(bench, { purge: true })
    expect(Object.keys(tree(inProject(bench)))).toEqual([
      '.',
      './hooks',
      './hooks/circuit-breaker-gate.cjs',
      './hooks/mine.mjs',
    ])
  })

  test('what other tools keep in the memory folder', () => {
    const bench = newBench()
    install(bench)
    put(inProject(bench, 'memory', 'circuit_breaker_sessions', 'x', 'y.json'), '{}')
    put(inProject(bench, 'memory', 'circuit_breaker_incidents.jsonl'), '{}\n')
    put(inProject(bench, 'memory', 'tool_telemetry.jsonl'), '{}\n')
    put(inProject(bench, 'memory', 'archives', 'a.gz'), 'x')
    uninstall(bench, { purge: true })
    expect(Object.keys(tree(inProject(bench, 'memory')))).toEqual([
      '.',
      './.gitignore',
      './archives',
      './archives/a.gz',
      './tool_telemetry.jsonl',
    ])
  })

  test('what links point at', () => {
    const bench = newBench()
    install(bench)
    const outside = join(bench.base, 'outside')
    put(join(outside, 'precious'), 'x')
    fs.symlinkSync(outside, inProject(bench, 'memory', 'circuit_breaker_spool'))
    put(inProject(bench, 'memory', 'circuit_breaker_sessions', 'a.json'), '{}')
    fs.symlinkSync(outside, inProject(bench, 'memory', 'circuit_breaker_sessions', 'link'))
    uninstall(bench, { purge: true })
    expect(read(join(outside, 'precious'))).toBe('x')
    expect(fs.readdirSync(bench.project)).toEqual([])
  })

  test('the hooks and the state, while the other scope uses them', () => {
    const bench = newBench()
    install(bench)
    install(bench, { scope: 'local' })
    const change = prepareUninstall(bench.system, { scope: 'project', project: bench.project, purge: true })
    expect(change.notes).toEqual([
      `${inProject(bench, 'settings.local.json')} still uses Breakerbox; hooks and state are kept.`,
    ])
    perform(bench.system, change.steps)
    expect(exists(settingsOf(bench))).toBe(false)
    expect(fs.readdirSync(inProject(bench, 'hooks'))).toEqual([...hookFiles()].sort())
    expect(exists(inProject(bench, 'memory', 'circuit_breaker_state.json'))).toBe(true)
    uninstall(bench, { scope: 'local', purge: true })
    expect(fs.readdirSync(bench.project)).toEqual([])
  })
})

describe('links', () => {
  test('settings that are a link stay one; its target is edited', () => {
    const bench = newBench()
    const target = join(bench.base, 'dotfiles', 'settings.json')
    put(target, '{"a":1}', 0o600)
    fs.mkdirSync(inProject(bench))
    fs.symlinkSync(target, settingsOf(bench))
    const before = tree(bench.base)
    expect(prepareInstall(bench.system, request(bench)).notes.join()).toContain(`its target ${target}`)
    install(bench)
    expect(fs.lstatSync(settingsOf(bench)).isSymbolicLink()).toBe(true)
    expect(read(target)).toContain('circuit-breaker-gate')
    uninstall(bench, { purge: true })
    expect(tree(bench.base)).toEqual(before)
  })

  test('a link to nothing is refused', () => {
    const bench = newBench()
    fs.mkdirSync(inProject(bench))
    fs.symlinkSync(join(bench.base, 'gone'), settingsOf(bench))
    expect(() => install(bench)).toThrow('it is a link to nothing')
  })

  test('a memory folder that is a link is not purged', () => {
    const bench = newBench()
    const elsewhere = join(bench.base, 'elsewhere')
    put(join(elsewhere, 'circuit_breaker_state.json'), '{}')
    fs.mkdirSync(inProject(bench))
    fs.symlinkSync(elsewhere, inProject(bench, 'memory'))
    const change = prepareUninstall(bench.system, { scope: 'project', project: bench.project, purge: true })
    expect(change.notes.join()).toContain('is not followed')
    perform(bench.system, change.steps)
    expect(fs.readdirSync(elsewhere)).toEqual(['circuit_breaker_state.json'])
  })
})

describe('refused, with nothing changed', () => {
  const cases: [string, (bench: Bench) => void, RegExp][] = [
    [
      'broken settings',
      (bench) => put(settingsOf(bench), '{"a": '),
      /settings\.json: not valid JSON, line 1.*nothing was changed$/,
    ],
    ['a foreign shape', (bench) => put(settingsOf(bench), '{"hooks": []}'), /hooks is not an object/],
    ['not UTF-8', (bench) => put(settingsOf(bench), Buffer.from([0xff, 0xfe, 0x7b, 0])), /not UTF-8/],
    ['a folder for settings', (bench) => fs.mkdirSync(settingsOf(bench), { recursive: true }), /it is not a file/],
    ['a foreign hook file', (bench) => put(gateOf(bench), 'mine'), /not a file of Breakerbox/],
    [
      'a hook that is a link',
      (bench) => {
        fs.mkdirSync(inProject(bench, 'hooks'), { recursive: true })
        fs.symlinkSync('x', gateOf(bench))
      },
      /not a file of Breakerbox/,
    ],
    ['no built hooks', (bench) => fs.rmSync(join(bench.bundles, 'prompt-intake.cjs')), /npm run build/],
  ]
  test.each(cases)('%s', (_, spoil, message) => {
    const bench = newBench()
    spoil(bench)
    const before = tree(bench.base)
    expect(() => install(bench)).toThrow(InstallError)
    expect(() => install(bench)).toThrow(message)
    expect(tree(bench.base)).toEqual(before)
  })

  test('uninstalling from broken settings', () => {
    const bench = newBench()
    install(bench)
    put(settingsOf(bench), '{')
    const before = tree(bench.base)
    expect(() => uninstall(bench, { purge: true })).toThrow(InstallError)
    expect(tree(bench.base)).toEqual(before)
  })

  test('the home folder as a project', () => {
    const bench = newBench()
    expect(() => install(bench, { project: bench.home })).toThrow('--scope user')
  })
})

test('a damaged record counts as none', () => {
  const bench = newBench()
  install(bench)
  put(inProject(bench, 'memory', 'circuit_breaker_install_project.json'), '{"version": 1, "settings": ')
  uninstall(bench)
  expect(read(settingsOf(bench)).trim()).toBe('{}')
})

test('a folder inside a repository is told of', () => {
  const bench = newBench()
  fs.mkdirSync(join(bench.base, '.git'))
  expect(prepareInstall(bench.system, request(bench)).notes.join()).toContain(`inside the repository ${bench.base}`)
  fs.mkdirSync(join(bench.project, '.git'))
  expect(prepareInstall(bench.system, request(bench)).notes).toEqual([])
})

describe('the plug is pulled at every file operation', { timeout: 60_000 }, () => {
  const samples = [undefined, settingsSamples['hooks of others on the same events']]
  const unplugged = (bench: Bench, count: number): Bench => {
    return { ...bench, system: { ...bench.system, files: unpluggedAfter(bench.system.files, count) } }
  }
  /** Runs with ever more operations until one gets through; `check` sees each folder that was left in the middle. */
  const atEvery = (
    settings: string | undefined,
    setUp: (bench: Bench) => void,
    act: (bench: Bench) => void,
    check: (bench: Bench) => void,
  ) => {
    for (let count = 0; count < 200; count++) {
      const bench = benchWith(settings)
      setUp(bench)
      try {
        act(unplugged(bench, count))
        expect(count).toBeGreaterThan(5)
        return
      } catch (error) {
        if ((error as Error).constructor.name !== 'Unplugged') throw error
      }
      check(bench)
      fs.rmSync(bench.base, { recursive: true })
    }
    throw new Error('never got through')
  }
  const settingsNameNoMissingHook = (bench: Bench) => {
    if (!exists(settingsOf(bench)) || !read(settingsOf(bench)).includes('circuit-breaker-gate')) return
    for (const name of hookFiles()) expect(exists(inProject(bench, 'hooks', name))).toBe(true)
  }
  const nothing = () => undefined

  test.each(samples)('install, then install completes', (settings) => {
    const whole = benchWith(settings)
    install(whole)
    atEvery(settings, nothing, install, (bench) => {
      settingsNameNoMissingHook(bench)
      install(bench)
      expect(tree(bench.project)).toEqual(tree(whole.project))
    })
  })

  test.each(samples)('install, then uninstall gives everything back', (settings) => {
    const before = tree(benchWith(settings).base)
    atEvery(settings, nothing, install, (bench) => {
      uninstall(bench, { purge: true })
      expect(tree(bench.base)).toEqual(before)
    })
  })

  test.each(samples)('an update, then uninstall gives everything back', (settings) => {
    const update = (bench: Bench) => {
      for (const name of hookFiles()) fs.appendFileSync(join(bench.bundles, name), '// new\n')
    }
    const setUp = (bench: Bench) => {
      install(bench)
      update(bench)
    }
    const after = benchWith(settings)
    update(after)
    const before = tree(after.base)
    atEvery(
      settings,
      setUp,
      (bench) => install(bench, { deny: false }),
      (bench) => {
        settingsNameNoMissingHook(bench)
        uninstall(bench, { purge: true })
        expect(tree(bench.base)).toEqual(before)
      },
    )
  })

  test.each(samples)('uninstall, then uninstall completes', (settings) => {
    const before = tree(benchWith(settings).base)
    const purge = (bench: Bench) => uninstall(bench, { purge: true })
    atEvery(settings, install, purge, (bench) => {
      settingsNameNoMissingHook(bench)
      purge(bench)
      expect(tree(bench.base)).toEqual(before)
    })
  })
})
