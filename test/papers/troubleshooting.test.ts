import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { oddIds } from '../../lib/doctor/finding.ts'
import { installed } from '../doctor/installed.ts'
import { built } from '../support/built-hook.ts'
import { codeSpans, commandsOf, paper, section } from './paper.ts'

const text = paper('docs/troubleshooting.md')

test('every id is explained, and none that there is not', () => {
  const named = codeSpans(section(text, 'Symptoms')).filter((span) => /^[a-z]+(?:-[a-z]+)+$/.test(span))
  const commands = ['reset-circuit', 'circuit-status', 'hook-health']
  expect([...new Set(named)].filter((name) => !commands.includes(name)).sort()).toEqual([...oddIds].sort())
})

test('every option that it names exists', () => {
  const words = [['breakerbox', 'doctor'], ['breakerbox', 'install'], ['circuit-status'], ['reset-circuit']]
  const help = words.map(
    ([name = '', ...rest]) =>
      spawnSync(process.execPath, [built(name), ...rest, '--help'], { encoding: 'utf8' }).stdout,
  )
  const options = new Set(text.match(/--[a-z][a-z-]*/g))
  expect([...options].filter((option) => !help.some((each) => each.includes(`${option} `)))).toEqual([])
  const doctor = new Set(help[0]?.match(/--[a-z][a-z-]*/g))
  expect([...doctor].filter((option) => option !== '--help' && !text.includes(`\`${option}`))).toEqual([
    // Beside --fix, where it belongs.
    '--dry-run',
  ])
})

describe.skipIf(process.platform === 'win32')('its commands', () => {
  test('all run in order, as a person would type them', { timeout: 120_000 }, async () => {
    const bench = await installed()
    const commands = commandsOf(text)
    expect(commands.length).toBeGreaterThan(6)
    for (const { text: command, exitCode } of commands) {
      const ended = await bench.run(command)
      expect(ended, `${command}\n${ended.stdout}`).toMatchObject({ exitCode, stderr: '' })
    }
    expect(bench.project.exists('.claude/settings.json')).toBe(false)
  })

  test('those in its tables run too', { timeout: 120_000 }, async () => {
    const bench = await installed()
    const typed = codeSpans(section(text, 'Symptoms')).filter(
      (span) => /^(?:breakerbox|circuit-status|reset-circuit|hook-health)\b/.test(span) && !/FOLDER|install/.test(span),
    )
    expect(new Set(typed).size).toBeGreaterThan(5)
    for (const command of new Set(typed)) {
      // Where nothing ever tripped there is no reason to tell.
      expect((await bench.run(command)).exitCode, command).toBe(command === 'breakerbox why' ? 1 : 0)
    }
  })
})
