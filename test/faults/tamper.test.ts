import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { initialFiles } from '../../lib/config/initial-files.ts'
import { prepareGuard, prepareRelease } from '../../lib/install/guard-hooks.ts'
import { type InstallRequest, prepareInstall } from '../../lib/install/install.ts'
import { prepareStatusLine, prepareStatusLineRelease } from '../../lib/install/status-line.ts'
import { perform } from '../../lib/install/steps.ts'
import { prepareUninstall } from '../../lib/install/uninstall.ts'
import { openProject } from '../../lib/session/project.ts'
import { resetByName } from '../../lib/session/reset.ts'
import { Bench } from '../session/bench.ts'
import { root } from '../support/built-hook.ts'
import { count } from './figures.ts'

const bundles = join(root, 'dist')
const state = 'circuit_breaker_state.json'
const config = 'circuit_breaker_config.json'

class Guarded extends Bench {
  install(more: Partial<InstallRequest> = {}): void {
    const request = {
      scope: 'project',
      project: this.project,
      bundles,
      deny: true,
      shell: false,
      initialFiles,
      ...more,
    } as const
    perform(this.system, prepareInstall(this.system, request).steps)
  }

  /** Guards the hooks of the settings, or gives them back. */
  guard(prepare: typeof prepareGuard = prepareGuard): void {
    const request = { scope: 'project', project: this.project, bundles, shell: true, isMeant: () => true } as const
    perform(this.system, prepare(this.system, request).steps)
  }

  /** Puts our segment into the status line, or takes it out. */
  statusLine(prepare: typeof prepareStatusLine | typeof prepareStatusLineRelease): void {
    const request = { scope: 'project', project: this.project, bundles, shell: true } as const
    perform(this.system, prepare(this.system, request).steps)
  }

  /** A hook of the person, in the settings. */
  addHook(): void {
    this.edit(this.claude('settings.json'), (text) => {
      const settings = JSON.parse(text) as { hooks: Record<string, unknown[]> }
      settings.hooks['Stop']?.push({ hooks: [{ type: 'command', command: 'say done' }] })
      return JSON.stringify(settings)
    })
  }

  claude = (...parts: string[]) => join(this.project, '.claude', ...parts)

  /** What the person is told when the session starts. */
  start = async () =>
    (await this.send({ hook_event_name: 'SessionStart', source: 'startup' })).answer.person?.split('\n') ?? []

  /** What the person is told at a prompt. */
  prompt = async () =>
    (await this.send({ hook_event_name: 'UserPromptSubmit', prompt: 'go on' })).answer.person?.split('\n') ?? []

  trip = async (command = 'npm test') => {
    for (const id of ['a', 'b', 'c']) expect(await this.fails(command, `${command} ${id}`)).toBeUndefined()
    expect(await this.fails(command, `${command} d`)).toContain('Refused')
  }

  tampers = (): { subject: string; reason: string }[] => {
    const log = this.path('circuit_breaker_incidents.jsonl')
    if (!existsSync(log)) return []
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    return lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'tamper')
  }

  edit(path: string, change: (text: string) => string): void {
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }
}

async function running(): Promise<Guarded> {
  const bench = new Guarded()
  bench.install()
  expect(await bench.start()).toEqual([])
  expect(await bench.prompt()).toEqual([])
  return bench
}

/** Exactly this line, once, and one incident of it. */
async function toldOnce(bench: Guarded, line: RegExp): Promise<void> {
  const before = bench.tampers().length
  expect(await bench.prompt()).toEqual([expect.stringMatching(line)])
  expect(bench.tampers().slice(before)).toHaveLength(1)
  expect(await bench.prompt()).toEqual([])
  expect(await bench.start()).toEqual([])
  expect(bench.tampers()).toHaveLength(before + 1)
  count('attacks', 1)
}

const empty = `${JSON.stringify({ version: 1, circuits: [] }, null, 2)}\n`

