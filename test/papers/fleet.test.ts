import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../lib/config/load.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { built, root } from '../support/built-hook.ts'
import { hasRedis, noRedis, startRedis } from '../support/redis-server.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'
import { runDetached } from './detached.ts'
import { codeSpans, commandsOf, fenced, paper, section, tableRows } from './paper.ts'

/** Blocks inside a list are indented. */
const text = paper('docs/fleet.md').replace(/^ {3}/gm, '')
const [user = '', limits = ''] = fenced(text, 'json')

test('the scopes are those of the schema', () => {
  const rows = tableRows(section(text, 'What is shared')).filter(
    ([name]) => name?.startsWith('`tool_') || name?.includes('_api'),
  )
  expect(rows).toHaveLength(3)
  const problems = (pattern: string, scope: string) =>
    parseConfig(JSON.stringify({ circuit_breakers: { [pattern]: { scope } } }), 'config').problems
  const scopeOf = (pattern: string, config: object): string =>
    (config as Record<string, { scope: string }>)[pattern]?.scope ?? ''
  for (const [names = '', scopes = '', standard = ''] of rows) {
    for (const pattern of codeSpans(names)) {
      const allowed = ['agent', 'session', 'project', 'fleet'].filter((scope) => problems(pattern, scope).length === 0)
      expect(allowed, pattern).toEqual(codeSpans(scopes))
      const { circuit_breakers } = parseConfig('{}', 'config').config
      expect([scopeOf(pattern, circuit_breakers)], pattern).toEqual(codeSpans(standard))
    }
  }
})

test('the limits that it shows are valid', () => {
  expect(parseConfig(limits, 'config').problems).toEqual([])
})

if (!hasRedis) console.log(noRedis)

describe.skipIf(!hasRedis || process.platform === 'win32')('on a real Redis', () => {
  async function server(): Promise<{ project: TempProject; url: string; port: number }> {
    const redis = await startRedis(['requirepass choose-a-password'])
    const project = createTempProject()
    onTestFinished(async () => {
      await redis.stop()
      project.remove()
    })
    return { project, url: `redis://:choose-a-password@127.0.0.1:${redis.port}`, port: redis.port }
  }

  test('set up as it says, its commands run and the server answers', { timeout: 60_000 }, async () => {
    const { project, port } = await server()
    mkdirSync(join(project.home, '.claude'))
    const config = user.replace('redis.example:6379', `127.0.0.1:${port}`)
    writeFileSync(join(project.home, '.claude', 'breakerbox.json'), config)
    project.write('.claude/memory/circuit_breaker_config.json', limits)
    const outputs: string[] = []
    for (const { text: command, exitCode } of commandsOf(text)) {
      const [word = '', ...rest] = command.split(' ')
      const ended = await runDetached(`"${process.execPath}" "${built(word)}" ${rest.join(' ')}`, {
        cwd: project.folder,
        env: bareEnvironment(project.home),
      })
      expect(ended, command).toMatchObject({ exitCode, stderr: '' })
      outputs.push(ended.stdout)
    }
    expect(outputs[0]).toMatch(/create .*fleet-store\.cjs/)
    expect(outputs[1]).toContain(`Fleet       redis://127.0.0.1:${port} answers`)
    expect(JSON.parse(outputs[3] ?? '').fleet).toMatchObject({ reachable: true })
    expect(outputs.join('')).not.toContain('choose-a-password')
  })

  test('the example of the library does what it is there for', async () => {
    const { project, url } = await server()
    mkdirSync(project.path('node_modules'))
    symlinkSync(root, project.path('node_modules', 'breakerbox'))
    project.write('example.mjs', fenced(text, 'js')[0] ?? '')
    const { status, stdout, stderr } = spawnSync(process.execPath, ['example.mjs'], {
      cwd: project.folder,
      env: bareEnvironment(project.home, { BREAKERBOX_REDIS_URL: url }),
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout.trim().split('\n')).toEqual([
      ...Array.from({ length: 5 }, () => '503 Service Unavailable'),
      'call 6 was not made: open',
    ])
  })
})
