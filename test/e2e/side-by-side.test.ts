import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { marksFolder } from '../../lib/session/session-marks.ts'
import { root, runCommand } from '../support/built-hook.ts'
import { type ClientOptions, startConversation } from '../support/client.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import {
  describeWithClient,
  type GuardedProject,
  guardedProject,
  longCooldown,
  play,
  scriptedModel,
} from './scenario.ts'

/** Up to the halt: three failures, three refusals. */
const loop = [...repeat(6, bash('npm test')), [say('never said')]]

/** The plugin, with hooks that note down each start of a Node of theirs in `starts.log` of the project. */
function telling(project: GuardedProject): Partial<ClientOptions> {
  const folder = join(project.home, 'plugin')
  cpSync(join(root, 'plugin'), folder, { recursive: true })
  for (const name of readdirSync(join(folder, 'hooks')).filter((each) => each.endsWith('.cjs'))) {
    const file = join(folder, 'hooks', name)
    const [first = '', ...rest] = readFileSync(file, 'utf8').split('\n')
    const tell = `require('node:fs').appendFileSync(process.env.CLAUDE_PROJECT_DIR + '/starts.log', ${JSON.stringify(`${name}\n`)})`
    writeFileSync(file, [first, tell, ...rest].join('\n'))
  }
  return { extraArguments: ['--plugin-dir', folder] }
}

const starts = (project: GuardedProject): string[] =>
  project.exists('starts.log') ? project.read('starts.log').trim().split('\n') : []

/** What was counted and told, with what differs from run to run taken out. */
async function outcome(project: GuardedProject, options: Partial<ClientOptions>) {
  const run = await play(project, loop, options)
  const told = [...run.refusals, ...run.results.map(({ text }) => text), ...run.model.told(), ...run.shown]
  return {
    executions: project.executions(),
    incidents: project.incidents().map(({ kind, pattern, subject, turn }) => [kind, pattern, subject, turn].join(' ')),
    circuits: (await project.status()).circuits.map(({ subject, state, level }) => [subject, state, level].join(' ')),
    refusals: run.refusals.length,
    shown: run.shown.map((text) => text.replace(/\d\d:\d\d:\d\d UTC.*/, '')),
    advice: told.join('\n').match(/\[circuit_breaker\] /g)?.length,
    result: run.result.terminal_reason,
  }
}

/** No mark can be left here, as by an older installed copy, which leaves none: both work. */
const withoutMarks = (project: GuardedProject) => project.write(`.claude/memory/${marksFolder}`, 'not a folder')

describeWithClient('the plugin beside an installed copy', () => {
  it('steps aside: but for the start of the session it starts no Node, and all is as without it', async () => {
    const alone = await outcome(await guardedProject(longCooldown), {})
    expect(alone).toMatchObject({ executions: 3, refusals: 2, result: 'hook_stopped' })
    expect(alone.incidents.filter((line) => line.startsWith('denial'))).toHaveLength(3)
    const project = await guardedProject(longCooldown)
    expect(await outcome(project, telling(project))).toEqual(alone)
    expect(starts(project)).toEqual(['memory-janitor.cjs'])
  })

  it('counts and tells everything once where both work', async () => {
    const alone = await outcome(await guardedProject(longCooldown), {})
    const project = await guardedProject(longCooldown)
    withoutMarks(project)
    expect(await outcome(project, telling(project))).toEqual(alone)
    expect(starts(project)).toEqual(expect.arrayContaining(['circuit-breaker-gate.cjs', 'prompt-intake.cjs']))
  })

  it('tells once of a bypass, a cleanup and a command', async () => {
    const project = await guardedProject(longCooldown)
    const options = telling(project)
    const line = `${JSON.stringify({ at: '2026-01-01T00:00:00.000Z', text: 'x'.repeat(200) })}\n`
    project.write('.claude/memory/a_telemetry.jsonl', line.repeat(1500))
    const first = await play(project, [...repeat(4, bash('npm test')), [say('end')]], options)
    expect(readdirSync(project.path('.claude/memory/archives'))).toHaveLength(1)
    const cleaned = first.records.filter(
      (each) => each.subtype === 'hook_response' && /Memory cleanup: 1 log rotated/.test(`${each['stdout']}`),
    )
    expect(cleaned).toHaveLength(1)

    const resume = first.sessionId
    const bypassed = await play(project, [[bash('npm test')], [say('end')]], {
      ...options,
      prompt: 'SUDO BYPASS',
      resume,
    })
    expect(project.executions()).toBe(4)
    // at the prompt, and at the call that it lets through
    const told = ['UserPromptSubmit', 'PreToolUse:Bash'].map((who) => expect.stringContaining(`${who} says: Circuit`))
    expect(bypassed.shown).toEqual(told)
    const reset = await play(project, [[say('never asked')]], { ...options, prompt: '/reset-circuit', resume })
    expect(reset.model.requests).toEqual([])
    expect(reset.shown).toHaveLength(1)
    expect(reset.shown[0]).toContain('→ CLOSED')
    // whichever of the two was first with the cleanup has loaded what does it
    const started = starts(project).filter((name) => name !== 'memory-work.cjs')
    expect(started).toEqual(Array(3).fill('memory-janitor.cjs'))
  })

  it('works alone where the client does not load the settings that the copy stands in', async () => {
    const project = await guardedProject(longCooldown)
    const { extraArguments = [] } = telling(project)
    const run = await play(project, loop, { extraArguments: [...extraArguments, '--setting-sources', 'user'] })
    expect(project.executions()).toBe(3)
    expect(run.refusals).toHaveLength(2)
    expect(starts(project)).toContain('circuit-breaker-gate.cjs')
  })

  const leave: Record<string, (project: GuardedProject) => Promise<unknown>> = {
    'is uninstalled': (project) => runCommand('breakerbox', ['uninstall', '--project', project.folder], { project }),
    'is taken out of the settings by hand': async (project) => project.write('.claude/settings.json', {}),
    'is gone with a change of the branch': async (project) => {
      rmSync(project.path('.claude', 'hooks'), { recursive: true })
      rmSync(project.path('.claude', 'settings.json'))
    },
  }
  it.each(Object.entries(leave))('takes over where the copy %s in the middle of a session', async (how, go) => {
    const project = await guardedProject(longCooldown)
    const model = await scriptedModel([[say('first')], ...loop])
    const conversation = startConversation({ project, model, ...telling(project) })
    const ended = (from: number) => conversation.waitFor(({ type }) => type === 'result', from)
    conversation.type('hello')
    await ended(0)
    expect(starts(project)).toEqual(['memory-janitor.cjs'])
    await go(project)
    const from = conversation.records.length
    conversation.type('go on')
    await ended(from)
    const { shown } = await conversation.finish()
    expect(project.executions()).toBe(3)
    expect(project.incidents('denial')).toHaveLength(3)
    expect(starts(project)).toContain('circuit-breaker-gate.cjs')
    // what a person has taken out is not missed; what vanished otherwise is told
    expect(shown.filter((text) => text.includes('breakerbox install puts it back')).length > 0).toBe(
      how !== 'is uninstalled',
    )
  })

  it('takes over in the middle of a run', async () => {
    const project = await guardedProject(longCooldown)
    const uninstall = async () => {
      await runCommand('breakerbox', ['uninstall', '--project', project.folder], { project })
      return [bash('npm test')]
    }
    await play(project, [uninstall, ...loop], telling(project))
    expect(project.executions()).toBe(3)
    expect(project.incidents('denial')).toHaveLength(3)
  })
})
