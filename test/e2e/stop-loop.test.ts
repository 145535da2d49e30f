import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCommand } from '../support/built-hook.ts'
import { bash, type Step, say } from '../support/fake-model.ts'
import { addHook, describeWithClient, type GuardedProject, guardedProject, play } from './scenario.ts'

/** A Stop hook that blocks, at most so often: its own bound holds whatever the breakers do. */
async function withStopHook(block: string, most: number): Promise<GuardedProject> {
  const project = await guardedProject()
  project.write(
    'until-green.sh',
    `cat >>"$CLAUDE_PROJECT_DIR"/asked.log
echo >>"$CLAUDE_PROJECT_DIR"/asked.log
[ "$(grep -c . "$CLAUDE_PROJECT_DIR"/asked.log)" -le ${most} ] || exit 0
${block}
`,
  )
  addHook(project, 'Stop', 'sh "$CLAUDE_PROJECT_DIR"/until-green.sh')
  const guarded = await runCommand('breakerbox', ['guard-hooks', '--project', project.folder], { project })
  expect(guarded, guarded.stderr).toMatchObject({ exitCode: 0 })
  return project
}

const stops = (project: GuardedProject) =>
  project.readJsonLines<{ prompt_id: string; stop_hook_active: boolean }>('asked.log')
const hookState = (project: GuardedProject): string =>
  readFileSync(join(project.home, '.claude', 'hook_state.json'), 'utf8')

describeWithClient('a guarded Stop hook that blocks again and again', () => {
  it.each([
    ['by exit code 2', 'echo "the tests are red" >&2; exit 2'],
    ['by its answer', `echo '{"decision":"block","reason":"the tests are red"}'`],
  ])('%s: is out of the way after the sixth time', async (_how, block) => {
    const project = await withStopHook(block, 12)
    const run = await play(project, [[say('done')]])
    expect(run.result).toMatchObject({ terminal_reason: 'completed' })
    expect(stops(project)).toHaveLength(6)
    expect(new Set(stops(project).map(({ prompt_id }) => prompt_id)).size).toBe(1)
    expect(project.incidents('trip')).toMatchObject([{ pattern: 'hook_recursion' }])
    expect(hookState(project)).toContain('blocked 6 times in 1 turn of one prompt')
  })

  it('keeps an agent at work that works', async () => {
    const project = await withStopHook('echo "the tests are red" >&2; exit 2', 8)
    let calls = 0
    const work: Step = () => {
      calls += 1
      return calls % 4 === 0 ? [say('done')] : [bash(`echo step ${calls}`)]
    }
    const run = await play(project, [work])
    expect(run.result).toMatchObject({ terminal_reason: 'completed' })
    expect(stops(project)).toHaveLength(9)
    expect(project.incidents('trip')).toEqual([])
  })
})
