import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fineIds } from '../../lib/doctor/finding.ts'
import { built, root as projectRoot } from '../support/built-hook.ts'
import { hasRedis, noRedis, startRedis } from '../support/redis-server.ts'
import { changeSettings, configPath, inHome, settingsPath } from './broken.ts'
import { everything, findingOf, type Installed, installed, odd, worldOf } from './installed.ts'

describe.skipIf(process.platform === 'win32')('where nothing is odd', () => {
  test.each<[name: string, install: string]>([
    ['Müller project', ''],
    [`a b'c"d$e`, ''],
    ['plain', '--scope local'],
    ['Müller project', '--scope user'],
    ['Müller project', '--tracking --no-content --no-deny'],
  ])(
    'in %j, installed with %j, it says so in few lines and changes nothing',
    { timeout: 60_000 },
    async (name, words) => {
      const bench = await installed(words, name)
      const before = everything(worldOf(bench))
      const scratch = mkdtempSync(join(tmpdir(), 'breakerbox-scratch-'))
      onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
      bench.env['TMPDIR'] = scratch
      const report = await bench.doctor()
      expect(odd(report)).toEqual([])
      expect(report).toMatchObject({ version: 1, project: bench.project.folder, healthy: true })
      expect(report.findings.map(({ id }) => id).sort()).toEqual([...fineIds].sort())
      expect(findingOf(report, 'answers').title).toMatch(
        /^1[34] commands did what they should with 1[67] sample inputs$/,
      )
      const { exitCode, stdout } = await bench.run('breakerbox doctor')
      expect({ exitCode, lines: stdout.split('\n').length }).toEqual({ exitCode: 0, lines: 11 })
      expect(stdout).toContain('Nothing is odd.')
      expect(everything(worldOf(bench))).toEqual(before)
      expect(readdirSync(scratch)).toEqual([])
    },
  )

  test('a wrong option is answered with those that there are', async () => {
    const bench = await installed(null)
    const { exitCode, stdout, stderr } = await bench.run('breakerbox doctor --mend')
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('Options: --project, --fix, --dry-run, --quick, --all, --json')
    expect((await bench.run('breakerbox doctor --project gone')).exitCode).toBe(2)
  })

  test('from elsewhere, commands name the project', { timeout: 60_000 }, async () => {
    const bench = await installed(null)
    const report = await bench.doctor(`--project '${bench.project.folder}'`, bench.project.home)
    const command = findingOf(report, 'not-installed').fix?.command ?? ''
    expect(command).toBe(`breakerbox install --project '${bench.project.folder}'`)
    expect((await bench.run(command, bench.project.home)).exitCode).toBe(0)
    expect(odd(await bench.doctor())).toEqual([])
  })
})

/** A search path with everything that is on the usual one but these. */
function without(bench: Installed, names: readonly string[]): string {
  const folder = join(bench.project.home, 'fewer')
  mkdirSync(folder)
  for (const path of [...new Set((bench.env['PATH'] ?? '').split(delimiter))].reverse()) {
    let inside: string[] = []
    try {
      inside = readdirSync(path)
    } catch {
      // A search path may name folders that are not there.
    }
    for (const name of inside.filter((each) => !names.includes(each))) {
      rmSync(join(folder, name), { force: true })
      symlinkSync(join(path, name), join(folder, name))
    }
  }
  return folder
}

