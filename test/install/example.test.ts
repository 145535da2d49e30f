import { expect, test } from 'vitest'
import { denyRules, hookTable, ownCommands, settingsEntries } from '../../lib/install/hook-table.ts'
import { planInstall } from '../../lib/install/plan.ts'

const { text } = planInstall(undefined, {
  entries: settingsEntries('project'),
  commands: ownCommands('project'),
  deny: denyRules('project'),
})

test('settings.example.json is what install writes into a project without settings (update with vitest -u)', async () => {
  await expect(text).toMatchFileSnapshot('../../settings.example.json')
})

test('only events about one tool have a matcher, and nothing is asynchronous', () => {
  const withMatcher = hookTable.filter(({ matcher }) => matcher !== undefined).map(({ event }) => event)
  expect([...new Set(withMatcher)]).toEqual(['PreToolUse', 'PostToolUse', 'PostToolUseFailure'])
  expect(text).not.toContain('async')
})

test('the rules of the user scope name the hooks in the home folder', () => {
  expect(denyRules('user')).toContain('Edit(~/.claude/hooks/circuit-breaker-*)')
  expect(denyRules('user')).toContain('Edit(.claude/memory/circuit_breaker_*)')
})