test.each<[string, (bench: Guarded) => void]>([
  ['deleted', (bench) => rmSync(bench.path(state))],
  ['emptied', (bench) => writeFileSync(bench.path(state), empty)],
])(
  'the state was %s while a circuit was open: told, and the next failing call opens it again',
  async (_how, attack) => {
    const bench = await running()
    await bench.trip()
    attack(bench)
    await toldOnce(
      bench,
      /circuit_breaker_state\.json was emptied or removed while circuits were open \(Bash\(npm test\)\)/,
    )
    expect(await bench.fails('npm test', 'e')).toBeUndefined()
    expect(await bench.fails('npm test', 'f')).toContain('Refused')
  },
)

test('the state was deleted and written anew by the next trip before any prompt came: told by the monitor', async () => {
  const bench = await running()
  await bench.trip()
  rmSync(bench.path(state))
  expect(await bench.fails('npm test', 'e')).toBeUndefined()
  expect(bench.tampers()).toEqual([expect.objectContaining({ subject: state })])
  expect(await bench.fails('npm test', 'f')).toContain('Refused')
  expect(await bench.prompt()).toEqual([])
  count('attacks', 1)
})

test('the state was edited: told, and what it says holds, because a person may have done it', async () => {
  const bench = await running()
  await bench.trip()
  bench.edit(bench.path(state), (text) => text.replace('"state": "open"', '"state": "disabled"'))
  await toldOnce(bench, /circuit_breaker_state\.json was changed by something other than Breakerbox/)
  expect(await bench.fails('npm test', 'e')).toBeUndefined()
})

test('the state was edited and a hook wrote it before any prompt came: told by that hook', async () => {
  const bench = await running()
  await bench.trip()
  bench.edit(bench.path(state), (text) => text.replace('"level": 1', '"level": 0'))
  await bench.fails('npm run lint', 'x')
  expect(bench.tampers()).toEqual([expect.objectContaining({ subject: state })])
  expect(await bench.prompt()).toEqual([])
  count('attacks', 1)
})

test('a person edits the config: one line with old and new values, and the new ones hold', async () => {
  const bench = await running()
  bench.edit(bench.path(config), (text) => text.replace('"threshold": 3', '"threshold": 30'))
  await toldOnce(bench, /^Breakerbox: circuit_breaker_config\.json has changed: tool_failure\.threshold 3 → 30\.$/)
  for (const id of ['a', 'b', 'c', 'd']) expect(await bench.fails('npm test', id)).toBeUndefined()
})

test('the config is gone', async () => {
  const bench = await running()
  rmSync(bench.path(config))
  await toldOnce(bench, /circuit_breaker_config\.json is gone; the defaults hold/)
})

test('the memory folder is gone, with everything that remembers it', async () => {
  const bench = await running()
  await bench.trip()
  rmSync(bench.memory, { recursive: true })
  await toldOnce(bench, /the memory folder was emptied or removed since the session started; it is made anew/)
  expect(existsSync(bench.memory)).toBe(true)
})

test('the memory folder was removed and made anew by the next call', async () => {
  const bench = await running()
  rmSync(bench.memory, { recursive: true })
  await bench.fails('npm test', 'a')
  await toldOnce(bench, /the memory folder was emptied or removed/)
})

test('a hook file was changed: told with the command that mends it', async () => {
  const bench = await running()
  writeFileSync(bench.claude('hooks', 'circuit-breaker-gate.cjs'), 'process.exit(0)\n')
  await toldOnce(bench, /circuit-breaker-gate\.cjs is not the file that install wrote; breakerbox install puts it back/)
})

test('a hook file is gone', async () => {
  const bench = await running()
  rmSync(bench.claude('hooks', 'circuit-breaker-gate.cjs'))
  await toldOnce(bench, /circuit-breaker-gate\.cjs is gone; breakerbox install/)
  bench.install()
  expect(await bench.prompt()).toEqual([])
})

test('the file of the status line was changed, or is gone', async () => {
  const bench = await running()
  bench.statusLine(prepareStatusLine)
  await bench.prompt()
  bench.edit(bench.claude('hooks', 'status-line.cjs'), (text) => `${text}// changed\n`)
  await toldOnce(bench, /status-line\.cjs is not the file that install wrote; breakerbox install puts it back/)
  bench.install()
  await bench.prompt()
  rmSync(bench.claude('hooks', 'status-line.cjs'))
  await toldOnce(bench, /status-line\.cjs is gone; breakerbox install puts it back/)
  bench.install()
  expect(existsSync(bench.claude('hooks', 'status-line.cjs'))).toBe(true)
})

