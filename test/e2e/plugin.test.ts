import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { oddName } from '../install/folder.ts'
import { commandsOf, fenced, paper } from '../papers/paper.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { root, runCommand } from '../support/built-hook.ts'
import type { ClientOptions } from '../support/client.ts'
import { bash, call, repeat, say } from '../support/fake-model.ts'
import { describeWithClient, type GuardedProject, guardedProject, longCooldown, play } from './scenario.ts'

const plugin = join(root, 'plugin')
const commands = ['circuit-status', 'breaker-why', 'reset-circuit']

const loop = [...repeat(4, bash('npm test')), [bash('echo ok')], [say('end')]]

const unguarded = () => guardedProject(longCooldown, { installed: false })
const withPlugin = (folder = plugin): Partial<ClientOptions> => ({ extraArguments: ['--plugin-dir', folder] })

/** Runs `claude plugin …` in a home of its own. */
function pluginCommand(home: string, words: readonly string[], cwd = home) {
  const { status, stdout, stderr } = spawnSync(process.env['CLAUDE_BIN'] ?? '', ['plugin', ...words], {
    cwd,
    env: bareEnvironment(home, { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' }),
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, said: `${stdout}${stderr}` }
}

/** What the breakers know and did, each circuit by its name. */
async function known(project: GuardedProject) {
  const { circuits } = await project.status()
  return {
    circuits: circuits.map(({ pattern, subject, state }) => `${state} ${pattern} ${subject}`),
    incidents: project.incidents().map(({ kind }) => kind),
  }
}

describeWithClient('the plugin', () => {
  it.each([
    ['the plugin', plugin],
    ['the marketplace', root],
  ])('%s is valid by the client’s own word, warnings included', async (_what, folder) => {
    const project = await unguarded()
    const { status, said } = pluginCommand(project.home, ['validate', '--strict', folder])
    expect(said).toContain('Validation passed')
    expect(status).toBe(0)
  })

  it('stops a loop in a project where nothing is installed, and its commands answer there', async () => {
    const project = await unguarded()
    const run = await play(project, loop, withPlugin())
    expect(run.stderr).toBe('')
    expect(project.executions()).toBe(3)
    expect(run.refusals).toHaveLength(1)
    expect(run.refusals[0]).toMatch(/Refused: Bash\(npm test\) failed 3 times in 3 turns/)
    expect(run.results[4]?.isError).toBe(false)
    expect(await known(project)).toEqual({
      circuits: ['open tool_failure Bash(npm test)'],
      incidents: ['trip', 'denial'],
    })
    expect(project.exists('.claude/settings.json')).toBe(false)
    expect(project.read('.claude/memory/.gitignore')).toBe('*\n')

    const resume = run.sessionId
    const menu = run.records.find(({ subtype }) => subtype === 'init')?.['slash_commands']
    expect(menu).toEqual(expect.arrayContaining(commands.map((name) => `breakerbox:${name}`)))
    for (const [prompt, answer] of [
      ['/breakerbox:circuit-status', /OPEN {2}Bash\(npm test\)/],
      ['/circuit-status', /OPEN {2}Bash\(npm test\)/],
      ['/breakerbox:breaker-why', /Bash\(npm test\) tripped/],
      ['/breakerbox:reset-circuit tool_failure', /OPEN → CLOSED/],
    ] as const) {
      const asked = await play(project, [[say('never asked')]], { ...withPlugin(), prompt, resume })
      expect(asked.model.requests, prompt).toEqual([])
      expect(asked.shown.join('\n'), prompt).toMatch(answer)
      expect(asked.shown.join('\n'), prompt).not.toContain('No hook has run')
    }
    // nor are its hooks taken for somebody else's
    const health = await runCommand('hook-health', ['--json', '--project', project.folder], { project })
    expect(JSON.parse(health.stdout)).toMatchObject({ unguarded: [] })
    // nothing of an installation was ever there to be missed
    const again = await play(project, [[bash('npm test')], [say('end')]], { ...withPlugin(), prompt: 'again', resume })
    expect(project.executions()).toBe(4)
    expect(again.shown).toEqual([])
    expect(project.incidents('tamper')).toEqual([])
  })

  it('works from a folder with an odd name', async () => {
    const project = await unguarded()
    const folder = join(project.home, oddName)
    cpSync(plugin, folder, { recursive: true })
    const run = await play(project, loop, withPlugin(folder))
    expect(run.refusals).toHaveLength(1)
    expect(project.executions()).toBe(3)
  })

  it('is installed from the marketplace of this repository, works, and is removed again', async () => {
    const project = await unguarded()
    const source = join(project.home, `the ${oddName}`)
    // what a clone has, and nothing that a build adds
    for (const part of ['plugin', '.claude-plugin']) cpSync(join(root, part), join(source, part), { recursive: true })
    const run = (...words: string[]) => {
      const { status, said } = pluginCommand(project.home, words, project.folder)
      expect(said, words.join(' ')).toMatch(/✔|Success/)
      expect(status, said).toBe(0)
    }
    run('marketplace', 'add', source)
    run('install', 'breakerbox@breakerbox')
    const guarded = await play(project, loop)
    expect(guarded.refusals).toHaveLength(1)
    const asked = await play(project, [[say('never asked')]], { prompt: '/breakerbox:circuit-status' })
    expect(asked.model.requests).toEqual([])
    run('uninstall', 'breakerbox@breakerbox')
    run('marketplace', 'remove', 'breakerbox')
    const free = await play(project, loop)
    expect(free.refusals).toEqual([])
    expect(project.executions()).toBe(3 + 4)
  })

  it('cannot bring permission rules: those in its settings do not count', async () => {
    const project = await unguarded()
    const folder = join(project.home, 'with-rules')
    cpSync(plugin, folder, { recursive: true })
    const rule = { permissions: { deny: ['Edit(protected.txt)'] } }
    project.write('../home/with-rules/settings.json', rule)
    const write = [[call('Write', { file_path: project.path('protected.txt'), content: 'x' })], [say('end')]]
    await play(project, write, { ...withPlugin(folder), permissionMode: 'acceptEdits' })
    expect(project.exists('protected.txt')).toBe(true)
    // the same rule, where rules are read
    project.write('.claude/settings.json', rule)
    rmSync(project.path('protected.txt'))
    await play(project, write, { ...withPlugin(folder), permissionMode: 'acceptEdits' })
    expect(project.exists('protected.txt')).toBe(false)
  })

  it('docs/plugin.md: its commands run in order, and its rules hold', async () => {
    const text = paper('docs/plugin.md')
    const project = await unguarded()
    const clone = join(project.home, 'clone')
    for (const part of ['plugin', '.claude-plugin']) cpSync(join(root, part), join(clone, part), { recursive: true })
    const outputs = commandsOf(text).map(({ text: command, exitCode }) => {
      const [program, word, ...words] = command.split(' ')
      expect([program, word]).toEqual(['claude', 'plugin'])
      const { status, said } = pluginCommand(project.home, words, clone)
      expect(status, `${command}\n${said}`).toBe(exitCode)
      return said
    })
    expect(outputs[2]).toContain('breakerbox@breakerbox')
    expect(pluginCommand(project.home, ['list']).said).not.toContain('breakerbox')

    const [rules = ''] = fenced(text, 'json')
    project.write('../home/.claude/settings.json', rules)
    const targets = [
      project.path('.claude', 'memory', 'circuit_breaker_config.json'),
      join(project.home, '.claude/plugins/cache/breakerbox/breakerbox/0.1.0/hooks/prompt-intake.cjs'),
    ]
    const script = [...targets.map((file_path) => [call('Write', { file_path, content: '{}' })]), [say('end')]]
    const run = await play(project, script, { permissionMode: 'acceptEdits' })
    for (const { text } of run.results) expect(text).toContain('denied by your permission settings')
    expect(run.results).toHaveLength(2)
  })
})
