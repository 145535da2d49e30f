import { expect, it } from 'vitest'
import { startConversation } from '../support/client.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play, refusals, scriptedModel } from './scenario.ts'

describeWithClient('a session that goes on', () => {
  it('resumed, counts on', async () => {
    const project = await guardedProject(longCooldown)
    const first = await play(project, [...repeat(2, bash('npm test')), [say('later')]])
    const resumed = await play(project, [...repeat(2, bash('npm test')), [say('end')]], {
      prompt: 'go on',
      resume: first.sessionId,
    })
    expect(resumed.sessionId).toBe(first.sessionId)
    expect(project.executions()).toBe(3)
    expect(resumed.refusals).toHaveLength(1)
    expect(resumed.refusals[0]).toContain('failed 3 times')
  })

  it('resumed, still refuses what was refused', async () => {
    const project = await guardedProject(longCooldown)
    const first = await play(project, [...repeat(4, bash('npm test')), [say('later')]])
    const resumed = await play(project, [[bash('npm test')], [say('end')]], {
      prompt: 'go on',
      resume: first.sessionId,
    })
    expect(project.executions()).toBe(3)
    expect(resumed.refusals).toHaveLength(2) // the first run's, which the model reads again, and its own
  })

  it('compacted by the client in the middle of a run, counts on', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(
      project,
      [
        [bash('npm test')],
        // More than the window below: before the next request the client compacts.
        { contextTokens: 180_000, blocks: [bash('npm test')] },
        ...repeat(2, bash('npm test')),
        [say('end')],
      ],
      { environment: { CLAUDE_CODE_AUTO_COMPACT_WINDOW: '50000' } },
    )
    expect(run.records.filter((record) => record.subtype === 'compact_boundary')).toHaveLength(1)
    expect(project.executions()).toBe(3)
    expect(run.refusals).toHaveLength(1)
  })

  it('compacted by hand and resumed, counts on', async () => {
    const project = await guardedProject(longCooldown)
    const first = await play(project, [...repeat(2, bash('npm test')), [say('later')]])
    const compacted = await play(project, [[say('not asked')]], { prompt: '/compact', resume: first.sessionId })
    expect(compacted.sessionId).toBe(first.sessionId)
    expect(compacted.records.filter((record) => record.subtype === 'compact_boundary')).toHaveLength(1)
    const resumed = await play(project, [...repeat(2, bash('npm test')), [say('end')]], {
      prompt: 'go on',
      resume: first.sessionId,
    })
    expect(project.executions()).toBe(3)
    expect(resumed.refusals).toHaveLength(1)
  })

  it('cleared, starts over under a new id', async () => {
    const project = await guardedProject(longCooldown)
    const model = await scriptedModel([
      ...repeat(4, bash('npm test')),
      [say('stuck')],
      [bash('npm test')],
      [say('fresh')],
    ])
    const conversation = startConversation({ project, model })
    conversation.type('go')
    const stuck = await conversation.waitFor((record) => record['result'] === 'stuck')
    expect(project.executions()).toBe(3)
    conversation.type('/clear')
    await conversation.waitFor((record) => record.type === 'result', conversation.records.length)
    conversation.type('go again')
    const fresh = await conversation.waitFor((record) => record['result'] === 'fresh')
    await conversation.finish()

    expect(fresh.session_id).not.toBe(stuck.session_id)
    expect(project.executions()).toBe(4)
    expect(refusals(model.toolResults())).toHaveLength(1)
  })
})

describeWithClient('a message that is typed while the run is going', () => {
  it.each([
    ['SUDO BYPASS - one more time', 4, 1],
    ['one more time', 3, 2],
  ])('%s: %i executions, %i refusals', async (text, executions, refused) => {
    const project = await guardedProject(longCooldown)
    // The run waits in this command until the client has queued the message, which the transcript tells (the first prompt
    // of a conversation is queued too); where a later client writes it differently, it waits its 30 seconds.
    const queued = `[ "$(cat ~/.claude/projects/*/*.jsonl | grep -c '"enqueue"')" -ge 2 ]`
    const busy = `for i in $(seq 300); do ${queued} && break; sleep 0.1; done`
    const model = await scriptedModel([...repeat(4, bash('npm test')), [bash(busy)], [bash('npm test')], [say('end')]])
    const conversation = startConversation({ project, model })
    conversation.type('go')
    await conversation.waitFor((record) => record.type === 'assistant' && JSON.stringify(record).includes('enqueue'))
    conversation.type(text)
    await conversation.waitFor((record) => record['result'] === 'end')
    await conversation.finish()

    expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('new message while you were working')
    expect(project.executions()).toBe(executions)
    expect(refusals(model.toolResults())).toHaveLength(refused)
  })
})
