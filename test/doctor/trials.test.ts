import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examine } from '../../lib/doctor/examine.ts'
import { trialsOf } from '../../lib/doctor/trials.ts'
import { hookFiles, hookTable, trackingTable } from '../../lib/install/hook-table.ts'
import { openProject } from '../../lib/session/project.ts'
import { nodeMachine } from '../../lib/system/node-machine.ts'
import { install, newBench } from '../install/folder.ts'

test('every registration is asked something', () => {
  for (const { event, matcher = '', executable } of [...hookTable, ...trackingTable('names')])
    expect(trialsOf(event, matcher, executable).length, `${event} ${executable}`).toBeGreaterThan(0)
})

/** Why hooks are dead that are all this one program, and which. */
async function deaths(program: string): Promise<Record<string, string[]>> {
  const bench = newBench({ PATH: process.env['PATH'] ?? '' })
  for (const name of hookFiles()) writeFileSync(join(bench.bundles, name), `// breakerbox 0.1.0 ${name}\n${program}\n`)
  install(bench)
  const { findings } = await examine(openProject(bench.system), nodeMachine, { bundles: bench.bundles, quick: false })
  const dead = findings.filter(({ id }) => id === 'hook-dead')
  return Object.fromEntries(
    dead.map(({ title, detail = [] }) => [
      title.replace(/^.* not work: /, ''),
      detail.map((line) => line.split(' ')[0] ?? '').sort(),
    ]),
  )
}

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
