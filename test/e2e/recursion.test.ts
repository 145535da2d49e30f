import { expect, it } from 'vitest'
import { lookName } from '../../lib/session/held-look.ts'
import { marksFolder } from '../../lib/session/session-marks.ts'
import { bash, say } from '../support/fake-model.ts'
import {
  clientsAbove as above,
  addHook,
  describeWithClient,
  type GuardedProject,
  guardedProject,
  play,
} from './scenario.ts'

/** So many sessions of a test may be nested, as `guardedProject` sets it. */
const maxDepth = 3
/** A runaway that nothing stops ends here by itself: the script that starts clients counts them in a file. */
const mostStarts = 8

/**
 * A shell script that starts the client once more in the same project, and waits for it: what a careless Stop hook does. Its
 * own bound holds whatever the breakers do.
 */
function selfStarter(project: GuardedProject, prompt: string): string {
  project.write(
    'start-claude.sh',
    `#!/bin/sh
cd "$(dirname "$0")" || exit 0
echo start >>starts.log
[ "$(wc -l <starts.log)" -le ${mostStarts} ] || exit 0
timeout -k 1 60 "${process.env['CLAUDE_BIN']}" -p '${prompt}' --model claude-sonnet-4-5 --allowedTools Bash </dev/null >>answers.log 2>&1
exit 0
`,
    0o755,
  )
  return project.path('start-claude.sh')
}

const starts = (project: GuardedProject): number =>
  project.exists('starts.log') ? project.read('starts.log').trim().split('\n').length : 0

/** Prompts that reached the model, title requests and the like left out. */
const asked = (run: Awaited<ReturnType<typeof play>>) => run.model.requests.filter(({ step }) => step >= 0).length

const long = { timeoutSeconds: 140 }

describeWithClient('a Stop hook that starts Claude Code', () => {
  it('stops at the depth limit: the last session asks no model, and says why with the chain', async () => {
    const project = await guardedProject()
    addHook(project, 'Stop', `"$CLAUDE_PROJECT_DIR"/start-claude.sh`, { timeout: 120 })
    // The script is not there yet. What this session has looked at holds for the next, whose start then needs no Node to be counted.
    await play(project, [[say('done')]], long)
    if (above === 0) expect(project.exists(`.claude/memory/${marksFolder}/${lookName}`)).toBe(true)
    selfStarter(project, 'fix the tests')
    const run = await play(project, [[say('done')]], long)

    expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'done' })
    // Each of the three sessions has stopped and started the next; the fourth was refused, and has no Stop.
    expect(starts(project)).toBe(maxDepth)
    expect(asked(run)).toBe(maxDepth)
    const [trip, ...others] = project.incidents('trip')
    expect(others).toEqual([])
    expect(trip).toMatchObject({ pattern: 'hook_recursion', subject: 'nested session' })
    const reason = String((trip as unknown as { reason: string }).reason)
    expect(reason).toContain(`is ${above + maxDepth + 1} deep, more than ${above + maxDepth}: `)
    // The innermost links: the script that the session's hook has run, and the client that this has started.
    expect(reason).toMatch(/start-claude\.sh"?(?: > timeout [^>]*)? > claude -p "fix the tests" [^>]*$/)
    if (above === 0) expect(reason.match(/start-claude\.sh/g)).toHaveLength(maxDepth)
    expect(project.read('answers.log')).toContain('[circuit_breaker] Refused: this nested session is')
    // Its client has ended, and with it the circuit and the marker.
    expect((await project.status()).circuits).toEqual([])
    expect(project.exists('.claude/memory/circuit_breaker_armed')).toBe(false)
  })

  it('goes on in mode observe, and each session beyond the limit leaves an incident', async () => {
    const project = await guardedProject({ mode: 'observe' })
    addHook(project, 'Stop', `"$CLAUDE_PROJECT_DIR"/start-claude.sh`, { timeout: 120 })
    selfStarter(project, 'fix the tests')
    await play(project, [[say('done')]], long)
    expect(starts(project)).toBe(mostStarts + 1)
    expect(project.incidents('trip')).toEqual([])
    expect(project.incidents('observed')).toHaveLength(mostStarts + 1 - maxDepth)
  })
})

describeWithClient('a command of the model that starts Claude Code', () => {
  it('knows its depth by the environment, also where it lets go of its parent', async () => {
    const project = await guardedProject()
    const script = selfStarter(project, 'go on')
    // Double fork: no ancestor is left but init, as with `nohup … &` of a session that ends.
    project.write('detached.sh', `#!/bin/sh\n(setsid "${script}" </dev/null >/dev/null 2>&1 &)\n`, 0o755)
    const run = await play(
      project,
      [
        ({ messages }) => {
          const isAnswer = JSON.stringify(messages.at(-1)).includes('tool_result')
          return isAnswer ? [say('done')] : [bash('echo "depth $BREAKERBOX_DEPTH" >>depths.log; ./detached.sh')]
        },
      ],
      long,
    )
    expect(run.result.result).toBe('done')
    for (const end = Date.now() + 60_000; Date.now() < end && project.incidents('trip').length === 0; ) {
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    expect(project.incidents('trip')).toMatchObject([{ pattern: 'hook_recursion' }])
    expect(project.read('depths.log').trim().split('\n')).toEqual([1, 2, 3].map((depth) => `depth ${above + depth}`))
    expect(starts(project)).toBe(maxDepth)
  })
})
