import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hookTable } from '../../lib/install/hook-table.ts'
import { exists, install, newBench, read } from './folder.ts'

interface Settings {
  readonly hooks: Record<string, { readonly hooks: { readonly command: string }[] }[]>
}

/** Every command of a settings file, as the client would find it. */
function commandsOf(path: string): [string, string][] {
  const { hooks } = JSON.parse(read(path)) as Settings
  return Object.entries(hooks).flatMap(([event, groups]) =>
    groups.flatMap((group) => group.hooks.map(({ command }): [string, string] => [event, command])),
  )
}

/** Runs a command as the client does: by the shell, from whatever folder the model went to. */
function run(command: string, env: Record<string, string>, cwd: string): string {
  const result = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } })
  return result.stdout + result.stderr
}

describe.skipIf(process.platform === 'win32')('the registered commands run', { timeout: 60_000 }, () => {
  test.each(['project', 'local'] as const)('%s scope', (scope) => {
    const bench = newBench()
    install(bench, { scope })
    const elsewhere = join(bench.project, 'sub folder')
    fs.mkdirSync(elsewhere)
    const file = join(bench.project, '.claude', scope === 'local' ? 'settings.local.json' : 'settings.json')
    const commands = commandsOf(file)
    expect(commands.map(([event]) => event)).toEqual(hookTable.map(({ event }) => event))
    const outputs = commands.map(([, command]) => run(command, { CLAUDE_PROJECT_DIR: bench.project }, elsewhere))
    expect(outputs).toEqual(hookTable.map(({ executable }) => `${executable}.mjs\n`))
  })

  test('user scope', () => {
    const bench = newBench()
    install(bench, { scope: 'user' })
    expect(exists(join(bench.project, '.claude'))).toBe(false)
    const [first] = commandsOf(join(bench.home, '.claude', 'settings.json'))
    expect(run(first?.[1] ?? '', { HOME: bench.home }, bench.project)).toBe('memory-janitor.mjs\n')
  })
})
