import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examine } from '../../lib/doctor/examine.ts'
import { trialsOf } from '../../lib/doctor/trials.ts'
import { commandText, hookFiles, hookTable, trackingTable } from '../../lib/install/hook-table.ts'
import { openProject } from '../../lib/session/project.ts'
import { nodeMachine } from '../../lib/system/node-machine.ts'
import { type Bench, install, newBench } from '../install/folder.ts'

test('every registration is asked something', () => {
  for (const { event, matcher = '', executable } of [...hookTable, ...trackingTable('names')])
    expect(trialsOf(event, matcher, executable).length, `${event} ${executable}`).toBeGreaterThan(0)
})

/** Why hooks are dead that are all this one program, and which. */
async function deaths(program: string): Promise<Record<string, string[]>> {
  const { findings } = await examined(program)
  const dead = findings.filter(({ id }) => id === 'hook-dead')
  return Object.fromEntries(
    dead.map(({ title, detail = [] }) => [
      title.replace(/^.* not work: /, ''),
      detail.map((line) => line.split(' ')[0] ?? '').sort(),
    ]),
  )
}

async function examined(program: string, prepare: (bench: Bench) => void = () => {}) {
  const bench = newBench({ PATH: process.env['PATH'] ?? '' })
  for (const name of hookFiles()) writeFileSync(join(bench.bundles, name), `// breakerbox 0.1.0 ${name}\n${program}\n`)
  install(bench)
  prepare(bench)
  return examine(openProject(bench.system), nodeMachine, { bundles: bench.bundles, quick: false })
}

describe.skipIf(process.platform === 'win32')('only files of ours are run', { timeout: 60_000 }, () => {
  const loading = "if (!__filename.includes('prompt-commands')) require('./prompt-commands.cjs')"

  test('and none that would load another one from beside itself', async () => {
    let mark = ''
    const { findings } = await examined(loading, ({ project }) => {
      mark = join(project, 'was-run')
      const evil = `// breakerbox 0.1.0 prompt-commands\nrequire('node:fs').writeFileSync(${JSON.stringify(mark)}, '')\n`
      writeFileSync(join(project, '.claude', 'hooks', 'prompt-commands.cjs'), evil)
    })
    expect(existsSync(mark)).toBe(false)
    expect(findings.map(({ id }) => id)).toContain('hook-file-changed')
    expect(findings.map(({ id }) => id)).not.toContain('hook-dead')
  })

  test('nor what the command of one scope would start from the settings of another', async () => {
    let mark = ''
    const { findings } = await examined('', (bench) => {
      mark = join(bench.project, 'was-run')
      install(bench, { scope: 'user' })
      const intake = join(bench.project, '.claude', 'hooks', 'prompt-intake.cjs')
      writeFileSync(
        intake,
        `// breakerbox 0.1.0 prompt-intake\nrequire('node:fs').writeFileSync(${JSON.stringify(mark)}, '')\n`,
      )
      const command = commandText('project', { executable: 'prompt-intake', form: 'always' })
      const hooks = { UserPromptSubmit: [{ hooks: [{ type: 'command', command }] }] }
      writeFileSync(join(bench.home, '.claude', 'settings.json'), JSON.stringify({ hooks }))
    })
    expect(existsSync(mark)).toBe(false)
    expect(findings.map(({ id }) => id)).toEqual(expect.arrayContaining(['hook-by-hand', 'hook-untested']))
  })

  test('also where an entry written by hand has them in a folder of its own', async () => {
    const { findings } = await examined('', ({ project, bundles }) => {
      cpSync(bundles, join(project, 'tools'), { recursive: true })
      const command = 'node "$CLAUDE_PROJECT_DIR"/tools/prompt-intake.cjs'
      const hooks = { UserPromptSubmit: [{ hooks: [{ type: 'command', command }] }] }
      writeFileSync(join(project, '.claude', 'settings.json'), JSON.stringify({ hooks }))
    })
    const dead = findings.filter(({ id }) => id === 'hook-dead')
    expect(dead.map(({ title }) => title)).toEqual(['1 command does not work: it did not answer'])
  })
})

describe.skipIf(process.platform === 'win32')('a hook that ends with 0', { timeout: 60_000 }, () => {
  test('and does nothing is dead, whatever it is registered for', async () => {
    expect(await deaths('')).toEqual({
      'it did not get the memory folder ready': ['SessionStart'],
      'it did not answer': ['UserPromptSubmit'],
      'it let the call run': ['PreToolUse', 'PreToolUse'],
      'it did not count the call': ['PostToolBatch', 'PostToolUse', 'PostToolUseFailure'],
      'it did not take in what waits': ['SessionEnd', 'Stop', 'SubagentStart', 'SubagentStop'],
      'it did not take the end of the turn in': ['Stop'],
    })
  })

  test('and talks where silence is due is told so, with what it says on stderr', async () => {
    const found = await deaths('console.log("hello"); console.error("[circuit_breaker] cannot write: ENOSPC")')
    expect(found['it said something where silence was due: [circuit_breaker] cannot write: ENOSPC']).toEqual([
      'PreToolUse',
    ])
    expect(Object.keys(found).every((cause) => cause.endsWith(': [circuit_breaker] cannot write: ENOSPC'))).toBe(true)
  })

  test('or crashes, is named by its exit code and its error', async () => {
    const found = await deaths('}{')
    expect(Object.keys(found)).toEqual(["exit code 1: SyntaxError: Unexpected token '}'"])
    expect(found["exit code 1: SyntaxError: Unexpected token '}'"]).toHaveLength(13)
  })
})
