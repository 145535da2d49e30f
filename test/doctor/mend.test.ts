import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { built } from '../support/built-hook.ts'
import { changeSettings, gatePath, type Settings, settingsPath } from './broken.ts'
import { everything, installed, odd, worldOf } from './installed.ts'

describe.skipIf(process.platform === 'win32')('what mends it is safe', () => {
  test('--fix does not touch anything of the person', { timeout: 60_000 }, async () => {
    const bench = await installed()
    const { project } = bench
    changeSettings(bench, (value) => {
      value['model'] = 'opus'
      value.hooks['Stop']?.push({ hooks: [{ type: 'command', command: 'echo mine' }] })
      delete value.hooks['PostToolBatch']
    })
    copyFileSync(project.path(settingsPath), project.path('before.json'))
    project.write('.claude/memory/circuit_breaker_state.json', 'not even JSON', 0o600)
    await bench.doctor('--fix')
    const { hooks: _before, ...before } = project.readJson<Settings>('before.json') ?? { hooks: {} }
    const { hooks, ...after } = project.readJson<Settings>(settingsPath) ?? { hooks: {} }
    expect(after).toEqual(before)
    expect(JSON.stringify(hooks['Stop'])).toContain('echo mine')
    expect(hooks['PostToolBatch']).toHaveLength(1)
    // set aside, never deleted
    const { stdout } = await bench.run('cat .claude/memory/circuit_breaker_state.damaged.*')
    expect(stdout).toBe('not even JSON')
  })

  test('a mend that fails says why, and the others are done', { timeout: 60_000 }, async () => {
    const bench = await installed()
    rmSync(bench.project.path(gatePath))
    // Somebody else's file stops the install.
    bench.project.write('.claude/hooks/prompt-intake.cjs', 'mine\n')
    chmodSync(bench.project.memory, 0o755)
    const report = await bench.doctor('--fix')
    expect(report.mended?.map(({ does, outcome }) => [does.split(' ')[0], outcome])).toEqual([
      ['install', 'failed'],
      ['set', 'done'],
    ])
    expect(report.mended?.[0]?.cause).toContain('not a file of Breakerbox')
    expect(odd(report).sort()).toEqual(['problem hook-file-foreign', 'problem hook-file-missing'])
  })

  test('--fix --dry-run says what would be done for which finding, and does nothing', { timeout: 60_000 }, async () => {
    const bench = await installed()
    rmSync(bench.project.path(gatePath))
    chmodSync(bench.project.memory, 0o755)
    rmSync(join(bench.project.memory, '.gitignore'))
    const before = everything(worldOf(bench))
    const report = await bench.doctor('--fix --dry-run --quick')
    expect(everything(worldOf(bench))).toEqual(before)
    expect(report.mended?.map(({ for: ids, outcome }) => [...ids, outcome])).toEqual([
      ['hook-file-missing', 'planned'],
      ['memory-open', 'planned'],
      ['memory-tracked', 'planned'],
    ])
    expect(report.findings.filter(({ fix }) => fix?.safe).map(({ id }) => id)).toEqual([
      'hook-file-missing',
      'memory-open',
      'memory-tracked',
    ])
  })

  test('under Claude Code it looks, and mends nothing', { timeout: 60_000 }, async () => {
    const { project, env } = await installed()
    rmSync(project.path(gatePath))
    const before = everything(project.folder)
    const words = [built('breakerbox'), 'doctor', '--fix', '--quick']
    const run = spawnSync('sh', ['-c', '"$@"; exit $?', 'sh', process.execPath, ...words], {
      argv0: 'claude',
      cwd: project.folder,
      env,
      encoding: 'utf8',
    })
    expect(run.status).toBe(1)
    expect(run.stderr).toContain('--fix is refused, because it runs under Claude Code')
    expect(run.stdout).toContain('[hook-file-missing]')
    expect(everything(project.folder)).toEqual(before)
  })

  test('only what this version installs is ever run, and by nothing else', { timeout: 60_000 }, async () => {
    const bench = await installed()
    changeSettings(
      bench,
      ({ hooks }) => {
        const command = 'touch ~/ran; node "$CLAUDE_PROJECT_DIR/.claude/hooks/circuit-breaker-gate.cjs"'
        hooks['PreToolUse'] = [{ matcher: '*', hooks: [{ type: 'command', command }] }]
      },
      '.claude/settings.local.json',
    )
    const planted = "\nrequire('node:fs').writeFileSync(process.env.PWD + '/ran', '')\n"
    appendFileSync(bench.project.path(gatePath), planted)
    const before = everything(worldOf(bench))
    const report = await bench.doctor()
    expect(odd(report).sort()).toEqual(['note hook-by-hand', 'note hook-untested', 'problem hook-file-changed'])
    expect(everything(worldOf(bench))).toEqual(before)
  })
})
