import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { firing } from '../../lib/doctor/client-events.ts'
import { judgeClient } from '../../lib/doctor/client-version.ts'
import { judgeVolume } from '../../lib/doctor/disk-space.ts'
import { examine } from '../../lib/doctor/examine.ts'
import { fileOf } from '../../lib/doctor/hook-answers.ts'
import type { Look } from '../../lib/doctor/look.ts'
import { judgeNode } from '../../lib/doctor/node-version.ts'
import { switches } from '../../lib/doctor/settings-files.ts'
import { type RegisteredHook, settingsSources } from '../../lib/doctor/settings-sources.ts'
import { compareVersions, versionIn } from '../../lib/doctor/versions.ts'
import { hookTable } from '../../lib/install/hook-table.ts'
import { openProject } from '../../lib/session/project.ts'
import type { Machine, Volume } from '../../lib/system/machine.ts'
import { nodeMachine } from '../../lib/system/node-machine.ts'
import { Bench } from '../session/bench.ts'

test.each([
  ['2.1.330 (Claude Code)', '2.1.330'],
  ['v20.20.2', '20.20.2'],
  ['20.20.2', '20.20.2'],
  ['claude 2.0', '2.0'],
  ['3', undefined],
  ['', undefined],
])('the version in %j is %j', (text, version) => {
  expect(versionIn(text)).toBe(version)
})

test.each([
  ['2.1.9', '2.1.10', -1],
  ['20', '20.0.0', 0],
  ['21.0', '20.9.9', 1],
])('%s against %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
})

test('of every event that is used, something is known; what no source says is not claimed', () => {
  const events = [...new Set(hookTable.map(({ event }) => event))]
  expect(events.filter((event) => firing(event, '2.1.330') !== 'fires')).toEqual([])
  expect(firing('StopFailure', '2.1.77')).toBe('does not fire')
  expect(firing('StopFailure', '2.1.78')).toBe('fires')
  expect(firing('PostToolBatch', '2.1.329')).toBe('not known')
  expect(firing('Nonsense', '9.9.9')).toBe('not known')
  expect(judgeClient({ said: '1.0.0' })[0]).toMatchObject({ id: 'client-too-old', command: 'claude update' })
})

describe('the Node of hooks', () => {
  const own = { version: '22.1.0', path: '/opt/my node/bin/node' }
  const lowest = '20.0'
  test.each<[found: { version: string | undefined; path: string } | undefined, id: string]>([
    [{ version: '20.0.0', path: '/usr/bin/node' }, 'node'],
    [{ version: '19.9.9', path: '/usr/bin/node' }, 'node-too-old'],
    [{ version: undefined, path: '/usr/bin/node' }, 'node-not-found'],
    [undefined, 'node-not-found'],
  ])('%j: %s', (found, id) => {
    const [told] = judgeNode({ lowest, own, ...(found === undefined ? {} : { found }) })
    expect(told?.id).toBe(id)
    if (id !== 'node') expect(told?.command).toBe(`export PATH='/opt/my node/bin':"$PATH"`)
  })

  test('a command that itself runs on an old one does not recommend it', () => {
    const old = { version: '18.0.0', path: '/usr/bin/node' }
    expect(judgeNode({ lowest, own: old, found: old })[0]).not.toHaveProperty('command')
  })
})

/** An examination of an empty project with another machine below it. */
async function on(machine: Partial<Machine>, prepare: (bench: Bench) => void = () => {}) {
  const bench = new Bench()
  prepare(bench)
  const { findings } = await examine(
    openProject(bench.system),
    { ...nodeMachine, ...machine },
    {
      bundles: '/nowhere',
      quick: true,
    },
  )
  return findings.filter(({ level, id }) => level !== 'ok' && id !== 'not-installed')
}

