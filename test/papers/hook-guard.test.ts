import { expect, test } from 'vitest'
import { userConfigSchema } from '../../lib/config/user-schema.ts'
import { hookStateKind } from '../../lib/guard/hook-state.ts'
import { fenced, paper } from './paper.ts'

const [config = '', state = ''] = fenced(paper('docs/hook-guard.md'), 'json')

test('the config that docs/hook-guard.md shows is the defaults, its lists aside', () => {
  const { hook_guard: shown } = userConfigSchema.parse(JSON.parse(config))
  const { hook_guard: defaults } = userConfigSchema.parse({})
  expect({ ...shown, exclude: [], hooks: [] }).toEqual(defaults)
  expect(Object.keys(JSON.parse(config).hook_guard)).toEqual(Object.keys(defaults))
})

test('the state that docs/hook-guard.md shows is a state, whole', () => {
  const value = JSON.parse(state)
  expect(hookStateKind('hook_state').parse(value)).toEqual(value)
})
