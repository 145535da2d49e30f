import { expect, it } from 'vitest'
import { runClient } from '../support/client.ts'
import { type Script, say, startFakeModel } from '../support/fake-model.ts'
import { describeWithClient, type GuardedProject, guardedProject } from './scenario.ts'

/** The client tries an overload ten times, for a minute and more. Without any retry it tells no hook of a 529. */
const oneRetry = { CLAUDE_CODE_MAX_RETRIES: '1' }

/** One `claude -p` against a model that answers by this script. */
async function prompt(project: GuardedProject, script: Script) {
  const model = await startFakeModel(script)
  try {
    return await runClient({ project, model, prompt: 'go', environment: oneRetry })
  } finally {
    await model.close()
  }
}

describeWithClient('a model API that is overloaded', () => {
  it('five turns that fail open the circuit, the next prompt waits and is kept, two that work close it', async () => {
    const project = await guardedProject({ circuit_breakers: { llm_api: { cooldown_base_seconds: 8 } } })
    const overloaded: Script = [{ error: 529, type: 'overloaded_error' }]
    for (let i = 0; i < 5; i += 1) await prompt(project, overloaded)
    const run = await prompt(project, [[say('here again')]])
    expect(run.result).toMatchObject({ result: 'here again' })
    const told = run.shown.filter((text) => text.includes('this prompt waited'))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('failed 5 turns in a row (server_error)')
    expect(told[0]).toMatch(/waited [5-8] s/)
    expect(project.incidents('trip')).toMatchObject([{ pattern: 'llm_api', subject: 'the model API' }])

    await prompt(project, [[say('still here')]])
    expect(project.incidents('recovery')).toHaveLength(1)
    const last = await prompt(project, [[say('as ever')]])
    expect(last.shown.filter((text) => text.includes('waited'))).toEqual([])
  })

  it('a request that it cannot take counts for nothing', async () => {
    const project = await guardedProject()
    for (let i = 0; i < 6; i += 1) await prompt(project, [{ error: 400, type: 'invalid_request_error' }])
    expect(project.incidents('trip')).toEqual([])
  })
})
