import { expect, it } from 'vitest'
import { runCommand } from '../support/built-hook.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import { describeWithClient, failure, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('a failing `npm test` asked for eight times', () => {
  const script = [
    ...repeat(4, bash('npm test')),
    [bash('echo something else')],
    ...repeat(4, bash('npm test')),
    [say('never reached')],
  ]

  it('is executed three times, then refused, and the run is halted after the third refusal', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, script)

    // Executions: counted by the command itself, not by anything that we print.
    expect(project.executions()).toBe(3)
    // Answers: three that fail, one refused, the other command, one refused, and the one whose refusal ends the run.
    expect(run.answers).toBe(7)
    expect(run.results.map((result) => result.text.split('\n')[0]?.replace(/:.*/, ''))).toEqual([
      'Exit code 1',
      'Exit code 1',
      'Exit code 1',
      'PreToolUse',
      'something else',
      'PreToolUse',
    ])
    expect(run.exitCode).toBe(0)
    expect(run.result).toMatchObject({ terminal_reason: 'hook_stopped', result: '' })
    expect(project.incidents('trip')).toMatchObject([{ pattern: 'tool_failure', subject: 'Bash(npm test)' }])
    expect(project.incidents('denial')).toHaveLength(3)
    expect(project.incidents('halt')).toMatchObject([{ pattern: 'tool_failure', session: run.sessionId }])
  })

  it('is refused with the count, the error, the time and the way to override', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, script)
    expect(run.refusals).toHaveLength(2)
    for (const refusal of run.refusals) {
      expect(refusal).toMatch(/^PreToolUse:Bash hook error: /)
      expect(refusal).toContain('failed 3 times')
      expect(refusal).toContain(failure)
      expect(refusal).toMatch(/\b([1-9]|[1-5]\d|60) s\b/)
      expect(refusal).toMatch(/\b\d{2}:\d{2}:\d{2}\b/)
      expect(refusal).toContain('SUDO BYPASS')
    }
  })

  it('leaves the person a message, a file and an exit code', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, script)
    expect(run.shown.filter((text) => text.includes('Bash(npm test)') && text.includes('halted'))).toHaveLength(1)
    expect(project.halt()).toMatchObject({ pattern: 'tool_failure', subject: 'Bash(npm test)', denials: 3 })
    expect(String(project.halt()?.howToContinue)).toContain('SUDO BYPASS')
    const asked = await runCommand('circuit-status', ['--halted', '--project', project.folder], { project })
    expect(asked.exitCode).toBe(3)
    expect(asked.stdout).toContain('Bash(npm test)')
  })
})

describeWithClient('a command that fails in a different way each time', () => {
  it('is never refused', async () => {
    const project = await guardedProject()
    // Each look is news: the model is working its way towards the cause.
    const script = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [bash(`cat missing-${name}.txt`)])
    const run = await play(project, [...script, [say('end')]])
    expect(run.refusals).toEqual([])
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
  })
})
