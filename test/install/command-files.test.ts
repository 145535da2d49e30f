import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandFiles } from '../../lib/install/command-files.ts'
import { prepareInstall } from '../../lib/install/install.ts'
import { promptCommand } from '../../lib/session/prompt-command.ts'
import { seenKind } from '../../lib/session/seen.ts'
import { type Bench, exists, install, newBench, put, read, request, tree, uninstall } from './folder.ts'

const inProject = (bench: Bench, ...names: string[]) => join(bench.project, '.claude', ...names)
const names = commandFiles.map(({ name }) => name)

describe('the commands of the menu', () => {
  test.each(commandFiles)(
    '$name is one that the prompt hook answers, and that no model may start',
    ({ name, content }) => {
      const command = name.replace(/\.md$/, '')
      expect(promptCommand(`/${command}`)?.name).toBe(command)
      const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(content) ?? []
      expect(head).toMatch(/^description: \S.*$/m)
      expect(head).toMatch(/^argument-hint: ".+"$/m)
      expect(head).toMatch(/^disable-model-invocation: true$/m)
      expect(body).toMatch(/^The hook of Breakerbox .* is not active .*\n$/)
    },
  )

  test.each(['project', 'local', 'user'] as const)('%s scope: written by install, and gone with uninstall', (scope) => {
    const bench = newBench()
    const folder = join(scope === 'user' ? bench.home : bench.project, '.claude', 'commands')
    install(bench, { scope })
    for (const { name, content } of commandFiles) expect(read(join(folder, name))).toBe(content)
    uninstall(bench, { scope })
    expect(exists(folder)).toBe(false)
  })

  test('commands of others stay, and so does the folder that was there', () => {
    const bench = newBench()
    put(inProject(bench, 'commands', 'deploy.md'), 'theirs')
    install(bench)
    uninstall(bench, { purge: true })
    expect(Object.keys(tree(inProject(bench)))).toEqual(['.', './commands', './commands/deploy.md'])
  })

  test('a name that somebody else has taken stays theirs, which is said', () => {
    const bench = newBench()
    const taken = inProject(bench, 'commands', 'circuit-status.md')
    put(taken, '---\ndescription: mine\n---\n')
    const { notes } = prepareInstall(bench.system, request(bench))
    expect(notes.filter((note) => note.startsWith(taken))).toHaveLength(1)
    install(bench)
    uninstall(bench)
    expect(read(taken)).toContain('mine')
    for (const name of names.filter((each) => each !== 'circuit-status.md'))
      expect(exists(inProject(bench, 'commands', name))).toBe(false)
  })

  test('an older text of ours is brought up to date', () => {
    const bench = newBench()
    put(inProject(bench, 'commands', 'breaker-why.md'), '---\n# breakerbox breaker-why\ndescription: old\n---\nold\n')
    install(bench)
    expect(read(inProject(bench, 'commands', 'breaker-why.md'))).not.toContain('old')
    expect(install(bench)).toEqual([])
  })

  test('they stay while the other scope of the project is installed', () => {
    const bench = newBench()
    install(bench)
    install(bench, { scope: 'local' })
    uninstall(bench)
    expect(exists(inProject(bench, 'commands', 'reset-circuit.md'))).toBe(true)
    uninstall(bench, { scope: 'local' })
    expect(exists(inProject(bench, 'commands'))).toBe(false)
  })
})

test('uninstall takes the list of what was last seen: hooks of a plugin that go on must not miss ours', () => {
  const bench = newBench()
  install(bench)
  const list = inProject(bench, 'memory', `${seenKind.key}.json`)
  put(list, '{}', 0o600)
  install(bench, { scope: 'local' })
  uninstall(bench)
  expect(exists(list)).toBe(true)
  uninstall(bench, { scope: 'local' })
  expect(exists(list)).toBe(false)
  expect(exists(inProject(bench, 'memory', 'circuit_breaker_config.json'))).toBe(true)
})
