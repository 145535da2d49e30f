import { expect, test } from 'vitest'
import { fleetFiles } from '../../lib/install/fleet-need.ts'
import { guardFiles } from '../../lib/install/guard-wrap.ts'
import { denyRules, hookFiles } from '../../lib/install/hook-table.ts'
import { pluginBundles } from '../../lib/install/plugin-files.ts'
import { reportingFiles } from '../../lib/install/reporting-need.ts'
import { statusLineFiles } from '../../lib/install/status-line-wrap.ts'
import { ownFileNames } from '../../lib/session/own-file-names.ts'

const loaded = [...hookFiles(), ...fleetFiles, ...reportingFiles, ...statusLineFiles]

test.each([...loaded, ...guardFiles])('%s goes by a name that is watched', (file) => {
  expect(ownFileNames.filter((name) => file.startsWith(name))).toHaveLength(1)
})

test.each(loaded)('a rule keeps the model off %s', (file) => {
  const names = denyRules('project').flatMap((rule) => /^Edit\(\.claude\/hooks\/(.*)\*\)$/.exec(rule)?.[1] ?? [])
  expect(names.filter((name) => file.startsWith(name))).toHaveLength(1)
})

test('the plugin brings all that its hooks load or start', () => {
  expect([...pluginBundles, 'pattern-tracker.cjs', ...statusLineFiles].sort()).toEqual([...loaded].sort())
})
