import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { root, runCommand } from '../support/built-hook.ts'
import { startConversation } from '../support/client.ts'
import { hasTerminal, startInTerminal } from '../support/client-terminal.ts'
import { bash, call, repeat, say } from '../support/fake-model.ts'
import {
  describeWithClient,
  type GuardedProject,
  guardedProject,
  longCooldown,
  type Played,
  play,
  scriptedModel,
} from './scenario.ts'

const commands = ['circuit-status', 'breaker-why', 'reset-circuit']

/** A session in which `npm test` is refused. */
async function tripped(): Promise<{ project: GuardedProject; resume: string }> {
  const project = await guardedProject(longCooldown)
  const { sessionId } = await play(project, [...repeat(4, bash('npm test')), [say('stuck')]])
  expect(project.executions()).toBe(3)
  return { project, resume: sessionId }
}

const listed = ({ records }: Played): unknown => records.find(({ subtype }) => subtype === 'init')?.['slash_commands']

describeWithClient('commands typed as a prompt', () => {
  it.each([
    ['/circuit-status', /OPEN {2}Bash\(npm test\).*\n[\s\S]*close it: \/reset-circuit tool_failure/],
    ['/breaker-why', /Bash\(npm test\) tripped {2}tool_failure\n[\s\S]*← counted/],
    ['/breakerbox:circuit-status --memory', /The next cleanup/],
  ])('%s is answered by the prompt hook, and no model is asked', async (prompt, answer) => {
    const { project, resume } = await tripped()
    const run = await play(project, [[say('never asked')]], { prompt, resume })
    expect(run.model.requests).toEqual([])
    expect(run.shown).toHaveLength(1)
    expect(run.shown[0]).toMatch(answer)
    expect(run.shown[0]).not.toContain('Original prompt')
    expect(run.result).toMatchObject({ is_error: false, num_turns: 0 })
    expect(project.incidents('reset')).toEqual([])
  })

  it('/reset-circuit closes the circuit without a model request, and the call runs again', async () => {
    const { project, resume } = await tripped()
    const reset = await play(project, [[say('never asked')]], { prompt: '/reset-circuit', resume })
    expect(reset.model.requests).toEqual([])
    expect(project.incidents('reset')).toMatchObject([{ pattern: 'tool_failure', subject: 'Bash(npm test)' }])
    await play(project, [[bash('npm test')], [say('end')]], { prompt: 'again', resume })
    expect(project.executions()).toBe(4)
  })

  it('stand in the menu, and the model can start none of them', async () => {
    const project = await guardedProject(longCooldown)
    const script = [
      ...repeat(3, bash('npm test')),
      commands.map((skill) => call('Skill', { skill })),
      [bash('npm test')],
      [say('end')],
    ]
    const run = await play(project, script, { allowedTools: ['Bash', 'Skill'] })
    expect(listed(run)).toEqual(expect.arrayContaining(commands))
    const asked = run.results.filter(({ tool }) => tool === 'Skill')
    expect(asked).toHaveLength(commands.length)
    for (const { text } of asked) expect(text).toContain('due to disable-model-invocation')
    // nor is it offered them
    expect(run.model.told().join('\n')).not.toContain('Asks no model')
    expect(project.executions()).toBe(3)
    expect(run.refusals).toHaveLength(1)
  })

  it('reach the model where no hook runs, with the words that say so', async () => {
    const project = await guardedProject()
    const settings = project.readJson<object>('.claude/settings.json')
    project.write('.claude/settings.json', { ...settings, disableAllHooks: true })
    const run = await play(project, [[say('It is not active.')]], { prompt: '/circuit-status' })
    expect(run.model.told().join('\n')).toMatch(/hook of Breakerbox that answers this command is not active/)
  })
})

describeWithClient('commands typed at a terminal', () => {
  /** The client draws its prompt once it is ready for one. */
  const ready = /\? for shortcuts|← for agents|\/effort/

  it.skipIf(!hasTerminal)('an installed copy: with an argument too, in the words of the menu', async () => {
    const { project } = await tripped()
    const model = await scriptedModel([[say('never asked')]])
    const client = startInTerminal(project, model)
    await client.waitFor(ready)
    await client.enter('/circuit-status --memory')
    const drawn = await client.waitFor(/close it: \/reset-circuit tool_failure[\s\S]*The next cleanup/)
    expect(stripVTControlCharacters(drawn)).toContain('What Breakerbox refuses')
    await client.enter('/reset-circuit tool_failure')
    await client.waitFor(/OPEN → CLOSED/, drawn.length)
    expect(model.requests).toEqual([])
  })

  it.skipIf(!hasTerminal)('the plugin: a bare name is completed by the menu', async () => {
    const { project } = await tripped()
    await runCommand('breakerbox', ['uninstall', '--project', project.folder], { project })
    const model = await scriptedModel([[say('never asked')]])
    const client = startInTerminal(project, model, ['--plugin-dir', join(root, 'plugin')])
    await client.waitFor(ready)
    await client.enter('/circuit-status')
    const drawn = await client.waitFor(/close it: \/breakerbox:reset-circuit tool_failure/)
    await client.enter('/breakerbox:reset-circuit tool_failure')
    await client.waitFor(/OPEN → CLOSED/, drawn.length)
    expect(model.requests).toEqual([])
  })
})

describeWithClient('a command that the model has scheduled', () => {
  it('closes nothing, although the client submits it as if it was typed', { timeout: 200_000 }, async () => {
    const project = await guardedProject({
      circuit_breakers: { tool_failure: { cooldown_base_seconds: 300 } },
      cooldown_ladder_seconds: [300],
    })
    const scheduled = call('CronCreate', { cron: '* * * * *', prompt: '/reset-circuit', recurring: false })
    const model = await scriptedModel([...repeat(3, bash('npm test')), [scheduled], [say('waits')]])
    const allowedTools = ['Bash', 'CronCreate']
    const conversation = startConversation({ project, model, allowedTools, timeoutSeconds: 190 })
    conversation.type('go')
    await conversation.waitFor(({ result }) => result === 'waits')
    // the next full minute, and what the client waits beyond it
    const refused = await conversation.waitFor((record) => /reset-circuit: refused/.test(`${record['content']}`))
    expect(String(refused['content'])).toContain('the model has scheduled a /reset-circuit')
    await conversation.finish()
    expect(project.incidents('reset')).toEqual([])
    expect((await project.status()).circuits).toMatchObject([{ subject: 'Bash(npm test)', state: 'open' }])
  })
})
