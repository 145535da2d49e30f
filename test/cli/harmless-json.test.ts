import { expect, onTestFinished, test } from 'vitest'
import { harmlessJson } from '../../lib/cli/harmless-json.ts'
import { runCommand } from '../support/built-hook.ts'
import { createTempProject } from '../support/temp-project.ts'

const controls = /[\u007f-\u009f]/

test('what a terminal would take for a command is escaped, and reads back as it was', () => {
  const value = { text: '\u001b[31m \u009b31m \u007f ü' }
  expect(harmlessJson(value)).not.toMatch(controls)
  expect(JSON.parse(harmlessJson(value))).toEqual(value)
})

test.skipIf(process.platform === 'win32')('a folder with such a name does not get through `--json`', async () => {
  const project = createTempProject('a\u009b31m')
  onTestFinished(project.remove)
  const { stdout } = await runCommand('breakerbox', ['doctor', '--quick', '--json'], { project })
  expect(stdout).not.toMatch(controls)
  expect(JSON.parse(stdout)).toMatchObject({ project: project.folder })
})
