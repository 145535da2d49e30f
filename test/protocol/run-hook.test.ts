import { describe, expect, it } from 'vitest'
import { type HookHandler, runHook } from '../../lib/protocol/run-hook.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Stdio } from '../../lib/system/stdio.ts'

/** Runs a handler over a text, and gives back what was written. */
async function run(
  handler: HookHandler,
  stdin: { text?: string; bytes?: number } | Error = { text: '{"session_id":"s"}' },
) {
  const written = { out: '', err: [] as string[] }
  const stdio: Stdio = {
    readAll: () => (stdin instanceof Error ? Promise.reject(stdin) : Promise.resolve({ bytes: 0, ...stdin })),
    write: (text) => {
      written.out += text
    },
    writeError: (line) => written.err.push(line),
  }
  await runHook('circuit_breaker', nodeSystem(), stdio, handler)
  return written
}

const says =
  (answer: Awaited<ReturnType<HookHandler>>['answer'], notes: string[] = []): HookHandler =>
  async () => ({ event: 'PreToolUse', answer, notes })

it('silence writes nothing', async () => {
  expect(await run(says({}))).toEqual({ out: '', err: [] })
})

it('an answer is one object and a line end', async () => {
  const { out, err } = await run(says({ deny: 'no' }))
  expect(out.endsWith('}\n')).toBe(true)
  expect(out.trimEnd()).not.toContain('\n')
  expect(JSON.parse(out)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } })
  expect(err).toEqual([])
})

it('a note is one line on stderr under the label, however it is broken', async () => {
  const { out, err } = await run(says({}, ['a\nb\r\n  c', 'd']))
  expect(out).toBe('')
  expect(err).toEqual(['[circuit_breaker] a b c', '[circuit_breaker] d'])
})

it('the handler gets the parsed input and the text as it came', async () => {
  let got: unknown[] = []
  await run(async (_system, received, raw) => {
    got = [received, raw]
    return { event: 'x', answer: {}, notes: [] }
  })
  expect(got).toEqual([{ plain: { session_id: 's' } }, '{"session_id":"s"}'])
})

describe('fails open: nothing on stdout, one line on stderr, no exit code', () => {
  const boom =
    (error: unknown): HookHandler =>
    async () => {
      throw error
    }
  it.each<[what: string, handler: HookHandler, stdin: Parameters<typeof run>[1], line: RegExp]>([
    ['an error of the handler', boom(new Error('disk\nfull')), undefined, /disk full/],
    ['an error that is none', boom('just text'), undefined, /just text/],
    ['undefined thrown', boom(undefined), undefined, /undefined/],
    ['an endless message', boom(new Error('x'.repeat(100_000))), undefined, /x{100}/],
    ['bad input', says({ deny: 'never' }), { text: 'nonsense' }, /no JSON/],
    ['too much input', says({ deny: 'never' }), { bytes: 99_999_999 }, /99999999/],
    ['a stdin that breaks', says({ deny: 'never' }), new Error('EIO'), /EIO/],
  ])('%s', async (_what, handler, stdin, line) => {
    const { out, err } = await run(handler, stdin)
    expect(out).toBe('')
    expect(err).toEqual([expect.stringMatching(line)])
    expect(err[0]?.startsWith('[circuit_breaker] ')).toBe(true)
    expect(err[0]).not.toContain('\n')
    expect(err[0]?.length).toBeLessThan(600)
  })
})
