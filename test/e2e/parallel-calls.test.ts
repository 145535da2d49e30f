import { describe, expect, it } from 'vitest'
import { registeredCommands, runHookCommand } from '../support/built-hook.ts'
import { bash, call, say, thinking } from '../support/fake-model.ts'
import { preToolUse } from '../support/payloads.ts'
import { describeWithClient, guardedProject, hasAdvice, play } from './scenario.ts'

describeWithClient('many calls in one batch', () => {
  it('of nine agents five start, four are refused, and the run goes on', async () => {
    const project = await guardedProject()
    const agents = Array.from({ length: 9 }, (_, i) =>
      call('Agent', {
        description: `worker ${i}`,
        prompt: `WORKER ${i}`,
        subagent_type: 'general-purpose',
        run_in_background: false,
      }),
    )
    const run = await play(project, {
      main: [agents, [bash('echo on we go')], [say('end')]],
      agents: { WORKER: [[say('done')]] },
    })

    expect(run.model.requests.filter((request) => request.conversation === 'WORKER')).toHaveLength(5)
    expect(run.refusals).toHaveLength(4)
    for (const refusal of run.refusals) expect(refusal).toContain('more than 5 agents')
    expect(run.results.at(-1)?.text).toContain('on we go')
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
    expect(project.incidents('halt')).toEqual([])
  })

  it('eleven times `echo` is a warning, and none is refused', async () => {
    const project = await guardedProject()
    const echoes = Array.from({ length: 11 }, (_, i) => bash(`echo ${i}`))
    // Nothing is wrong with it: the model is told with the batch after those that gather.
    const further = ['on', 'we', 'go'].map((word) => [bash(`echo ${word}`)])
    const run = await play(project, [echoes, ...thinking(further), [say('end')]])

    expect(run.results).toHaveLength(14)
    expect(run.results.every((result) => !result.isError)).toBe(true)
    expect(run.refusals).toEqual([])
    expect(run.results.filter(hasAdvice)).toHaveLength(1)
    expect(project.incidents('warning')).toMatchObject([{ pattern: 'sequential_tools' }])
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
  })

  it('three identical failures count once: they fail together, for one reason', async () => {
    const project = await guardedProject()
    const run = await play(project, [
      [bash('npm test'), bash('npm test'), bash('npm test')],
      [bash('npm test')],
      [say('end')],
    ])

    expect(run.refusals).toEqual([])
    expect(project.executions()).toBe(4)
    expect(project.incidents('trip')).toEqual([])
  })
})

describe('nine gate processes that are asked for an agent at the same moment', () => {
  it.each([1, 2, 3, 4, 5])('let exactly five through (round %i)', async () => {
    const project = await guardedProject()
    const [gate = ''] = registeredCommands(project, 'PreToolUse', 'Agent')
    const asked = await Promise.all(
      Array.from({ length: 9 }, (_, i) =>
        runHookCommand(
          gate,
          preToolUse(
            { project },
            { tool: 'Agent', input: { description: `a${i}`, prompt: `p${i}` }, id: `toolu_${i}` },
          ),
          { project },
        ),
      ),
    )
    expect(asked.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(asked.map(() => [0, '']))
    expect(asked.filter(({ answer }) => answer === undefined)).toHaveLength(5)
    expect(project.incidents('denial')).toHaveLength(4)
    expect(project.incidents('probe')).toEqual([])
  })
})