describe('a machine', () => {
  const roomy: Volume = { freeBytes: 1e12, freeFiles: 1e6, type: 0xef53 }
  test.each<[string, Partial<Volume>, string[]]>([
    ['with room', {}, []],
    ['whose file system counts no files', { freeFiles: undefined }, []],
    ['with 50 MB', { freeBytes: 50_000_000 }, ['note disk-low']],
    ['with 1 MB', { freeBytes: 1_000_000 }, ['problem disk-full']],
    ['with no file left', { freeFiles: 0 }, ['problem disk-full']],
    ['with few files left', { freeFiles: 1000 }, ['note disk-low']],
    ['with its memory on NFS', { type: 0x6969 }, ['note network-file-system']],
    ['with its memory on SMB, whose number is negative', { type: 0xfe534d42 | 0 }, ['note network-file-system']],
  ])('%s', async (_what, volume, expected) => {
    const found = await on({ platform: 'linux', volumeOf: () => ({ ...roomy, ...volume }) as Volume })
    expect(found.map(({ level, id }) => `${level} ${id}`)).toEqual(expected)
  })

  test.each<[Partial<Volume>, string]>([
    [{ freeBytes: 74 * 1024 ** 3 }, '74 GB free on the disk of '],
    [{ freeBytes: 1.5 * 1024 ** 3, freeFiles: undefined }, '1.5 GB free on the disk of '],
    [{ freeBytes: 200 * 1024 ** 2 }, '200.0 MB free on the disk of '],
    [{ freeFiles: 1000 }, '931 GB and 1000 files free on the disk of '],
  ])('with %j has “%s”', (volume, room) => {
    const { system } = new Bench()
    const look = {
      system,
      project: openProject(system),
      machine: { ...nodeMachine, platform: 'linux' },
    } as unknown as Look
    expect(judgeVolume(look, { ...roomy, ...volume } as Volume)[0]?.title.startsWith(room)).toBe(true)
  })

  test('whose numbers of file systems mean something else is not judged by them', async () => {
    expect(await on({ platform: 'darwin', volumeOf: () => ({ ...roomy, type: 0x6969 }) })).toEqual([])
  })

  test('on which the memory folder, or a file in it, belongs to somebody else', async () => {
    const memory = (bench: Bench) => {
      bench.now = Date.now()
      mkdirSync(bench.memory, { recursive: true, mode: 0o700 })
      writeFileSync(bench.path('.gitignore'), '*\n')
    }
    const owned = (isTheirs: (path: string) => boolean) =>
      on({ userId: 1000, ownerOf: (path) => (isTheirs(path) ? 0 : 1000) }, memory)
    expect(await owned(() => false)).toEqual([])
    expect(await owned((path) => path.endsWith('memory'))).toMatchObject([
      { id: 'memory-not-ours', level: 'problem', title: expect.stringMatching(/memory belongs to user 0$/) },
    ])
    expect(await owned((path) => path.endsWith('.gitignore'))).toMatchObject([
      {
        id: 'memory-not-ours',
        detail: [expect.anything(), '.gitignore'],
        fix: { command: expect.stringMatching(/^sudo chown -R 1000 /), safe: false },
      },
    ])
  })

  test('a check that fails is a finding, and the others go on', async () => {
    const found = await on({
      volumeOf() {
        throw new Error('no such call')
      },
    })
    expect(found).toMatchObject([
      { id: 'check-failed', level: 'problem', title: 'disk could not be looked at: no such call' },
    ])
  })

  test('a program that does not end is ended, with what it started', async () => {
    const ran = await nodeMachine.run('/bin/sh', ['-c', 'sleep 30 & echo begun; sleep 30'], {
      folder: tmpdir(),
      env: { PATH: process.env['PATH'] },
      timeoutMs: 300,
    })
    expect(ran).toEqual({ stdout: 'begun\n', stderr: '', timedOut: true })
  })

  test('a program that is not there says so', async () => {
    const ran = await nodeMachine.run('/no/such/program', [], { folder: tmpdir(), env: {}, timeoutMs: 1000 })
    expect(ran).toMatchObject({ timedOut: false, stderr: expect.stringContaining('ENOENT') })
    expect(ran).not.toHaveProperty('code')
  })
})

