import { type ChildProcess, execFileSync, type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let folder: string
let program: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'breakerbox-stdio-'))
  program = join(folder, 'read-stdin.mjs')
  await build({
    entryPoints: [
      fileURLToPath(new URL('programs/read-stdin.ts', import.meta.url)),
      fileURLToPath(new URL('programs/write-much.ts', import.meta.url)),
    ],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const most = 16 * 1024 * 1024
const expected = (text: string) => ({
  bytes: Buffer.byteLength(text),
  length: text.length,
  sha256: createHash('sha256').update(text).digest('hex'),
})
const large = 'grüße\n'.repeat(1_000_000)

const start = (stdio: StdioOptions = 'pipe', limit = most) =>
  spawn(process.execPath, [program, String(limit)], { stdio })

async function outcome(child: ChildProcess) {
  let out = ''
  let err = ''
  child.stdout?.on('data', (piece) => {
    out += piece
  })
  child.stderr?.on('data', (piece) => {
    err += piece
  })
  const exitCode = await new Promise((resolve) => child.on('close', resolve))
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  return JSON.parse(out)
}

/** Runs a shell line in which `$READ` starts the program. */
function shell(line: string, timeout = 20_000) {
  const read = `"${process.execPath}" "${program}" ${most}`
  const { stdout, status, stderr } = spawnSync('sh', ['-c', line.replaceAll('$READ', read)], {
    encoding: 'utf8',
    timeout,
    maxBuffer: most,
  })
  return { status, stderr, out: stdout === '' ? undefined : JSON.parse(stdout) }
}

const has = (program: string) => spawnSync(program, ['--version']).status === 0

describe('stdin is read to its end', () => {
  it.each([
    ['nothing', ''],
    ['a line', '{"session_id":"s"}\n'],
    ['7 MB', large],
  ])('%s', async (_name, text) => {
    const child = start()
    child.stdin?.end(text)
    expect(await outcome(child)).toEqual(expected(text))
  })

  it('50 MB: more than is wanted is read and dropped, and the writer is not cut off', async () => {
    const child = start()
    let broken: Error | undefined
    child.stdin?.on('error', (error) => {
      broken = error
    })
    child.stdin?.end(Buffer.alloc(50 * 1024 * 1024, 'x'))
    expect(await outcome(child)).toEqual({ bytes: 50 * 1024 * 1024 })
    expect(broken).toBeUndefined()
  })

  it('exactly as much as is wanted, and one byte more', async () => {
    for (const [text, result] of [
      ['x'.repeat(1000), expected('x'.repeat(1000))],
      ['x'.repeat(1001), { bytes: 1001 }],
    ] as const) {
      const child = start('pipe', 1000)
      child.stdin?.end(text)
      expect(await outcome(child)).toEqual(result)
    }
  })

  it('a slow writer, in the middle of a letter', async () => {
    const child = start()
    const ended = outcome(child)
    const bytes = Buffer.from('{"a":"ü€𝄞"}')
    for (const byte of bytes) {
      child.stdin?.write(Uint8Array.of(byte))
      await sleep(15)
    }
    child.stdin?.end()
    expect(await ended).toEqual(expected(bytes.toString()))
  })
})

describe.skipIf(process.platform === 'win32')('whatever stdin is', () => {
  it.each([
    ['a pipe of the shell', "printf 'one\\ntwo' | $READ", 'one\ntwo'],
    ['a slow pipe', '(printf one; sleep 0.3; printf two) | $READ', 'onetwo'],
    ['closed', '$READ <&-', ''],
    ['nothing', '$READ </dev/null', ''],
  ])('%s', (_name, line, text) => {
    expect(shell(line)).toEqual({ status: 0, stderr: '', out: expected(text) })
  })

  it('a file', async () => {
    writeFileSync(join(folder, 'input'), large)
    const file = openSync(join(folder, 'input'), 'r')
    expect(await outcome(start([file, 'pipe', 'pipe']))).toEqual(expected(large))
    closeSync(file)
  })

  it('a folder is an error, not a wait', () => {
    const { status, stderr } = shell('$READ <.')
    expect(status).not.toBe(0)
    expect(stderr).toContain('EISDIR')
  })

  it.skipIf(!has('python3'))('a pipe that somebody made non-blocking, empty at first and between two writes', () => {
    // The flag belongs to the pipe, not to a process: whoever shares its reading end can set it.
    const nonBlocking = 'import fcntl, os; fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_NONBLOCK)'
    const line = `(sleep 0.5; printf one; sleep 0.5; printf two) | (python3 -c '${nonBlocking}'; $READ)`
    expect(shell(line)).toEqual({ status: 0, stderr: '', out: expected('onetwo') })
    writeFileSync(join(folder, 'large'), large)
    const much = line.replace('printf one', `cat "${join(folder, 'large')}"`)
    expect(shell(much)).toEqual({ status: 0, stderr: '', out: expected(`${large}two`) })
  })

  it.skipIf(!has('script'))('a terminal, until the end of input is typed', () => {
    const line = `(sleep 0.5; printf 'one\\ntwo\\n\\004') | script -qec '$READ' /dev/null`
    const read = `"${process.execPath}" "${program}" ${most}`
    const out = execFileSync('sh', ['-c', line.replaceAll('$READ', read)], { encoding: 'utf8', timeout: 20_000 })
    expect(JSON.parse(out.slice(out.indexOf('{')))).toEqual(expected('one\ntwo\n'))
  })
})

describe.skipIf(process.platform === 'win32' || !has('python3'))('whatever stdout is', () => {
  const nonBlocking = 'import fcntl, os; fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_NONBLOCK)'

  it.each([
    ['a pipe', '$WRITE | (sleep 0.3; wc -c)'],
    ['a pipe that somebody made non-blocking', `(python3 -c '${nonBlocking}'; $WRITE) | (sleep 0.3; wc -c)`],
  ])('%s: a text larger than it holds arrives whole', (_name, line) => {
    const write = `"${process.execPath}" "${join(folder, 'write-much.mjs')}" 500000`
    const { stdout, stderr } = spawnSync('sh', ['-c', line.replaceAll('$WRITE', write)], { encoding: 'utf8' })
    expect([stdout.trim(), stderr]).toEqual([`${Buffer.byteLength('ü') * 500_000}`, ''])
  })
})