test('the guard of a hook was changed, is gone, or no longer starts', async () => {
  const bench = await running()
  bench.addHook()
  bench.guard()
  expect(await bench.prompt()).toEqual([])
  bench.edit(bench.claude('hooks', 'hook-guard.sh'), () => 'exit 0\n')
  await toldOnce(bench, /hook-guard\.sh is not the file that install wrote; breakerbox guard-hooks puts it back/)
  rmSync(bench.claude('hooks', 'hook-guard.cjs'))
  await toldOnce(bench, /hook-guard\.cjs is gone; breakerbox guard-hooks puts it back/)
  bench.edit(bench.claude('settings.json'), (text) => text.replace('hook-guard.sh', 'nothing.sh'))
  await toldOnce(bench, /no longer start hook-guard\.sh on Stop; breakerbox guard-hooks puts it back/)
})

test('a settings entry is gone', async () => {
  const bench = await running()
  bench.edit(bench.claude('settings.json'), (text) => {
    const settings = JSON.parse(text)
    delete settings.hooks.PostToolBatch
    return JSON.stringify(settings, null, 2)
  })
  await toldOnce(bench, /the settings no longer start circuit-breaker-monitor\S* on PostToolBatch; breakerbox install/)
})

test('a deny rule is gone', async () => {
  const bench = await running()
  bench.edit(bench.claude('settings.json'), (text) => {
    const settings = JSON.parse(text)
    settings.permissions.deny.shift()
    return JSON.stringify(settings, null, 2)
  })
  await toldOnce(bench, /the settings no longer hold the rule Edit\(\.claude\/memory\/circuit_breaker_\*\)/)
})

test('two sessions that look at the same moment tell it once between them', async () => {
  const bench = await running()
  bench.edit(bench.path(config), (text) => text.replace('"threshold": 3', '"threshold": 30'))
  const told = await Promise.all([bench.prompt(), bench.prompt(), bench.start(), bench.prompt()])
  expect(told.flat()).toHaveLength(1)
  expect(bench.tampers()).toHaveLength(1)
})

