import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { firstPromptEnding, marksFolder } from '../../lib/session/session-marks.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import { clientsAbove, describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('the first prompt of a session', () => {
  // a session that another client has started is measured with each prompt
  it.skipIf(clientsAbove > 0)(
    'starts no Node: a shell takes the mark and leaves the prompt, which is taken in later',
    async () => {
      const project = await guardedProject(longCooldown)
      const run = await play(project, [[say('hello')]], { prompt: 'say "hello"' })
      const marks = readdirSync(join(project.memory, marksFolder))
      expect(marks.filter((name) => name.endsWith(firstPromptEnding))).toEqual([])
      expect(marks).toHaveLength(1)
      // the end of the session takes it in, in the background
      const session = join(project.memory, 'circuit_breaker_sessions', `${run.sessionId}.json`)
      await vi.waitFor(() => expect(existsSync(session)).toBe(true), 10_000)
      expect(readdirSync(join(project.memory, 'circuit_breaker_spool'))).toEqual([])
    },
  )

  it('with words that lift a limit is read at once', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, [...repeat(5, bash('npm test')), [say('end')]], { prompt: 'test, SUDO BYPASS' })
    expect(run.shown.some((text) => text.includes('for this prompt no call is refused'))).toBe(true)
    expect(run.refusals).toEqual([])
    expect(project.executions()).toBe(5)
  })
})
