import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../resilience/reporting-home.ts'
import { runCommand } from '../support/built-hook.ts'
import { hasTerminal, startInTerminal } from '../support/client-terminal.ts'
import { type HttpServer, startHttpServer } from '../support/http-server.ts'
import type { TempProject } from '../support/temp-project.ts'
import { addHook, describeWithClient, guardedProject, longCooldown, play, scriptedModel } from './scenario.ts'

async function server(): Promise<HttpServer> {
  const started = await startHttpServer()
  onTestFinished(() => started.stop())
  return started
}

async function tracked() {
  const project = await guardedProject()
  const http = await server()
  const environment = { INTELLIGENCE_SERVICE_URL: http.url }
  const installed = await runCommand('breakerbox', ['install', '--tracking'], { project, environment })
  expect(installed).toMatchObject({ exitCode: 0, stderr: '' })
  return { project, http, environment }
}

/** A session that writes a file, edits it twice and writes another one. */
function session({ path }: TempProject) {
  const edit = (before: string, after: string) => ({
    type: 'tool_use' as const,
    name: 'Edit',
    input: { file_path: path('src/cart.ts'), old_string: before, new_string: after },
  })
  const write = (name: string, content: string) => ({
    type: 'tool_use' as const,
    name: 'Write',
    input: { file_path: path(name), content },
  })
  return [
    [write('src/cart.ts', 'export function total() {\n  return 1\n}\n')],
    [edit('return 1', 'return 2')],
    [edit('function total()', 'function total(tax = 0)')],
    [write('notes.md', '# Notes\n')],
    [{ type: 'text' as const, text: 'done' }],
  ]
}

const heard = ({ received }: HttpServer) =>
  received.map(({ body }) => {
    const { kind, body: told } = body as { kind: string; body: { file: string; pattern_name: string; tool: string } }
    return [kind, told.tool, told.file, told.pattern_name].join(' ')
  })

const all = [
  'pattern_created Write src/cart.ts cart.ts',
  'pattern_modified Edit src/cart.ts cart.ts',
  'pattern_modified Edit src/cart.ts total',
  'pattern_created Write notes.md notes.md',
]

describeWithClient('what a session writes', () => {
  test('arrives at the server by itself', async () => {
    const { project, http, environment } = await tracked()
    await play(project, session(project), { environment })
    await eventually(() => http.received.length >= all.length)
    expect(heard(http)).toEqual(all)
    expect(http.repeats()).toEqual({ afterAck: {}, withoutAck: {} })
    console.log(`session with the server up: ${http.received.length} of ${all.length} events arrived by themselves`)
  })

  test('arrives after `breakerbox sync` where the server was down', async () => {
    const { project, http, environment } = await tracked()
    await http.stop()
    const { result } = await play(project, session(project), { environment })
    expect(result.is_error).toBe(false)
    const before = await runCommand('breakerbox', ['sync', '--status', '--json'], { project, environment })
    expect(JSON.parse(before.stdout)).toMatchObject({ spool: { pending: all.length, sent: 0 } })
    await http.start()
    const synced = await runCommand('breakerbox', ['sync'], { project, environment, timeoutSeconds: 60 })
    expect(synced).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`${all.length} delivered.`) })
    expect(heard(http)).toEqual(all)
    console.log(`session with the server down: 0 arrived; after sync ${http.received.length} of ${all.length}`)
  })

  test('goes nowhere where a project alone has named the server', async () => {
    const { project, http } = await tracked()
    const settings = project.readJson<object>('.claude/settings.json')
    project.write('.claude/settings.json', { ...settings, env: { INTELLIGENCE_SERVICE_URL: http.url } })
    addHook(project, 'PostToolUse', 'printf %s "$INTELLIGENCE_SERVICE_URL" >seen')
    await play(project, session(project))
    const { stdout } = await runCommand('breakerbox', ['sync', '--status', '--json'], { project })
    expect([http.received, JSON.parse(stdout).spool.pending]).toEqual([[], 0])
    // The client does set it for hooks: what keeps it out is ours.
    expect(project.read('seen')).toBe(http.url)
  })
})

describeWithClient('a halted run', () => {
  test('is told to the webhook, and nothing of the notification for the terminal gets into the output', async () => {
    const project = await guardedProject(longCooldown)
    const http = await server()
    mkdirSync(join(project.home, '.claude'), { recursive: true })
    writeFileSync(join(project.home, '.claude', 'breakerbox.json'), JSON.stringify({ alerts: { webhook: http.url } }))
    expect(await runCommand('breakerbox', ['install'], { project })).toMatchObject({ exitCode: 0 })
    const { records, halted } = await loop(project)
    expect(halted).toBe(true)
    await eventually(() => http.received.length > 0)
    expect(http.received.map(({ body }) => body)).toMatchObject([{ kind: 'run_halted', subject: 'Bash(npm test)' }])
    expect(JSON.stringify(records)).not.toContain('\\u001b]9;')
  })
})

describeWithClient('a halted run in a terminal', () => {
  test.skipIf(!hasTerminal)(
    'rings it, and shows a notification where the terminal can',
    { timeout: 90_000 },
    async () => {
      const project = await guardedProject(longCooldown)
      const model = await scriptedModel(Array.from({ length: 12 }, () => failing))
      const client = startInTerminal(project, model, ['go'])
      await eventually(() => client.written().includes('\u001b]9;Breakerbox: the run was halted\u0007\u0007'), 60)
    },
  )
})

const failing = [{ type: 'tool_use' as const, name: 'Bash', input: { command: 'npm test' } }]

async function loop(project: TempProject) {
  const { records, result } = await play(
    project,
    Array.from({ length: 12 }, () => failing),
  )
  return { records, halted: result.terminal_reason === 'hook_stopped' }
}
