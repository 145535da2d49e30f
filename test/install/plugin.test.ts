import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hookTable } from '../../lib/install/hook-table.ts'
import { type Bundle, build, buildPlugin } from '../../scripts/build.mjs'
import { root } from '../support/built-hook.ts'
import { tree } from './folder.ts'

const fresh = mkdtempSync(join(tmpdir(), 'breakerbox-plugin-'))
let bundles: Bundle[]

beforeAll(async () => {
  bundles = await build({ outputFolder: join(fresh, 'dist') })
  await buildPlugin({ bundles: join(fresh, 'dist'), root: fresh })
  return () => rmSync(fresh, { recursive: true, force: true })
})

const json = (...path: string[]) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))
const manifest = json('package.json')

/** Paths and contents below a folder; a clone may give files other modes. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(Object.entries(tree(folder)).map(([path, entry]) => [path, entry.replace(/^\d+ /, '')]))

describe('what is committed', () => {
  test.each(['plugin', '.claude-plugin'])('%s is what a fresh build makes', (folder) => {
    const [committed, made] = [contents(join(root, folder)), contents(join(fresh, folder))]
    const differing = [...new Set([...Object.keys(committed), ...Object.keys(made)])].filter(
      (path) => committed[path] !== made[path],
    )
    expect(differing, `${folder}/ is stale: run \`npm run build\` and commit it`).toEqual([])
  })

  test('a second build makes the same bytes', async () => {
    const again = mkdtempSync(join(tmpdir(), 'breakerbox-plugin-'))
    onTestFinished(() => rmSync(again, { recursive: true, force: true }))
    await build({ outputFolder: join(again, 'dist') })
    const written = await buildPlugin({ bundles: join(again, 'dist'), root: again })
    expect(tree(join(again, 'plugin'))).toEqual(tree(join(fresh, 'plugin')))
    expect(written).toContain('plugin/hooks/hooks.json')
  })

  test('its versions and names are those of package.json', () => {
    const { name, version } = manifest
    expect(json('plugin', '.claude-plugin', 'plugin.json')).toMatchObject({ name, version })
    const { plugins } = json('.claude-plugin', 'marketplace.json')
    // a version in the list would count more than the plugin's own, and could fall behind
    expect(plugins).toEqual([{ name, source: './plugin', description: expect.any(String) }])
    for (const file of hookFilesIn('plugin'))
      expect(readFileSync(join(root, 'plugin', 'hooks', file), 'utf8').split('\n')[1]).toBe(
        `// breakerbox ${version} ${basename(file, '.cjs')}`,
      )
  })
})

const hookFilesIn = (folder: string): string[] =>
  readdirSync(join(root, folder, 'hooks')).filter((name) => name !== 'hooks.json')

describe('the hooks of the plugin', () => {
  interface Entry {
    readonly matcher?: string
    readonly hooks: readonly { readonly command: string; readonly timeout: number }[]
  }
  const entries = Object.entries<Entry[]>(json('plugin', 'hooks', 'hooks.json').hooks).flatMap(([event, groups]) =>
    groups.flatMap(({ matcher, hooks }) => hooks.map(({ command, timeout }) => ({ event, matcher, command, timeout }))),
  )

  test('are those of the table, each once', () => {
    const registered = (each: { event: string; matcher?: string | undefined; timeout: number }) =>
      [each.event, each.matcher, each.timeout].join(' ')
    expect(entries.map(registered).sort()).toEqual(hookTable.map(registered).sort())
    expect(new Set(entries.map(({ event, matcher, command }) => [event, matcher, command].join())).size).toBe(
      entries.length,
    )
  })

  test('start only files of the plugin, by its variable alone', () => {
    for (const { command } of entries) {
      const started = [...command.matchAll(/node ([^\s;]+)/g)].map(([, path = '']) => path)
      expect(started.length).toBeGreaterThan(0)
      for (const path of started) {
        const [, file = ''] = /^"\$\{CLAUDE_PLUGIN_ROOT\}"\/hooks\/([\w-]+\.cjs)$/.exec(path) ?? []
        expect(hookFilesIn('plugin'), path).toContain(file)
      }
    }
  })

  test('find every bundle that they may load or start, each once, and nothing else', () => {
    // What a person puts around hooks of others, or asks for, is for settings, which a plugin has none of; one part is a command's.
    const notOurs = ['hook-guard', 'pattern-tracker', 'status-line', 'circuit-report']
    const wanted = bundles.filter(({ name, kind }) => ['part', 'hook'].includes(kind) && !notOurs.includes(name))
    expect(hookFilesIn('plugin').sort()).toEqual(wanted.map(({ file }) => file).sort())
    expect(wanted.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['fleet-store', 'service-alerts', 'event-flusher', 'prompt-commands']),
    )
  })
})
