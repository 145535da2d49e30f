import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../support/built-hook.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'
import { describeWithClient, play } from './scenario.ts'

const entry = (command: string, more: object = {}) => ({ type: 'command', command, ...more })
const crash = 'echo boom >&2; exit 1'
const speak = "echo '{}'"

/** A project with hooks of somebody else: one speaks, one hangs, one crashes, one is started without a shell. */
function projectWithHooks(): TempProject {
  const project = createTempProject()
  onTestFinished(project.remove)
  const words = [
    '-e',
    'require("node:fs").appendFileSync(process.argv[1] + "/words.log", "run\\n")',
    '${CLAUDE_PROJECT_DIR}',
  ]
  project.write('.claude/settings.json', {
    hooks: {
      PreToolUse: [
        {
          matcher: 'Bash',
          hooks: [entry(speak), entry(crash), entry('sleep 60', { timeout: 1 }), entry('node', { args: words })],
        },
      ],
      Stop: [{ hooks: [entry('true')] }],
    },
  })
  return project
}

const script = [
  ...['one', 'two', 'three', 'four'].map((word) => [
    { type: 'tool_use', name: 'Bash', input: { command: `echo ${word}` } } as const,
  ]),
  [{ type: 'text', text: 'done' } as const],
]

interface Health {
  readonly guarded: readonly {
    readonly command: string
    readonly state: string
    readonly failures: number
    readonly runs: number
  }[]
  readonly unguarded: readonly {
    readonly command: string
    readonly runs: number
    readonly failed: number
    readonly timedOut: number
    readonly p95Ms: number
  }[]
}

async function healthOf(project: TempProject): Promise<{ exitCode: number | null; health: Health }> {
  const { exitCode, stdout } = await runCommand('hook-health', ['--json', '--project', project.folder], { project })
  return { exitCode, health: JSON.parse(stdout) as Health }
}

describeWithClient('hooks of somebody else', () => {
  test('their time-outs and slowness are in the transcript; guarded, they are out of the way after three failures', async () => {
    const project = projectWithHooks()
    const settings = project.read('.claude/settings.json')
    await play(project, script)
    const bare = await healthOf(project)
    expect(bare).toMatchObject({ exitCode: 0, health: { guarded: [] } })
    const find = (command: string) => bare.health.unguarded.find((each) => each.command === command)
    expect(find(crash)).toMatchObject({ runs: 4, failed: 4, timedOut: 0 })
    expect(find('sleep 60')).toMatchObject({ runs: 4, failed: 0, timedOut: 4, p95Ms: expect.any(Number) })
    expect(find('sleep 60')?.p95Ms).toBeGreaterThan(900)
    expect(find(speak)).toMatchObject({ runs: 4, failed: 0, timedOut: 0 })
    expect(find('true')).toMatchObject({ runs: 1, failed: 0 })
    const runsBare = project.read('words.log').length

    const guarding = await runCommand('breakerbox', ['guard-hooks'], { project })
    expect(guarding).toMatchObject({ exitCode: 0, stderr: '' })
    await play(project, script)
    const { exitCode, health } = await healthOf(project)
    expect(exitCode).toBe(1)
    const states = Object.fromEntries(
      health.guarded.map((each) => [each.command, [each.state, each.runs, each.failures]]),
    )
    expect(states).toMatchObject({
      [crash]: ['open', 3, 3],
      'sleep 60': ['open', 3, 3],
      [speak]: ['closed', 4, 0],
      true: ['closed', 1, 0],
    })
    expect(project.read('words.log').length).toBe(2 * runsBare)
    // what the guard runs is not told of a second time
    expect(health.unguarded.map(({ runs }) => runs)).toEqual(bare.health.unguarded.map(({ runs }) => runs))

    const undoing = await runCommand('breakerbox', ['guard-hooks', '--undo'], { project })
    expect(undoing).toMatchObject({ exitCode: 0, stderr: '' })
    expect(project.read('.claude/settings.json')).toBe(settings)
  })
})
