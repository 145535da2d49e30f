import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { denyRules } from '../../lib/install/hook-table.ts'
import { InstallError } from '../../lib/install/install-error.ts'
import { sha256 } from '../../lib/install/record.ts'
import { prepareStatusLine } from '../../lib/install/status-line.ts'
import {
  type Bench,
  exists,
  guard,
  hideStatus,
  install,
  newBench,
  put,
  read,
  release,
  showStatus,
  tree,
  uninstall,
  unpluggedAfter,
} from './folder.ts'
import { settingsSamples } from './settings-samples.ts'

const inProject = (bench: Bench, ...names: string[]) => join(bench.project, '.claude', ...names)
const settingsOf = (bench: Bench, name = 'settings.json') => inProject(bench, name)
const ownFile = (bench: Bench) => inProject(bench, 'hooks', 'status-line.cjs')
const own = '{\n  "statusLine": { "type": "command", "command": "echo \'mine\'", "padding": 1 }\n}\n'
const notes = (bench: Bench, scope: 'project' | 'local' | 'user') =>
  prepareStatusLine(bench.system, { scope, project: bench.project, bundles: bench.bundles, shell: true }).notes

function benchWith(settings: string | undefined = own): Bench {
  const bench = newBench()
  if (settings !== undefined) put(settingsOf(bench), settings, 0o640)
  return bench
}

describe('installing', () => {
  test('brings the file, keeps the mode, and once is enough', () => {
    const bench = benchWith()
    showStatus(bench)
    expect(fs.readdirSync(inProject(bench, 'hooks'))).toEqual(['status-line.cjs'])
    expect(fs.statSync(settingsOf(bench)).mode & 0o777).toBe(0o640)
    const once = tree(bench.base)
    expect(showStatus(bench)).toEqual([])
    expect(tree(bench.base)).toEqual(once)
  })

  test.each(['project', 'local', 'user'] as const)('in an empty project, %s scope: leaves nothing behind', (scope) => {
    const bench = newBench()
    const before = tree(bench.base)
    showStatus(bench, { scope })
    expect(tree(bench.base)).not.toEqual(before)
    hideStatus(bench, { scope })
    expect(tree(bench.base)).toEqual(before)
    expect(hideStatus(bench, { scope })).toEqual([])
  })

  test('an update renews the file, and so does an install', () => {
    const bench = benchWith()
    showStatus(bench)
    const newer = `${read(join(bench.bundles, 'status-line.cjs'))}// newer\n`
    put(join(bench.bundles, 'status-line.cjs'), newer)
    install(bench)
    expect(read(ownFile(bench))).toBe(newer)
    expect(exists(inProject(bench, 'hooks', 'hook-guard.cjs'))).toBe(false)
    put(join(bench.bundles, 'status-line.cjs'), `${newer}// newest\n`)
    showStatus(bench)
    expect(read(ownFile(bench))).toBe(`${newer}// newest\n`)
  })

  test('somebody else’s file in the way is refused, and the home folder as a project', () => {
    const bench = benchWith()
    put(ownFile(bench), 'mine')
    const before = tree(bench.base)
    expect(() => showStatus(bench)).toThrow(InstallError)
    expect(tree(bench.base)).toEqual(before)
    expect(() => showStatus(bench, { project: bench.home })).toThrow('--scope user')
  })

  test('a line that prints the segment by another way gets no file', () => {
    const bench = benchWith(own.replace('echo', 'circuit-status --statusline; echo'))
    expect(showStatus(bench)).toEqual([])
  })

  test('an install without a status line brings no file of it, and its rules keep the model off one', () => {
    const bench = newBench()
    install(bench)
    expect(exists(ownFile(bench))).toBe(false)
    expect(denyRules('user')).toContain('Edit(~/.claude/hooks/status-line*)')
  })
})

