import { expect, it } from 'vitest'
import { type Block, bash, call, repeat, say, thinking } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, longCooldown, play } from './scenario.ts'

describeWithClient('a call that the permission system refuses, eight times, with nobody there to allow it', () => {
  it.each<[what: string, asked: Block, named: string]>([
    ['WebFetch', call('WebFetch', { url: 'https://example.com/', prompt: 'the title' }), 'WebFetch'],
    ['a command', bash('npm install left-pad'), 'npm install left-pad'],
    ['a command on a path that needs approval', bash('rm -rf build'), 'rm -rf build'],
    ['a Write', call('Write', { file_path: 'new.txt', content: 'x' }), 'Write'],
  ])('%s: the run is stopped', async (_what, asked, named) => {
    const project = await guardedProject(longCooldown)
    const run = await play(project, [...thinking(repeat(8, asked)), [say('never reached')]], { allowedTools: ['Read'] })

    expect(run.result).toMatchObject({ terminal_reason: 'hook_stopped', result: '' })
    // Four that the permission system refused, then three that we refused.
    expect(run.answers).toBe(7)
    expect(run.refusals).toHaveLength(2)
    expect(run.refusals[0]).toContain('4 times')
    expect(project.halt()?.subject).toContain(named)
    expect(run.shown.filter((text) => text.includes(named) && text.includes('halted'))).toHaveLength(1)
  })
})
