import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { built, type HookInput, root, runHookCommand } from '../support/built-hook.ts'
import * as payloads from '../support/payloads.ts'
import { createTempProject } from '../support/temp-project.ts'

const partFile = 'circuit-breaker-reactions.cjs'
const whole = readFileSync(join(root, 'dist', partFile))

/** A project with a copy of the built monitor and without the part, and a config, which no event has to make. */
function monitored() {
  const project = createTempProject()
  onTestFinished(() => project.remove())
  const hooks = project.path('.claude', 'hooks')
  const monitor = join(hooks, 'circuit-breaker-monitor.cjs')
  mkdirSync(hooks, { recursive: true })
  copyFileSync(built('circuit-breaker-monitor'), monitor)
  project.write('.claude/memory/circuit_breaker_config.json', {})
  const spool = join(project.memory, 'circuit_breaker_spool')
  return {
    project,
    putPart: (content: string | Uint8Array) => writeFileSync(join(hooks, partFile), content),
    tell: (input: HookInput) => runHookCommand(`exec node "${monitor}"`, input, { project }),
    drain: () => runHookCommand(`exec node "${monitor}" drain`, '', { project }),
    waiting: () => readdirSync(spool).length,
    windows: () => {
      const [session = ''] = readdirSync(join(project.memory, 'circuit_breaker_sessions'))
      return project.read(`.claude/memory/circuit_breaker_sessions/${session}`)
    },
    circuits: () =>
      project.readJson<{ circuits: unknown[] }>('.claude/memory/circuit_breaker_state.json')?.circuits.length ?? 0,
    incidents: () => project.readJsonLines('.claude/memory/circuit_breaker_incidents.jsonl').map(({ kind }) => kind),
  }
}
type Monitored = ReturnType<typeof monitored>

const error = 'Exit code 1\nmake: no rule'
const failing = (id: string) => payloads.bashCall('make', id)
const failure = ({ project }: Monitored, id: string) => payloads.postToolUseFailure({ project }, failing(id), error)
const batch = ({ project }: Monitored, id: string) => payloads.postToolBatch({ project }, [[failing(id), error]])

/** One step before the trip: two turns in which the same command failed. */
async function nearlyTripped(scene: Monitored): Promise<void> {
  for (const id of ['toolu_1', 'toolu_2']) {
    expect(await scene.tell(failure(scene, id))).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect(await scene.tell(batch(scene, id))).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  }
}

test('what meets nothing does not load it', async () => {
  const scene = monitored()
  const { project } = scene
  scene.putPart("require('node:fs').writeFileSync(require('node:path').join(__dirname, 'was-loaded'), '')")
  await nearlyTripped(scene)
  const edit = { tool: 'Edit', input: { file_path: 'a.ts', old_string: 'a', new_string: 'b' }, id: 'toolu_3' }
  const inputs = [
    batch(scene, 'toolu_2'),
    payloads.postToolUse({ project }, edit, 'The file a.ts has been updated successfully.'),
    payloads.postToolBatch({ project }, [[payloads.bashCall('ls', 'toolu_4'), 'a file']]),
    payloads.subagentStart({ project, agent: 'a1' }),
    payloads.subagentStop({ project, agent: 'a1' }, 'done'),
    payloads.stop({ project }, 'done'),
    payloads.sessionEnd({ project }),
  ]
  for (const input of inputs) expect(await scene.tell(input)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  expect(project.exists('.claude/hooks/was-loaded')).toBe(false)
  // The trial itself: what meets something does.
  await scene.tell(payloads.postToolUse({ project }, payloads.bashCall('curl https://a.example', 'toolu_5'), 'hello'))
  expect(project.exists('.claude/hooks/was-loaded')).toBe(true)
})

describe.each<[what: string, spoil: (scene: Monitored) => void]>([
  ['is missing', () => {}],
  ['is empty', (scene) => scene.putPart('')],
  ['is cut off', (scene) => scene.putPart(whole.subarray(0, whole.length / 2))],
  ['is of another make', (scene) => scene.putPart('module.exports = { somethingElse: () => {} }')],
])('where the part %s', (_what, spoil) => {
  test('the hook fails open and names it, and what happened is taken in, in order, once it is whole', async () => {
    const scene = monitored()
    spoil(scene)
    await nearlyTripped(scene)
    const before = scene.windows()
    const { exitCode, stdout, stderr } = await scene.tell(failure(scene, 'toolu_3'))
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(stderr).toMatch(/^\[circuit_breaker\] cannot load circuit-breaker-reactions\.cjs: .*breakerbox install.*\n$/)
    expect([scene.waiting(), scene.windows(), scene.circuits()]).toEqual([1, before, 0])

    // Everything after it waits behind it; the background says nothing and loses nothing.
    expect(await scene.tell(batch(scene, 'toolu_3'))).toMatchObject({ exitCode: 0, stdout: '', stderr })
    expect(await scene.drain()).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect([scene.waiting(), scene.windows(), scene.circuits()]).toEqual([2, before, 0])

    scene.putPart(whole)
    const { answer, ...finished } = await scene.tell(batch(scene, 'toolu_3'))
    expect(finished).toMatchObject({ exitCode: 0, stderr: '' })
    expect(answer?.hookSpecificOutput?.additionalContext).toMatch(/Bash\(make\).*failed/)
    expect([scene.waiting(), scene.circuits(), scene.incidents()]).toEqual([0, 1, ['trip']])
  })
})

test('what is taken in stays so where only the log of it cannot be written', async () => {
  const scene = monitored()
  const curl = payloads.bashCall('curl https://a.example', 'toolu_1')
  const told = await scene.tell(payloads.postToolUse({ project: scene.project }, curl, payloads.bashResponse('hello')))
  expect(told).toMatchObject({ exitCode: 0, stdout: '' })
  expect(told.stderr).toMatch(/^\[circuit_breaker\] cannot load circuit-breaker-reactions\.cjs: .*\n$/)
  expect([scene.waiting(), scene.windows().includes('toolu_1')]).toEqual([0, true])
})
