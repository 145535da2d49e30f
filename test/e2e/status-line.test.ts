import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../support/built-hook.ts'
import { hasTerminal, startInTerminal } from '../support/client-terminal.ts'
import { bash, repeat, say } from '../support/fake-model.ts'
import type { TempProject } from '../support/temp-project.ts'
import { describeWithClient, guardedProject, longCooldown, scriptedModel } from './scenario.ts'

async function statusline(project: TempProject, ...words: string[]): Promise<void> {
  const done = await runCommand('breakerbox', ['statusline', ...words], { project })
  expect(done, done.stderr).toMatchObject({ exitCode: 0 })
}

const testInTerminal = test.skipIf(!hasTerminal)

describeWithClient('the status line in a terminal', () => {
  testInTerminal.each(['project', 'local', 'user'] as const)(
    'in %s scope shows an open circuit after the person’s own line',
    async (scope) => {
      const project = await guardedProject(longCooldown)
      const [folder, name] = [
        scope === 'user' ? join(project.home, '.claude') : project.path('.claude'),
        scope === 'local' ? 'settings.local.json' : 'settings.json',
      ]
      mkdirSync(folder, { recursive: true })
      const file = join(folder, name)
      const settings = scope === 'project' ? JSON.parse(readFileSync(file, 'utf8')) : {}
      const own = `read -r line; case $line in *'"session_id"'*) printf 'my line\\nits second\\n' ;; esac`
      const text = JSON.stringify({ ...settings, statusLine: { type: 'command', command: own, padding: 1 } }, null, 2)
      writeFileSync(file, text)
      await statusline(project, 'install', '--scope', scope)

      const model = await scriptedModel([...repeat(3, bash('npm test')), [say('It fails, I am stuck.')]])
      const client = startInTerminal(project, model, ['go'])
      await client.waitForLine(/^ *my line$/)
      const line = await client.waitForLine(/my line \| /, 60)
      expect(line.trim()).toMatch(/^my line \| ⚡ npm test \d+s$/)
      expect(client.screen().some((each) => each.trim() === 'its second')).toBe(true)
      await client.end()

      await statusline(project, 'uninstall', '--scope', scope)
      expect(readFileSync(file, 'utf8')).toBe(text)
    },
  )

  testInTerminal(
    'alone shows nothing, then a circuit, then a halt, after which nothing else happens, and nothing once it is answered',
    async () => {
      const project = await guardedProject(longCooldown)
      await statusline(project, 'install')
      const model = await scriptedModel([
        ...repeat(3, bash('npm test')),
        // longer than the five seconds after which the client asks again in any case
        { delayMilliseconds: 9000, blocks: [bash('npm test')] },
        ...repeat(2, bash('npm test')),
        [say('Hello again.')],
      ])
      const client = startInTerminal(project, model, ['go'])
      await client.waitForLine(/^ *⚡ npm test \d+s$/, 60)
      await client.waitForLine(/^ *⚡ halted: npm test$/, 60)
      await client.enter('hello')
      await client.waitForLine(/Hello again/)
      await expect
        .poll(() => client.screen().filter((line) => line.includes('halted: npm test')), { timeout: 15_000 })
        .toEqual([])
    },
  )
})
