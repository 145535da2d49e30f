import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lookEndName, lookName } from '../../lib/session/held-look.ts'
import { marksFolder } from '../../lib/session/session-marks.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import {
  clientsAbove,
  describeWithClient,
  type GuardedProject,
  guardedProject,
  longCooldown,
  play,
} from './scenario.ts'

/** Has the installed janitor note down its starts. */
function telling(project: GuardedProject): () => number {
  const file = project.path('.claude/hooks/memory-janitor.cjs')
  const [first = '', ...rest] = readFileSync(file, 'utf8').split('\n')
  const tell = "require('node:fs').appendFileSync(process.env.CLAUDE_PROJECT_DIR + '/starts.log', 'x')"
  writeFileSync(file, [first, tell, ...rest].join('\n'))
  return () => (project.exists('starts.log') ? project.read('starts.log').length : 0)
}

describeWithClient('the start of a session', () => {
  // a session that another client has started gets Node
  it.skipIf(clientsAbove > 0)('needs no Node while the last look around holds; all the rest is the same', async () => {
    const project = await guardedProject(longCooldown)
    const starts = telling(project)
    // the first finds a janitor that is not as installed, the second that all is well
    await play(project, [[say('hello')]])
    expect(project.incidents('tamper')).toHaveLength(1)
    await play(project, [[bash('ls')], [bash('pwd')], [say('hello')]])
    expect(starts()).toBe(2)
    const third = await play(project, [[bash('echo "depth $BREAKERBOX_DEPTH"')], [say('hello')]])
    expect(starts()).toBe(2)
    expect(third.results.map(({ text }) => text)).toEqual([expect.stringMatching(/^depth 1\n/)])
    // its first prompt needed none either
    const marks = readdirSync(join(project.memory, marksFolder)).sort()
    expect(marks.filter((name) => name.startsWith(third.sessionId))).toEqual([expect.stringMatching(/-\d+$/)])
    expect(marks).toEqual(expect.arrayContaining([lookName, lookEndName]))
    // a loop is stopped as ever, and what it has left is looked at by the next start
    const loop = await play(project, [...repeat(4, bash('npm test')), [say('end')]])
    expect([starts(), loop.refusals.length]).toEqual([2, 1])
    await play(project, [[say('hello')]])
    expect(starts()).toBe(3)
    // and by Node whenever a session goes on
    await play(project, [[say('hello')]], { resume: third.sessionId })
    expect(starts()).toBe(4)
  })
})
