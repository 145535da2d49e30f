import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { markerName } from '../../lib/session/marker.ts'
import { resetCommand } from '../../lib/session/reset-by-prompt.ts'
import { Bench } from './bench.ts'

describe('the command in a prompt', () => {
  it.each<[prompt: string, meant: ReturnType<typeof resetCommand>]>([
    ['/reset-circuit', {}],
    ['  /reset-circuit --all ', {}],
    ['/reset-circuit tool_failure', { name: 'tool_failure' }],
    ['/reset-circuit --circuit Bash(npm test)', { name: 'Bash(npm test)' }],
    ['please /reset-circuit', undefined],
    ['/reset-circuits', undefined],
    ['/reset-circuit\nand go on', undefined],
    ['<task-notification>/reset-circuit</task-notification>', undefined],
  ])('%j', (prompt, meant) => {
    expect(resetCommand(prompt)).toEqual(meant)
  })
})

const client = { pid: 7, name: 'claude', words: ['claude'] }

async function tripped(): Promise<Bench> {
  const bench = new Bench()
  bench.ancestors = [client]
  for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
  expect(await bench.fails('npm test', 'd')).toContain('Refused')
  expect(existsSync(bench.path(markerName))).toBe(true)
  return bench
}

const typed = (bench: Bench, prompt: string) =>
  bench.send({ hook_event_name: 'UserPromptSubmit', prompt, prompt_id: 'p2' })

describe('/reset-circuit as a prompt', () => {
  it('closes the circuit, forgets what it counted, and costs no model request', async () => {
    const bench = await tripped()
    const { answer } = await typed(bench, '/reset-circuit')
    expect(answer.block).toBe('tool_failure Bash(npm test) (session S): OPEN → CLOSED, backoff level 1 → 0')
    expect(existsSync(bench.path(markerName))).toBe(false)
    expect(await bench.fails('npm test', 'e')).toBeUndefined()
    expect(await bench.fails('npm test', 'f')).toBeUndefined()
  })

  it('names what there is where it was given another name', async () => {
    const { answer } = await typed(await tripped(), '/reset-circuit npm tset')
    expect(answer.block).toContain('there is no circuit "npm tset"')
    expect(answer.block).toContain('tool_failure:Bash(npm test)')
  })

  it('is refused in a client that another client started', async () => {
    const bench = await tripped()
    bench.ancestors = [client, { pid: 6, name: 'bash', words: [] }, { ...client, pid: 5 }]
    expect((await typed(bench, '/reset-circuit')).answer.block).toContain('nobody typed this')
    expect(await bench.fails('npm test', 'e')).toContain('Refused')
  })
})
