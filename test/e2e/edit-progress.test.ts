import { expect, it } from 'vitest'
import { bash, call, say } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('a failing `npm test` with an edit before each run', () => {
  const edit = (from: number, to: number) =>
    call('Edit', { file_path: 'price.txt', old_string: `price ${from}`, new_string: `price ${to}` })

  it('is executed eight times where the edits succeed', async () => {
    const project = await guardedProject(longCooldown)
    project.write('price.txt', 'price 0\n')
    const rounds = Array.from({ length: 8 }, (_, round) => [[edit(round, round + 1)], [bash('npm test')]]).flat()
    const run = await play(project, [[call('Read', { file_path: 'price.txt' })], ...rounds, [say('end')]])

    expect(project.read('price.txt')).toBe('price 8\n')
    expect(project.executions()).toBe(8)
    expect(run.refusals).toEqual([])
    expect(project.incidents('denial')).toEqual([])
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
  })

  it('is executed three times where the edits are rejected: they change nothing', async () => {
    const project = await guardedProject(longCooldown)
    project.write('price.txt', 'price 0\n')
    const rounds = [5, 6, 7, 8].flatMap((price) => [[edit(price, price + 1)], [bash('npm test')]])
    const run = await play(project, [[call('Read', { file_path: 'price.txt' })], ...rounds, [say('end')]])

    expect(project.read('price.txt')).toBe('price 0\n')
    expect(project.executions()).toBe(3)
    expect(run.refusals).toHaveLength(1)
  })

  it('is executed three times where a hook of somebody else refuses the edits', async () => {
    const project = await guardedProject(longCooldown)
    project.write('price.txt', 'price 0\n')
    // The model then reads nothing but this reason, without any sign that a hook wrote it.
    const answer = {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'deny',
        permissionDecisionReason: 'Prices are edited in the spreadsheet.',
      },
    }
    project.write('.claude/settings.local.json', {
      hooks: {
        PreToolUse: [{ matcher: 'Edit', hooks: [{ type: 'command', command: `echo '${JSON.stringify(answer)}'` }] }],
      },
    })
    const rounds = [1, 2, 3, 4].flatMap((price) => [[edit(0, price)], [bash('npm test')]])
    const run = await play(project, [[call('Read', { file_path: 'price.txt' })], ...rounds, [say('end')]])

    expect(project.read('price.txt')).toBe('price 0\n')
    expect(run.results[1]?.text).toMatch(/^Prices are edited in the spreadsheet\./)
    expect(project.executions()).toBe(3)
    expect(run.refusals).toHaveLength(1)
  })

  it('is let through again as soon as something was changed', async () => {
    const project = await guardedProject(longCooldown)
    project.write('price.txt', 'price 0\n')
    const run = await play(project, [
      [call('Read', { file_path: 'price.txt' })],
      ...Array.from({ length: 4 }, () => [bash('npm test')]),
      [edit(0, 1)],
      [bash('npm test')],
      [say('end')],
    ])

    expect(run.refusals).toHaveLength(1)
    expect(project.executions()).toBe(4)
    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
  })
})
