import { expect, it } from 'vitest'
import { bash, repeat, say, thinking } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('a loop of successes', () => {
  // Taken in with each third batch only, it would go on for five calls where one waits: with the third of it the count is two.
  it.each([1, 2])('that begins while %i batches wait is stopped as if none did', async (waiting) => {
    const project = await guardedProject(longCooldown)
    const work = Array.from({ length: waiting }, (_, n) => [bash(`echo ${n}`)])
    project.write('look.sh', 'echo run >>executions.log\necho the same\n')
    const loop = repeat(10, bash('sh look.sh'))
    const run = await play(project, [...thinking([...work, ...loop]), [say('end')]])

    expect(run.refusals.length).toBeGreaterThan(0)
    expect(project.executions()).toBe(4)
  })
})
