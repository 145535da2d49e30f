import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { firstPromptEnding, marksFolder } from '../../lib/session/session-marks.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import { clientsAbove, describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('the first prompt of a session', () => {
  // a session that another client has started is measured with each prompt
  it.skipIf(clientsAbove > 0)('starts no Node: a shell takes the mark and leaves it to be taken in later', async () => {
    const project = await guardedProject(longCooldown)
    // tells that it was started, and does nothing else
    const telling = "require('node:fs').writeFileSync(process.env.CLAUDE_PROJECT_DIR + '/started', '')\n"
    project.write('.claude/hooks/prompt-intake.cjs', telling)
    const run = await play(project, [[say('hello')]], { prompt: 'say "hello"' })
    expect(project.exists('started')).toBe(false)
    const marks = readdirSync(join(project.memory, marksFolder))
    expect(marks.filter((name) => name.endsWith(firstPromptEnding))).toEqual([])
    expect(marks).toHaveLength(1)
    // the end of the session takes it in, in the background
    const session = join(project.memory, 'circuit_breaker_sessions', `${run.sessionId}.json`)
    const left = () => [existsSync(session), ...readdirSync(join(project.memory, 'circuit_breaker_spool'))]
    await vi.waitFor(() => expect(left()).toEqual([true]), 10_000)
    // the second prompt of the same session does start it
    await play(project, [[say('hello')]], { prompt: 'say it again', resume: run.sessionId })
    expect(project.exists('started')).toBe(true)
  })

  it('with words that lift a limit is read at once', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, [...repeat(5, bash('npm test')), [say('end')]], { prompt: 'test, SUDO BYPASS' })
    expect(run.shown.some((text) => text.includes('for this prompt no call is refused'))).toBe(true)
    expect(run.refusals).toEqual([])
    expect(project.executions()).toBe(5)
  })
})
