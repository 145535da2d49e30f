import { describe, expect, it } from 'vitest'
import { fireEvent, type HookAnswer, registeredCommands, runHookCommand } from '../support/built-hook.ts'
import { bash, repeat, type Step, say } from '../support/fake-model.ts'
import { bashCall, postToolBatch, postToolUseFailure, preToolUse } from '../support/payloads.ts'
import { passTime } from '../support/time-travel.ts'
import { describeWithClient, failure, type GuardedProject, guardedProject, longCooldown, play } from './scenario.ts'

/** Just past the cooldown that `longCooldown` sets. */
const pastCooldown = 61

describeWithClient('after the cooldown', () => {
  const trip = repeat(4, bash('npm test'))
  const afterCooldown =
    (project: GuardedProject, before?: () => void): Step =>
    () => {
      before?.()
      passTime(project, pastCooldown)
      return [bash('npm test')]
    }

  it('a probe that succeeds closes the circuit', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, [
      ...trip,
      afterCooldown(project, () => project.fix()),
      [bash('npm test')],
      [say('end')],
    ])

    expect(run.refusals).toHaveLength(1)
    // Three failures, the probe, and one more that the closed circuit lets through.
    expect(project.executions()).toBe(5)
    expect(project.incidents('probe')).toHaveLength(1)
    expect(project.incidents('recovery')).toMatchObject([{ pattern: 'tool_failure', subject: 'Bash(npm test)' }])
    const { circuits } = await project.status()
    expect(circuits.filter((circuit) => circuit.state !== 'closed')).toEqual([])
  })

  it('a probe that fails opens it again, for the next rung of the ladder', async () => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, [...trip, afterCooldown(project), [bash('npm test')], [say('end')]])

    expect(project.executions()).toBe(4)
    expect(run.refusals).toHaveLength(2)
    const [opened] = project.incidents('trip')
    expect(project.incidents('reopen')).toMatchObject([{ level: Number(opened?.level) + 1, cooldownSeconds: 300 }])
    const [circuit] = (await project.status()).circuits
    expect(circuit).toMatchObject({ state: 'open', level: Number(opened?.level) + 1, subject: 'Bash(npm test)' })
    // Above the base of 60 s the next rung is 300 s; the clock has gone on a little since.
    expect(circuit?.cooldownRemainingSeconds).toBeGreaterThan(240)
    expect(circuit?.cooldownRemainingSeconds).toBeLessThanOrEqual(300)
  })
})

describe('four gate processes that ask at the same moment', () => {
  it.each([1, 2, 3, 4, 5])('let exactly one probe through (round %i)', async () => {
    const project = await guardedProject(longCooldown)
    const scene = { project }
    const error = `Exit code 1\n${failure}`
    for (const turn of [1, 2, 3]) {
      const planned = bashCall('npm test', `toolu_fail_${turn}`)
      await fireEvent(project, preToolUse(scene, planned))
      await fireEvent(project, postToolUseFailure(scene, planned, error))
      await fireEvent(project, postToolBatch(scene, [[planned, error]]))
    }
    passTime(project, pastCooldown)

    const [gate = ''] = registeredCommands(project, 'PreToolUse', 'Bash')
    const asked = await Promise.all(
      [1, 2, 3, 4].map((number) =>
        runHookCommand(gate, preToolUse(scene, bashCall('npm test', `toolu_probe_${number}`)), { project }),
      ),
    )
    expect(asked.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    expect(asked.map(({ answer }) => verdict(answer)).sort()).toEqual(['deny', 'deny', 'deny', 'let through'])
    expect(project.incidents('probe')).toHaveLength(1)
  })
})

const verdict = (answer: HookAnswer | undefined) =>
  answer === undefined ? 'let through' : answer.hookSpecificOutput?.permissionDecision