test("an administrator's settings and their fragments switch hooks off", () => {
  const managed = realpathSync(mkdtempSync(join(tmpdir(), 'breakerbox-managed-')))
  onTestFinished(() => rmSync(managed, { recursive: true }))
  mkdirSync(join(managed, 'managed-settings.d'))
  writeFileSync(join(managed, 'managed-settings.json'), '{ "allowManagedHooksOnly": true }')
  writeFileSync(join(managed, 'managed-settings.d', '10-a.json'), '{ "disableAllHooks": true }')
  writeFileSync(join(managed, 'managed-settings.d', '.hidden.json'), '{')
  const bench = new Bench()
  const sources = settingsSources(bench.system, bench.project, managed)
  expect(sources.map(({ kind, settings }) => [kind, settings])).toEqual([
    ['managed', { allowManagedHooksOnly: true }],
    ['managed', { disableAllHooks: true }],
  ])
  const look = { sources, system: bench.system, machine: nodeMachine } as unknown as Look
  expect(switches.examine(look)).toMatchObject([
    { id: 'hooks-disabled', level: 'problem', title: expect.stringContaining('10-a.json') },
    { id: 'hooks-managed-only', level: 'problem', title: expect.stringContaining('managed-settings.json') },
  ])
  // In other settings the client passes it over.
  const own = sources.slice(0, 1).map((source) => ({ ...source, kind: 'user' as const }))
  expect(switches.examine({ ...look, sources: own })).toMatchObject([{ id: 'switches', level: 'ok' }])
})

describe('the file that an entry written by hand starts', () => {
  const file = (bench: Bench, command: string, args?: readonly string[]): string | undefined => {
    const hook = {
      source: { kind: 'project', path: '', settings: {} },
      event: 'PreToolUse',
      matcher: '',
      command,
      ...(args === undefined ? {} : { args }),
      isOwn: false,
      executable: 'circuit-breaker-gate',
    } satisfies RegisteredHook
    return fileOf({ system: bench.system, project: openProject(bench.system) }, hook)
  }
  const gate = '.claude/hooks/circuit-breaker-gate.cjs'

  test.each([
    [`node "$CLAUDE_PROJECT_DIR"/${gate}`],
    [`node "\${CLAUDE_PROJECT_DIR:-.}/${gate}"`],
    [`exec node $CLAUDE_PROJECT_DIR/${gate}`],
  ])('%s', (command) => {
    const bench = new Bench()
    expect(file(bench, command)).toBe(join(bench.project, gate))
  })

  test('of a program without a shell', () => {
    const bench = new Bench()
    expect(file(bench, 'node', [`\${CLAUDE_PROJECT_DIR}/${gate}`])).toBe(join(bench.project, gate))
    // No shell takes anything away.
    expect(file(bench, 'node', [`/a"b/${gate}`])).toBe(`/a"b/${gate}`)
    expect(file(bench, 'node', [`$HOME/${gate}`])).toBeUndefined()
    expect(file(bench, 'node', ['--require', `/a/${gate}`])).toBeUndefined()
  })

  test.each([
    [`node ${gate}; rm x`],
    [`node --require ./evil.js /a/${gate}`],
    [`node ./evil.js /a/${gate}`],
    [`node "$(evil)/${gate}"`],
    [`node /a/${gate} | evil`],
    [`node \`evil\`/${gate}`],
    [`node $OTHER/${gate}`],
    [`sh -c 'node /a/${gate}'`],
    [`python /a/${gate}`],
    [`node ${gate}`],
    // What the shell makes of these is another file.
    [`node "$CLAUDE_PROJECT_DIR"/[a]/${gate}`],
    [`node "$CLAUDE_PROJECT_DIR"/a*/${gate}`],
    [`node "$CLAUDE_PROJECT_DIR"/{a,b}/${gate}`],
    [`node "$CLAUDE_PROJECT_DIR"/'a"b'/${gate}`],
    [`node "$CLAUDE_PROJECT_DIR/a'b/${gate}"`],
    [`node "$CLAUDE_PROJECT_DIR"/'$HOME'/${gate}`],
    [`node "$CLAUDE_PROJECT_DIR"/\${CLAUDE_PLUGIN_ROOT:+a}/${gate}`],
    [`node "$CLAUDE_PROJECT_DIRS"/${gate}`],
    // Time in proportion to the length, whatever a cloned repository writes there.
    [`node ${'a'.repeat(50_000)};`],
  ])('is not told from %s', (command) => {
    expect(file(new Bench(), command)).toBeUndefined()
  })
})
