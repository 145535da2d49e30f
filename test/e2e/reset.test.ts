import { expect, it } from 'vitest'
import { bash, repeat, say } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('`/reset-circuit` typed as a prompt', () => {
  it('is carried out by the prompt hook, costs no model request, and the call runs again', async () => {
    const project = await guardedProject(longCooldown)
    const tripped = await play(project, [...repeat(4, bash('npm test')), [say('stuck')]])
    expect(project.executions()).toBe(3)

    const reset = await play(project, [[say('never asked')]], { prompt: '/reset-circuit', resume: tripped.sessionId })
    expect(reset.model.requests).toEqual([])
    expect(project.incidents('reset')).toMatchObject([{ pattern: 'tool_failure', subject: 'Bash(npm test)' }])

    await play(project, [[bash('npm test')], [say('end')]], { prompt: 'again', resume: tripped.sessionId })
    expect(project.executions()).toBe(4)
  })
})
