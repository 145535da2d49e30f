import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openHookStates } from '../../lib/index.ts'

test('the package opens the states of guarded hooks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'breakerbox-states-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  vi.stubEnv('BREAKERBOX_HOOK_STATE', join(folder, 'hook_state.json'))
  onTestFinished(() => void vi.unstubAllEnvs())
  const limits = { failure_threshold: 3, cooldown_seconds: 300, success_threshold: 2, timeout_seconds: 30 }
  const hook = { command: 'node lint.mjs', class: 'convenience', limits } as const
  const states = openHookStates()
  for (let i = 0; i < 3; i += 1) await states.recordFailure(hook, 'exit code 1')
  expect(await states.health()).toMatchObject({ healthy: false, disabled: ['node lint.mjs'] })
  expect(Object.keys(await states.disabled())).toEqual(['node lint.mjs'])
  expect(await states.moveToHalfOpen('node lint.mjs')).toBe(true)
  expect(await states.state('node lint.mjs')).toMatchObject({ state: 'half_open' })
  expect(await states.resetAll()).toEqual(['node lint.mjs'])
  expect(await states.statistics()).toMatchObject({ total_executions: 3, total_failures: 3, hooks_disabled: 0 })
  expect(JSON.parse(readFileSync(states.path, 'utf8'))).toMatchObject({
    hooks: {},
    global_stats: { total_failures: 3 },
  })
})
