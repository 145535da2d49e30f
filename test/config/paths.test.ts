import { expect, it } from 'vitest'
import { projectPaths } from '../../lib/config/paths.ts'

it.each<[env: Record<string, string>, memory: string]>([
  [{}, '/p/.claude/memory'],
  [{ BREAKERBOX_MEMORY_DIR: '/elsewhere' }, '/elsewhere'],
  [{ BREAKERBOX_MEMORY_DIR: 'relative' }, '/p/.claude/memory'],
  [{ BREAKERBOX_MEMORY_DIR: '' }, '/p/.claude/memory'],
])('with %j memory is %s', (env, memory) => {
  expect(projectPaths('/p', env)).toMatchObject({
    project: '/p',
    memory,
    config: `${memory}/circuit_breaker_config.json`,
    incidents: `${memory}/circuit_breaker_incidents.jsonl`,
    spool: `${memory}/circuit_breaker_spool`,
    sessions: `${memory}/circuit_breaker_sessions`,
  })
})