describe('another scope', () => {
  test('whose line would no longer show: refused, with the way to show both', () => {
    const bench = newBench()
    put(join(bench.home, '.claude', 'settings.json'), own)
    for (const scope of ['project', 'local'] as const) {
      expect(() => showStatus(bench, { scope })).toThrow(/home .*settings\.json.*--scope user/)
    }
    expect(exists(inProject(bench))).toBe(false)
    showStatus(bench, { scope: 'user' })
    expect(read(join(bench.home, '.claude', 'settings.json'))).toContain('status-line.cjs')
    // The project's own line hides the user's anyway.
    put(settingsOf(bench), own)
    showStatus(bench)
    expect(read(settingsOf(bench))).toContain('status-line.cjs')
    put(settingsOf(bench, 'settings.local.json'), '{}')
    expect(() => showStatus(bench, { scope: 'local' })).toThrow(/--scope user|--scope project/)
  })

  test('that hides this one is named', () => {
    const bench = newBench()
    put(settingsOf(bench), own)
    expect(notes(bench, 'user')).toEqual([expect.stringContaining(`${settingsOf(bench)} has a status line of its own`)])
    expect(notes(newBench(), 'user')).toEqual([])
    expect(notes(newBench(), 'project')).toEqual([expect.stringContaining('--scope user or local')])
  })

  test('that shares the hooks folder keeps the file', () => {
    const bench = benchWith()
    const before = read(settingsOf(bench))
    put(settingsOf(bench, 'settings.local.json'), own)
    showStatus(bench)
    showStatus(bench, { scope: 'local' })
    hideStatus(bench)
    expect(read(settingsOf(bench))).toBe(before)
    expect(exists(ownFile(bench))).toBe(true)
    uninstall(bench)
    expect(exists(ownFile(bench))).toBe(true)
    uninstall(bench, { scope: 'local' })
    expect(exists(inProject(bench, 'hooks'))).toBe(false)
    expect(read(settingsOf(bench, 'settings.local.json'))).toBe(own)
  })

  test('or a hand that uses it', () => {
    const bench = benchWith()
    showStatus(bench)
    put(settingsOf(bench), own.replace('echo', 'node .claude/hooks/status-line.cjs; echo'))
    hideStatus(bench)
    expect(exists(ownFile(bench))).toBe(true)
  })
})

describe('giving back', () => {
  test('after somebody’s edit only what we did goes', () => {
    const bench = benchWith()
    showStatus(bench)
    const edited = (text: string) =>
      text.replace('"padding": 1', '"padding":  7').replace('{\n', '{\n  "model": "opus",\n')
    put(settingsOf(bench), edited(read(settingsOf(bench))))
    hideStatus(bench)
    expect(read(settingsOf(bench))).toBe(edited(own))
  })

  test('a link stays a link, and other hooks stay', () => {
    const bench = newBench()
    put(join(bench.base, 'dotfiles', 'settings.json'), own)
    put(inProject(bench, 'hooks', 'mine.sh'), 'x')
    fs.symlinkSync(join(bench.base, 'dotfiles', 'settings.json'), settingsOf(bench))
    const before = tree(bench.base)
    showStatus(bench)
    hideStatus(bench)
    expect(tree(bench.base)).toEqual(before)
  })

  test('a power cut at any step leaves settings that can be given back', () => {
    for (let steps = 0; ; steps += 1) {
      const bench = benchWith()
      const before = tree(bench.base)
      const cut = { ...bench, system: { ...bench.system, files: unpluggedAfter(bench.system.files, steps) } }
      let isDone = false
      try {
        showStatus(cut as Bench)
        isDone = true
      } catch {}
      const text = read(settingsOf(bench))
      if (text !== own) expect(exists(ownFile(bench))).toBe(true)
      hideStatus(bench)
      expect(read(settingsOf(bench))).toBe(own)
      if (isDone) {
        expect(steps).toBeGreaterThan(3)
        expect(tree(bench.base)).toEqual(before)
        return
      }
    }
  })
})

describe('with install and guarded hooks', () => {
  const orders: Record<string, ((bench: Bench) => unknown)[]> = {
    'show alone': [showStatus],
    'show, install': [showStatus, install],
    'install, show, install': [install, showStatus, install],
    'show, install, hide': [showStatus, install, hideStatus],
    'show, guard, install, release': [showStatus, guard, install, release],
  }
  const samples = { ...settingsSamples, 'a status line': own }
  describe.each(Object.entries(orders))('%s', (_, acts) => {
    test.each(Object.entries(samples))('%s: a purge leaves the folder as it was', (__, settings) => {
      const bench = newBench()
      put(join(bench.project, 'src', 'a.ts'), 'a\n')
      if (settings !== undefined) put(settingsOf(bench), settings)
      const before = tree(bench.base)
      for (const act of acts) act(bench)
      uninstall(bench, { purge: true })
      expect(tree(bench.base)).toEqual(before)
    })
  })

  test('hiding gives back what install wrote, and install and its record go on to fit', () => {
    const bench = benchWith()
    install(bench)
    const installed = read(settingsOf(bench))
    showStatus(bench)
    const record = () => JSON.parse(read(inProject(bench, 'memory', 'circuit_breaker_install_project.json')))
    expect(record().guarded).toContain(sha256(read(settingsOf(bench))))
    expect(record().hooks.map(({ file }: { file: string }) => file)).toContain('status-line.cjs')
    hideStatus(bench)
    expect(read(settingsOf(bench))).toBe(installed)
    expect(record().hooks.map(({ file }: { file: string }) => file)).not.toContain('status-line.cjs')
    expect(exists(ownFile(bench))).toBe(false)
    expect(exists(inProject(bench, 'hooks', 'circuit-breaker-gate.cjs'))).toBe(true)
  })
})
