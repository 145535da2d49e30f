import { expect, it } from 'vitest'
import { bash, call, repeat, say } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play, refusals } from './scenario.ts'

const looper = call('Agent', {
  description: 'make the tests pass',
  prompt: 'LOOPER: make the tests pass',
  subagent_type: 'general-purpose',
  run_in_background: false,
})

describeWithClient('a loop inside a subagent', () => {
  it('is refused there; the main agent and a second session are not affected', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, {
      main: [[looper], [bash('npm test')], [say('end')]],
      agents: { LOOPER: [...repeat(5, bash('npm test')), [say('I give up')]] },
    })
    const inside = run.model.toolResults('LOOPER')

    expect(refusals(inside)).toHaveLength(2)
    expect(refusals(inside)[0]).toContain('failed 3 times')
    // Three in the subagent, and the main agent's own.
    expect(project.executions()).toBe(3 + 1)
    expect(run.refusals).toEqual([])
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
    expect((await project.status()).circuits).toMatchObject([{ subject: 'Bash(npm test)', session: run.sessionId }])

    const second = await play(project, [[bash('npm test')], [say('end')]])
    expect(second.sessionId).not.toBe(run.sessionId)
    expect(project.executions()).toBe(3 + 2)
    expect(second.refusals).toEqual([])
  })

  it('that goes on ends the subagent only; its circuit then holds for the whole session', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, {
      main: [[looper], [bash('npm test')], [bash('echo other work')], [say('end')]],
      agents: { LOOPER: [...repeat(8, bash('npm test')), [say('never reached')]] },
    })
    const [agentCall, ...later] = run.results

    expect(project.incidents('halt')).toMatchObject([{ subject: 'Bash(npm test)' }])
    // The parent learns with the result of its Agent call why there is no report.
    expect(agentCall?.text).toContain('Subagent completed but returned no output')
    expect(agentCall?.text).toMatch(/hook additional context: \[circuit_breaker\][\s\S]*Bash\(npm test\)/)
    // The client shows no message of a hook that ran inside a subagent: the person is told at the parent's call.
    expect(run.shown.some((text) => text.includes('Bash(npm test)') && text.includes('halted'))).toBe(true)

    expect(project.executions()).toBe(3)
    expect(later.map((result) => result.text.split('\n')[0])).toEqual([
      expect.stringMatching(/^PreToolUse:Bash hook error: /),
      'other work',
    ])
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })

    const second = await play(project, [[bash('npm test')], [say('end')]])
    expect(project.executions()).toBe(4)
    expect(second.refusals).toEqual([])
  })
})
