import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installedFolder } from '../../lib/session/installed-mark.ts'
import { Bench } from './bench.ts'

const session = '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'
const other = '1b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b'

function newBench(env: Record<string, string> = {}): Bench {
  const bench = new Bench()
  bench.env = { CLAUDE_CODE_SESSION_ID: session, CLAUDE_PID: '4711', ...env }
  return bench
}

const start = (bench: Bench, source = 'startup') => bench.send({ hook_event_name: 'SessionStart', source })
const marks = (bench: Bench) => {
  const folder = bench.path(installedFolder)
  return existsSync(folder) ? readdirSync(folder) : []
}

describe('the mark of an installed copy', () => {
  it('is left when a session starts, once, and anew for the session after a /clear', async () => {
    const bench = newBench()
    for (const source of ['startup', 'compact', 'resume']) expect((await start(bench, source)).notes).toEqual([])
    expect(marks(bench)).toEqual([`${session}-4711`])
    bench.env['CLAUDE_CODE_SESSION_ID'] = other
    await start(bench, 'clear')
    expect(marks(bench)).toEqual([`${session}-4711`, `${other}-4711`])
  })

  it.each<[string, Record<string, string>]>([
    ['by the plugin', { CLAUDE_PLUGIN_ROOT: '/plugins/breakerbox' }],
    ['where the client does not name the session', { CLAUDE_CODE_SESSION_ID: '' }],
    ['where it does not name itself', { CLAUDE_PID: '' }],
    ['for a name that is a path', { CLAUDE_CODE_SESSION_ID: `../../${session.slice(6)}` }],
  ])('is not left %s', async (_why, env) => {
    const bench = newBench(env)
    expect((await start(bench)).notes).toEqual([])
    expect(marks(bench)).toEqual([])
  })

  it('is not left behind a link, nor is anything removed there', async () => {
    const bench = newBench()
    const elsewhere = join(bench.project, 'elsewhere')
    mkdirSync(elsewhere)
    for (let i = 0; i < 120; i += 1) old(bench, join(elsewhere, `${session}-${i}`))
    mkdirSync(bench.memory, { recursive: true })
    symlinkSync(elsewhere, bench.path(installedFolder))
    await start(bench)
    expect(readdirSync(elsewhere)).toHaveLength(120)
  })

  it('keeps their number bounded: of many, those of the last hour stay, and what is none of them', async () => {
    const bench = newBench()
    mkdirSync(bench.path(installedFolder), { recursive: true })
    for (let i = 0; i < 99; i += 1) old(bench, bench.path(installedFolder, `${other}-${i}`))
    old(bench, bench.path(installedFolder, 'notes.txt'))
    await start(bench)
    expect(marks(bench)).toHaveLength(101)
    writeFileSync(bench.path(installedFolder, `${other}-100`), '')
    await start(bench)
    expect(marks(bench).sort()).toEqual([`${other}-100`, `${session}-4711`, 'notes.txt'].sort())
  })

  it('hinders nothing where it cannot be left', async () => {
    const bench = newBench()
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(bench.path(installedFolder), '')
    expect((await start(bench)).notes).toEqual([])
  })
})

/** A file of two hours ago, by the clock of the bench. */
function old(bench: Bench, path: string): void {
  writeFileSync(path, '')
  const at = new Date(bench.now - 2 * 60 * 60 * 1000)
  utimesSync(path, at, at)
}