/** What must never raise an alarm. */
const quiet: Record<string, (bench: Guarded) => Promise<void> | void> = {
  'our own writes': async (bench) => {
    await bench.trip()
    await bench.trip('npm run lint')
    bench.now += 6000
    await bench.fails('npm test', 'probe')
  },
  'a recovered circuit': async (bench) => {
    await bench.trip()
    bench.now += 6000
    const call = { tool_name: 'Bash', tool_input: { command: 'npm test' }, tool_use_id: 'p' }
    await bench.send({ hook_event_name: 'PreToolUse', ...call })
    await bench.send({ hook_event_name: 'PostToolUse', ...call, tool_response: { stdout: 'ok', stderr: '' } })
  },
  'reset-circuit': async (bench) => {
    await bench.trip()
    await resetByName(openProject(bench.system, bench.project), undefined)
  },
  'install again': (bench) => bench.install(),
  'hooks guarded': async (bench) => {
    bench.addHook()
    await bench.prompt()
    bench.guard()
  },
  'hooks guarded, and given back': async (bench) => {
    bench.addHook()
    bench.guard()
    expect(await bench.prompt()).toEqual([])
    bench.guard(prepareRelease as typeof prepareGuard)
    expect(existsSync(bench.claude('hooks', 'hook-guard.sh'))).toBe(false)
  },
  'the same beside settings of the person that hold nothing of ours': async (bench) => {
    writeFileSync(bench.claude('settings.local.json'), '{"permissions":{"allow":["Bash(ls)"]}}')
    bench.addHook()
    bench.guard()
    expect(await bench.prompt()).toEqual([])
    bench.guard(prepareRelease as typeof prepareGuard)
    expect(existsSync(bench.claude('hooks', 'hook-guard.sh'))).toBe(false)
  },
  'a status line that comes and goes': async (bench) => {
    writeFileSync(bench.claude('settings.local.json'), '{"permissions":{"allow":["Bash(ls)"]}}')
    bench.statusLine(prepareStatusLine)
    expect(await bench.prompt()).toEqual([])
    bench.statusLine(prepareStatusLineRelease)
    expect(existsSync(bench.claude('hooks', 'status-line.cjs'))).toBe(false)
  },
  'hooks guarded, install again, and given back': async (bench) => {
    bench.addHook()
    bench.guard()
    bench.install()
    expect(await bench.prompt()).toEqual([])
    bench.guard(prepareRelease as typeof prepareGuard)
  },
  'install without deny rules': (bench) => bench.install({ deny: false }),
  'an upgrade with other hook files': (bench) => {
    const other = join(bench.project, 'other bundles')
    cpSync(bundles, other, { recursive: true })
    for (const name of ['circuit-breaker-gate.cjs', 'prompt-intake.cjs']) {
      writeFileSync(join(other, name), `${readFileSync(join(other, name), 'utf8')}\n// newer\n`)
    }
    bench.install({ bundles: other })
  },
  'an own hook and an own rule of the person': (bench) =>
    bench.edit(bench.claude('settings.json'), (text) => {
      const settings = JSON.parse(text)
      settings.hooks.Stop.push({ hooks: [{ type: 'command', command: 'say done' }] })
      settings.permissions.deny.push('Read(secrets/**)')
      settings.permissions.allow = ['Bash(ls)']
      return JSON.stringify(settings, null, 2)
    }),
  'the config written anew with the same values': (bench) =>
    bench.edit(bench.path(config), (text) => JSON.stringify(JSON.parse(text))),
  'a second scope that comes and goes': async (bench) => {
    bench.install({ scope: 'local' })
    expect(await bench.prompt()).toEqual([])
    const request = { scope: 'local', project: bench.project, purge: false } as const
    perform(bench.system, prepareUninstall(bench.system, request).steps)
  },
  'a clock that jumped back a year': (bench) => {
    bench.now -= 365 * 24 * 3600 * 1000
  },
}

test.each(Object.entries(quiet))('no alarm: %s', async (_what, event) => {
  const bench = await running()
  await event(bench)
  expect(await bench.prompt()).toEqual([])
  expect(await bench.start()).toEqual([])
  expect(bench.tampers()).toEqual([])
})

test('no alarm: a project that was moved, and one that was copied', async () => {
  const bench = await running()
  await bench.trip()
  for (const move of [renameSync, (from: string, to: string) => cpSync(from, to, { recursive: true })]) {
    const other = new Guarded()
    rmSync(other.claude(), { recursive: true, force: true })
    move(bench.claude(), other.claude())
    other.now = bench.now
    expect(await other.start()).toEqual([])
    expect(await other.prompt()).toEqual([])
    expect(other.tampers()).toEqual([])
    if (move === renameSync) renameSync(other.claude(), bench.claude())
  }
})

test('no alarm: a clone, which has hooks and settings but neither record nor memory, and its update by git', async () => {
  const origin = await running()
  const bench = new Guarded()
  mkdirSync(bench.claude(), { recursive: true })
  for (const name of ['hooks', 'settings.json']) cpSync(origin.claude(name), bench.claude(name), { recursive: true })
  expect(await bench.start()).toEqual([])
  expect(await bench.prompt()).toEqual([])
  bench.edit(bench.claude('hooks', 'prompt-intake.cjs'), (text) => `${text}\n// newer\n`)
  expect(await bench.prompt()).toEqual([])
  expect(bench.tampers()).toEqual([])
})

test('no alarm: install in the middle of a session, and a folder that was never guarded', async () => {
  const bench = new Guarded()
  expect(await bench.start()).toEqual([])
  expect(await bench.prompt()).toEqual([])
  expect(existsSync(join(dirname(bench.memory), 'hooks'))).toBe(false)
  bench.install()
  expect(await bench.prompt()).toEqual([])
  expect(bench.tampers()).toEqual([])
})
