import { mkdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bareEnvironment } from '../support/bare-environment.ts'
import { built } from '../support/built-hook.ts'
import { createTempProject } from '../support/temp-project.ts'
import { runDetached } from './detached.ts'
import { commandsOf, paper } from './paper.ts'

describe.skipIf(process.platform === 'win32')('docs/status-line.md', () => {
  test('its commands run in order, and leave nothing behind', { timeout: 60_000 }, async () => {
    const project = createTempProject()
    onTestFinished(project.remove)
    const bin = join(project.home, 'bin')
    mkdirSync(bin)
    for (const name of ['breakerbox', 'circuit-status']) symlinkSync(built(name), join(bin, name))
    const environment = bareEnvironment(project.home)
    const env = { ...environment, PATH: [bin, environment['PATH']].join(delimiter) }
    const commands = commandsOf(paper('docs/status-line.md')).map(({ text }) => text)
    expect(commands).toHaveLength(4)
    for (const command of commands) {
      const ended = await runDetached(command, { cwd: project.folder, env })
      expect(ended, `${command}\n${ended.stderr}`).toMatchObject({ exitCode: 0 })
      expect(project.exists('.claude/settings.json'), command).toBe(command === 'breakerbox statusline install')
    }
    expect(project.exists('.claude')).toBe(false)
  })
})
