import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hookFiles, hookTable, pluginEntries } from '../../lib/install/hook-table.ts'
import { markerName } from '../../lib/session/marker.ts'
import { troubleMarker } from '../../lib/session/model-api.ts'
import { marksFolder } from '../../lib/session/session-marks.ts'
import { type Bench, exists, install, newBench, oddName, put } from './folder.ts'

const session = '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'
const mark = `${session}-4711`

interface Scene extends Bench {
  readonly plugin: string
  readonly memory: string
  readonly mark: string
}

/** A plugin in a folder with an odd name, whose hooks print their names, and a project in which everything would start Node. */
function scene(): Scene {
  const bench = newBench()
  const plugin = join(bench.base, `the ${oddName} \`plugin\``)
  for (const name of hookFiles()) put(join(plugin, 'hooks', name), `console.log(${JSON.stringify(name)})\n`)
  const memory = join(bench.project, '.claude', 'memory')
  for (const name of [markerName, troubleMarker]) put(join(memory, name), '')
  return { ...bench, plugin, memory, mark: join(memory, marksFolder, mark) }
}

const entries = pluginEntries()

/** Runs every command as the client does, in the order of the table; what each printed. */
function fire({ project, home, plugin }: Scene, env: Record<string, string> = {}): string[] {
  return entries.map(({ hook }) => {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', hook.command], {
      cwd: home,
      encoding: 'utf8',
      input: '{}',
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        CLAUDE_PROJECT_DIR: project,
        CLAUDE_PLUGIN_ROOT: plugin,
        CLAUDE_CODE_SESSION_ID: session,
        CLAUDE_PID: '4711',
        ...env,
      },
    })
    return status === 0 ? stdout + stderr : `${status} ${stderr}`
  })
}

const all = hookTable.map(({ executable }) => `${executable}.cjs\n`)
const none = hookTable.map(() => '')

describe.skipIf(process.platform === 'win32')('the commands of the plugin', { timeout: 60_000 }, () => {
  test('run from a folder with an odd name', () => {
    expect(fire(scene())).toEqual(all)
  })

  test.each(['project', 'local', 'user'] as const)('step aside for a copy of the %s scope that is at work', (scope) => {
    const here = scene()
    install(here, { scope })
    put(here.mark, '')
    expect(fire(here)).toEqual(none)
    expect(exists(here.mark)).toBe(true)
  })

  test.each<[string, (here: Scene) => Record<string, string> | undefined]>([
    ['has left no mark', (here) => void fs.rmSync(here.mark)],
    ['is at work in another session', () => ({ CLAUDE_CODE_SESSION_ID: session.replace('0', '1') })],
    ['is at work in another client', () => ({ CLAUDE_PID: '4712' })],
    ['may be at work, but the client does not say where', () => ({ CLAUDE_CODE_SESSION_ID: '', CLAUDE_PID: '' })],
    ['has lost its hooks', ({ project }) => void fs.rmSync(join(project, '.claude', 'hooks'), { recursive: true })],
  ])('work where a copy %s', (_how, change) => {
    const here = scene()
    install(here)
    put(here.mark, '')
    expect(fire(here, change(here) ?? {})).toEqual(all)
  })

  test('work from the next prompt on where the settings no longer start the copy', () => {
    const here = scene()
    install(here)
    put(here.mark, '')
    put(join(here.project, '.claude', 'settings.json'), '{}')
    const prompt = hookTable.findIndex(({ event }) => event === 'UserPromptSubmit')
    expect(fire(here)).toEqual([...none.slice(0, prompt), ...all.slice(prompt)])
    expect(exists(here.mark)).toBe(false)
  })

  test('a mark is looked for where the memory folder was moved to', () => {
    const here = scene()
    install(here)
    const memory = join(here.base, 'elsewhere')
    put(join(memory, marksFolder, mark), '')
    expect(fire(here, { BREAKERBOX_MEMORY_DIR: memory })).toEqual(none)
  })
})