describe.skipIf(process.platform === 'win32')('the Node and the client of the search path', () => {
  test('without node every hook is silently dead: it is found, and its command mends it', {
    timeout: 60_000,
  }, async () => {
    const bench = await installed()
    bench.env['PATH'] = without(bench, ['node', 'nodejs', 'npm', 'npx'])
    const report = await bench.doctor()
    expect(odd(report)).toEqual(['problem node-not-found', 'problem hook-dead'])
    const dead = findingOf(report, 'hook-dead')
    expect(dead.title).toMatch(/^12 commands do not work: exit code 127: .*node.*not found/)
    const command = findingOf(report, 'node-not-found').fix?.command
    expect(command).toContain(dirname(process.execPath))
    const after = await bench.run(`${command} && breakerbox doctor --json`)
    expect(odd(JSON.parse(after.stdout))).toEqual([])
  })

  test('an old node is named with its version', { timeout: 60_000 }, async () => {
    const bench = await installed()
    bench.program('node', `case "$1" in --version) echo v18.19.1;; *) exec "${process.execPath}" "$@";; esac`)
    const report = await bench.doctor()
    expect(odd(report)).toEqual(['problem node-too-old'])
    expect(findingOf(report, 'node-too-old').title).toMatch(
      /^hooks would run Node 18\.19\.1 \(.*\/node\); 20\.0 or newer/,
    )
  })

  test('a node that crashes at once kills every hook', { timeout: 60_000 }, async () => {
    const bench = await installed()
    bench.env['NODE_OPTIONS'] = '--no-such-option'
    const line = `NODE_OPTIONS= "${process.execPath}" "${built('breakerbox')}" doctor --json`
    delete bench.env['NODE_OPTIONS']
    bench.program('node', 'case "$1" in --version) echo v22.1.0;; *) echo "bad option" >&2; exit 9;; esac')
    const report = JSON.parse((await bench.run(line)).stdout)
    expect(odd(report)).toEqual(['problem hook-dead'])
    expect(findingOf(report, 'hook-dead').title).toMatch(/exit code 9: bad option$/)
  })

  test('the client is asked for its version and for nothing else, in a bare environment', {
    timeout: 60_000,
  }, async () => {
    const bench = await installed()
    const heard = join(bench.project.home, 'heard')
    bench.program(
      'claude',
      `{ echo "$# $1"; env | cut -d= -f1 | sort | tr '\\n' ' '; } >"${heard}"; echo '2.1.330 (Claude Code)'`,
    )
    bench.env['ANTHROPIC_API_KEY'] = 'hush'
    const report = await bench.doctor('--quick')
    expect(odd(report)).toEqual([])
    expect(findingOf(report, 'client').title).toBe('Claude Code 2.1.330 fires every event that is used')
    const { stdout } = await bench.run(`cat "${heard}"`)
    expect(stdout.split('\n')[0]).toBe('1 --version')
    expect(stdout.split('\n')[1]?.trim().split(' ')).toEqual(
      expect.not.arrayContaining(['ANTHROPIC_API_KEY', 'CLAUDECODE', 'EDITOR']),
    )
  })

  test.each([
    ['2.0.14 (Claude Code)', 'problem client-too-old', 'does not fire SubagentStart, StopFailure'],
    ['2.1.200 (Claude Code)', 'note client-events-unknown', 'whether it fires PostToolBatch is not known'],
    ['hello', 'note client-events-unknown', 'does not tell its version'],
  ])('a client that says %j', { timeout: 60_000 }, async (said, expected, title) => {
    const bench = await installed()
    bench.program('claude', `echo '${said}'`)
    const report = await bench.doctor('--quick')
    expect(odd(report)).toEqual([expected])
    expect(findingOf(report, expected.split(' ')[1] as 'client-too-old').title).toContain(title)
  })
})

describe.skipIf(process.platform === 'win32')('where a client is started', () => {
  test('in a subfolder: the folder with the hooks is named, and a user install covers it', {
    timeout: 60_000,
  }, async () => {
    const bench = await installed()
    bench.project.write('packages/app/file.txt', '')
    const folder = bench.project.path('packages', 'app')
    const report = await bench.doctor('--quick', folder)
    expect(odd(report)).toEqual(['problem not-loaded-here'])
    const { title, fix } = findingOf(report, 'not-loaded-here')
    expect(title).toContain(`they are in ${bench.project.folder}`)
    expect(fix?.command).toBe('breakerbox install --scope user')
    expect((await bench.run(fix?.command ?? '', folder)).exitCode).toBe(0)
    expect(odd(await bench.doctor('', folder))).toEqual([])
  })

  test('in a worktree: it is a project of its own', { timeout: 60_000 }, async () => {
    const bench = await installed()
    const git = 'git -c user.name=a -c user.email=a@localhost -c init.defaultBranch=main'
    const made = await bench.run(
      `${git} init -q && ${git} commit -q --allow-empty -m a && ${git} worktree add -q ../tree`,
    )
    expect(made).toMatchObject({ exitCode: 0 })
    const folder = join(dirname(bench.project.folder), 'tree')
    const report = await bench.doctor('--quick', folder)
    expect(odd(report)).toEqual(['problem not-loaded-here'])
    const { title, fix } = findingOf(report, 'not-loaded-here')
    expect(title).toContain(`they are in ${bench.project.folder}`)
    expect((await bench.run(fix?.command ?? '', folder)).exitCode).toBe(0)
    expect(odd(await bench.doctor('', folder))).toEqual([])
  })

  test('where CLAUDE_CONFIG_DIR moves the settings of the user, those there count', { timeout: 60_000 }, async () => {
    const bench = await installed('--scope user')
    bench.env['CLAUDE_CONFIG_DIR'] = join(bench.project.home, 'moved')
    expect(odd(await bench.doctor('--quick'))).toEqual(['problem not-installed'])
  })
})

