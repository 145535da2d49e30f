import { expect, it } from 'vitest'
import { bash, repeat, say, thinking } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('a loop of successes', () => {
  // Taken in with each third batch only, it would go on for six calls: two of them are known by the third batch, five by the sixth.
  it('that begins while a batch waits is stopped as if none did', async () => {
    const project = await guardedProject(longCooldown)
    project.write('look.sh', 'echo run >>executions.log\necho the same\n')
    const loop = repeat(10, bash('sh look.sh'))
    const run = await play(project, [...thinking([[bash('echo first')], ...loop]), [say('end')]])

    expect(run.refusals.length).toBeGreaterThan(0)
    // four are what it takes; what is found in the background stops the call after the next
    expect(project.executions()).toBeGreaterThanOrEqual(4)
    expect(project.executions()).toBeLessThanOrEqual(5)
  })
})
