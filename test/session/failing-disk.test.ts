import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type HookHandler, runHook } from '../../lib/protocol/run-hook.ts'
import { gate } from '../../lib/session/gate.ts'
import { monitor } from '../../lib/session/monitor.ts'
import { promptIntake } from '../../lib/session/prompt-intake.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Files } from '../../lib/system/system.ts'
import { Bench } from './bench.ts'

/** What needs room, or leave to write. */
const growing = ['create', 'append', 'link', 'makeFolder', 'makeFolders'] as const

/** A disk on which everything that makes something fails from the `after`th time on. */
function failing(code: string, after: number): Files {
  const { files } = nodeSystem()
  let left = after
  const refuse = (name: string) => Object.assign(new Error(`${code}: no, ${name} '/x'`), { code })
  const broken = growing.map((name) => [
    name,
    (...words: never[]) => {
      left -= 1
      if (left < 0) throw refuse(name)
      return (files[name] as (...words: never[]) => unknown)(...words)
    },
  ])
  return { ...files, ...Object.fromEntries(broken) }
}

/** Runs a hook the way its executable does. */
async function run(bench: Bench, handler: HookHandler, input: Readonly<Record<string, unknown>>) {
  const text = JSON.stringify({ session_id: 'S', cwd: bench.project, prompt_id: 'p1', ...input })
  const written = { out: '', err: [] as string[] }
  await runHook(
    'circuit_breaker',
    bench.system,
    {
      readAll: async () => ({ text, bytes: text.length }),
      write: (out) => {
        written.out += out
      },
      writeError: (line) => written.err.push(line),
    },
    handler,
  )
  return written
}

const call = { tool_name: 'Bash', tool_input: { command: 'npm test' } }
const events: readonly (readonly [name: string, handler: HookHandler, input: Record<string, unknown>])[] = [
  [
    'a failure',
    monitor,
    { hook_event_name: 'PostToolUseFailure', ...call, tool_use_id: 'z', error: 'Exit code 1\nboom' },
  ],
  ['a refused call', gate, { hook_event_name: 'PreToolUse', ...call, tool_use_id: 'z' }],
  ['an agent', gate, { hook_event_name: 'PreToolUse', tool_name: 'Agent', tool_input: {}, tool_use_id: 'z' }],
  ['a prompt', promptIntake, { hook_event_name: 'UserPromptSubmit', prompt: 'hello' }],
]

/** Whether every saved document is whole. */
function documents(bench: Bench): string[] {
  if (!existsSync(bench.memory)) return []
  return readdirSync(bench.memory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(circuit_breaker_(state|config|halt)|S)\.json$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => {
      JSON.parse(readFileSync(path, 'utf8'))
      return path
    })
}

describe.each(['ENOSPC', 'EROFS', 'EACCES'])('a disk that says %s', (code) => {
  it.each(events)('%s in a fresh project: the tool runs, one line says why', async (_name, handler, input) => {
    const bench = new Bench()
    bench.files = failing(code, 0)
    const { out, err } = await run(bench, handler, input)
    expect(out).toBe('')
    expect(err.length).toBeLessThanOrEqual(1)
    for (const line of err) expect(line).toMatch(new RegExp(`^\\[circuit_breaker\\] .*${code}`))
    expect(existsSync(bench.memory)).toBe(false)
  })
})

describe('a disk that fills up at any step', () => {
  it.each(events)(
    '%s: documents stay whole, the hook fails open, and the next one works',
    async (_name, handler, input) => {
      for (let after = 0; after < 24; after += 1) {
        const bench = new Bench()
        for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
        const before = documents(bench)
        bench.files = failing('ENOSPC', after)
        const { out, err } = await run(bench, handler, input)
        expect(err.length).toBeLessThanOrEqual(1)
        for (const line of err) expect(line.startsWith('[circuit_breaker] ')).toBe(true)
        if (out !== '') JSON.parse(out)
        expect(documents(bench)).toEqual(expect.arrayContaining(before))
        bench.files = nodeSystem().files
        bench.now += 1000
        expect((await run(bench, gate, { hook_event_name: 'PreToolUse', ...call, tool_use_id: 'y' })).out).toMatch(
          /deny/,
        )
      }
    },
  )
})