/** A plugin of ours as the client has it: enabled in the user's settings, its files where the client's list says. */
function plugin(bench: Installed, { files = true } = {}): string {
  const root = join(bench.project.home, 'plugins', `my $box's`, '0.1.0')
  inHome(bench, '.claude/settings.json', { enabledPlugins: { 'breakerbox@market': true, 'other@market': true } })
  if (!files) return root
  cpSync(join(projectRoot, 'plugin'), root, { recursive: true })
  inHome(bench, '.claude/plugins/installed_plugins.json', {
    version: 2,
    plugins: { 'breakerbox@market': [{ scope: 'user', installPath: root, version: '0.1.0' }] },
  })
  return root
}

describe.skipIf(process.platform === 'win32')('a plugin', () => {
  test('that is enabled counts as registered, and is tried', { timeout: 60_000 }, async () => {
    const bench = await installed(null)
    plugin(bench)
    const report = await bench.doctor()
    expect(odd(report)).toEqual([])
    expect(findingOf(report, 'registration').title).toBe('13 entries in the plugin')
    expect(findingOf(report, 'answers').title).toMatch(/^13 commands did what they should/)
  })

  test('that is switched off does not', { timeout: 60_000 }, async () => {
    const bench = await installed(null)
    plugin(bench)
    changeSettings(bench, (value) => {
      value['enabledPlugins'] = { 'breakerbox@market': false }
    })
    expect(odd(await bench.doctor('--quick'))).toEqual(['problem not-installed'])
  })

  test('beside an installed copy: each call costs twice, and a command takes one out', {
    timeout: 60_000,
  }, async () => {
    const bench = await installed()
    plugin(bench)
    const report = await bench.doctor()
    expect(odd(report)).toEqual(['note hook-twice'])
    const { title, fix } = findingOf(report, 'hook-twice')
    expect(title).toBe('the hooks are registered twice: in the project settings and in the plugin')
    expect(fix).toEqual({ command: 'breakerbox uninstall', safe: false })
    expect((await bench.run(fix?.command ?? '')).exitCode).toBe(0)
    expect(odd(await bench.doctor())).toEqual([])
  })

  test('whose files are gone, or whose hooks are dead', { timeout: 60_000 }, async () => {
    const lost = await installed(null)
    plugin(lost, { files: false })
    expect(odd(await lost.doctor('--quick'))).toEqual(['note plugin-not-found'])
    const dead = await installed(null)
    rmSync(join(plugin(dead), 'hooks', 'circuit-breaker-gate.cjs'))
    const report = await dead.doctor()
    expect(odd(report)).toEqual(['note hook-untested'])
    expect(findingOf(report, 'hook-untested').detail?.join('\n')).toContain('PreToolUse')
  })
})

if (!hasRedis) console.log(noRedis)

describe.skipIf(!hasRedis || process.platform === 'win32')('a Redis server', () => {
  test('that answers is fine, that is gone is named without its password', { timeout: 60_000 }, async () => {
    const redis = await startRedis(['requirepass hush'])
    try {
      const bench = await installed(null)
      bench.env['BREAKERBOX_REDIS_URL'] = `redis://:hush@127.0.0.1:${redis.port}`
      await bench.run('breakerbox install')
      const unused = await bench.doctor('--quick')
      expect(odd(unused)).toEqual(['note fleet-unused'])
      bench.project.write(configPath, { circuit_breakers: { agent_spawn: { scope: 'fleet' } } }, 0o600)
      const report = await bench.doctor('--quick')
      expect(odd(report)).toEqual([])
      expect(findingOf(report, 'fleet').title).toBe(`redis://127.0.0.1:${redis.port} answers`)
      await redis.kill()
      const away = await bench.doctor('--quick')
      expect(odd(away)).toEqual(['problem fleet-away'])
      expect(JSON.stringify([unused, report, away])).not.toContain('hush')
    } finally {
      await redis.stop()
    }
  })
})

test.skipIf(process.platform === 'win32')(
  'the settings of a file that nobody may read are told',
  { timeout: 60_000 },
  async () => {
    const bench = await installed()
    rmSync(bench.project.path(settingsPath))
    mkdirSync(bench.project.path(settingsPath))
    chmodSync(bench.project.path(settingsPath), 0o755)
    expect(odd(await bench.doctor('--quick'))).toEqual(['problem settings-invalid', 'note settings-not-looked-at'])
  },
)
