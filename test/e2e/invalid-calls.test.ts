import { expect, it } from 'vitest'
import { type Block, call, repeat, say, thinking } from '../support/fake-model.ts'
import { describeWithClient, guardedProject, hasAdvice, play } from './scenario.ts'

describeWithClient('a call that is rejected before it runs, eight times', () => {
  it.each<[what: string, asked: Block, named: RegExp]>([
    [
      'an Edit whose old_string is never found',
      call('Edit', { file_path: 'price.txt', old_string: 'no such text', new_string: 'x' }),
      /Edit/,
    ],
    ['a tool that does not exist', call('NoSuchTool', { a: 1 }), /NoSuchTool/],
    ['a Read without a path', call('Read', { path: 'price.txt' }), /Read/],
  ])('%s: the model is told after three, the run ends after five', async (_what, asked, named) => {
    const project = await guardedProject()
    project.write('price.txt', 'price 0\n')
    const run = await play(project, [
      [call('Read', { file_path: 'price.txt' })],
      ...thinking(repeat(8, asked)),
      [say('end')],
    ])
    const [, ...rejections] = run.results

    // The fifth rejection ends the run before the model could read it.
    expect(run.answers).toBe(1 + 5)
    expect(run.result).toMatchObject({ terminal_reason: 'hook_stopped', result: '' })
    const told = rejections.map(hasAdvice)
    expect(told.slice(0, 3)).toEqual([false, false, true])
    expect(rejections[2]?.text).toMatch(/3 times/)
    expect(rejections[2]?.text).toMatch(named)

    expect(run.shown.filter((text) => named.test(text) && text.includes('halted'))).toHaveLength(1)
    expect(project.halt()?.subject).toMatch(named)
    expect(project.incidents('halt')).toHaveLength(1)
    expect(project.read('price.txt')).toBe('price 0\n')
  })
})
