import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { leastTrips } from '../../lib/status/limit-advice.ts'
import { parseExposition } from '../status/exposition-parser.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { built, root } from '../support/built-hook.ts'
import { PlayedProject } from '../support/played-project.ts'
import { createTempProject } from '../support/temp-project.ts'
import { codeSpans, commandsOf, fenced, paper, section, tableRows } from './paper.ts'

const text = paper('docs/status.md')

async function trippedProject() {
  const project = createTempProject()
  onTestFinished(project.remove)
  const played = new PlayedProject(project)
  await played.install()
  for (let turn = 0; turn < 4; turn += 1) await played.turn('status', 'npm test', { fails: 'Exit code 1\nboom' })
  return project
}

test('its commands run on a really tripped project, and say what they say', { timeout: 60_000 }, async () => {
  const project = await trippedProject()
  const outputs = commandsOf(text).map(({ text: command, exitCode }) => {
    const [word = '', ...rest] = command.split(' ')
    const ended = spawnSync(process.execPath, [built(word), ...rest], {
      cwd: project.folder,
      env: bareEnvironment(project.home),
      encoding: 'utf8',
    })
    expect(ended, command).toMatchObject({ status: exitCode, stderr: '' })
    return ended.stdout
  })
  const [page = '', metrics = '', history = '', json = ''] = outputs
  expect(page.trim()).toBe(project.path('status.html'))
  expect(readFileSync(project.path('status.html'), 'utf8')).toContain('<h1>1 circuit is open</h1>')
  expect(parseExposition(metrics).size).toBeGreaterThan(15)
  expect(history).toMatch(/Bash\(npm test\) +tool_failure/)
  expect(JSON.parse(json)).toMatchObject({ days: 30, counts: { trip: 1, denial: 1 } })
})

test.skipIf(process.platform === 'win32')('its crontab line leaves a whole file and no other', async () => {
  const project = await trippedProject()
  const [line = ''] = fenced(text, 'crontab')
  const command = line
    .trim()
    .replace(/^(?:\* ){5}/, '')
    .replaceAll('/home/you/my-project', `'${project.folder}'`)
    .replaceAll('/var/lib/node_exporter', project.home)
    .replace(/^circuit-status/, `"${process.execPath}" "${built('circuit-status')}"`)
  const ended = spawnSync('sh', ['-c', command], { cwd: '/', env: bareEnvironment(project.home), encoding: 'utf8' })
  expect(ended).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(parseExposition(readFileSync(join(project.home, 'my-project.prom'), 'utf8')).size).toBeGreaterThan(15)
  expect(existsSync(join(project.home, 'my-project.prom.tmp'))).toBe(false)
})

test('the table of metrics is the metrics, with their types and labels', async () => {
  const project = await trippedProject()
  const { stdout } = spawnSync(process.execPath, [built('circuit-status'), '--prometheus'], {
    cwd: project.folder,
    env: bareEnvironment(project.home),
    encoding: 'utf8',
  })
  const families = parseExposition(stdout)
  const rows = tableRows(section(text, 'Metrics for Prometheus')).filter(([name]) => name?.startsWith('`'))
  const told = new Map(
    rows.map(([name = '', type, labels = '']) => [codeSpans(name)[0] ?? '', { type, labels: codeSpans(labels) }]),
  )
  // there only with a Redis server, and with guarded hooks that have run
  const sometimes = [
    'breakerbox_fleet_reachable',
    'breakerbox_hook_recent_run_seconds',
    'breakerbox_hook_state_updated_timestamp_seconds',
  ]
  expect([...told.keys()].filter((name) => !families.has(name))).toEqual(sometimes)
  expect([...families.keys()].filter((name) => !told.has(name))).toEqual([])
  for (const [name, { type, samples }] of families) {
    const labels = Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== 'project')
    expect({ type, labels }, name).toEqual(told.get(name))
  }
})

test('its numbers are those of the code, and its picture is not heavy', () => {
  expect(text).toContain(`from ${leastTrips} trips of a pattern on`)
  expect(statSync(join(root, 'docs', 'status.png')).size).toBeLessThan(150_000)
})
