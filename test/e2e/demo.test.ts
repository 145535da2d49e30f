import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { bareEnvironment } from '../support/bare-environment.ts'
import { root } from '../support/built-hook.ts'
import { createTempProject } from '../support/temp-project.ts'

it('`npm run demo` tells the whole story, in plain text where nobody sees colours, and cleans up', () => {
  const project = createTempProject()
  onTestFinished(() => project.remove())
  const temporary = project.path('temporary')
  mkdirSync(temporary)
  const demo = spawnSync(process.execPath, [join(root, 'scripts', 'demo.mjs')], {
    cwd: root,
    env: bareEnvironment(project.home, { TMPDIR: temporary }),
    encoding: 'utf8',
    timeout: 60_000,
  })

  expect(demo.stdout).toContain('checks passed')
  expect(demo.status).toBe(0)
  expect(demo.stderr).toBe('')
  const chapters = [
    '1/3',
    '2/3',
    '3/3',
    'circuit opened',
    'hook error:',
    'cooldown:',
    'let through as a probe: ok',
    'circuit closed',
    '$ circuit-status',
  ]
  const places = chapters.map((chapter) => demo.stdout.indexOf(chapter))
  expect(places.every((place) => place >= 0)).toBe(true)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(demo.stdout).not.toContain('\u001b')
  // Paths of temporary folders are as long as the system makes them.
  const widths = demo.stdout.split('\n').map((line) => (line.includes(temporary) ? 0 : Array.from(line).length))
  expect(Math.max(...widths)).toBeLessThanOrEqual(100)
  expect(readdirSync(temporary)).toEqual([])
})
