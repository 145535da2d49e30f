import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadedParts } from '../../lib/install/hook-table.ts'
import { exists, install, newBench, tree, uninstall } from './folder.ts'

/** An install of a version that did not have this part, and hooks of this version to update it with. */
function installedWithout(part: string) {
  const bench = newBench()
  const empty = tree(bench.project)
  install(bench)
  const hooks = join(bench.project, '.claude', 'hooks')
  rmSync(join(hooks, part))
  const path = join(bench.project, '.claude', 'memory', 'circuit_breaker_install_project.json')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  record.hooks = record.hooks.filter(({ file }: { file: string }) => file !== part)
  writeFileSync(path, JSON.stringify(record))
  for (const name of ['circuit-breaker-monitor.cjs', 'prompt-intake.cjs', 'memory-janitor.cjs'])
    appendFileSync(join(bench.bundles, name), '// new\n')
  return { bench, hooks, empty }
}

test.each(loadedParts)('an update brings %s, before any hook that loads it, and uninstall takes it away', (part) => {
  const { bench, hooks, empty } = installedWithout(part)
  const written = install(bench).flatMap(({ kind, path }) => (kind === 'write' && path.startsWith(hooks) ? [path] : []))
  expect(written[0]).toBe(join(hooks, part))
  expect(written).toContain(join(hooks, 'circuit-breaker-monitor.cjs'))
  uninstall(bench)
  expect(exists(join(hooks, part))).toBe(false)
  uninstall(bench, { purge: true })
  expect(tree(bench.project)).toEqual(empty)
})
