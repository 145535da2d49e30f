import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, type GuardedHome, guardedHome, type Ran, type RunOptions } from './guarded-home.ts'

/** A guarded hook is the hook: the same bytes in and out, the same exit code, environment and folder, whoever runs it. */

let home: GuardedHome
beforeAll(() => {
  home = guardedHome()
})
afterAll(() => home.remove())

const isThere = (file: string): boolean => spawnSync(file, ['-c', ':']).error === undefined
const hasBusybox = spawnSync('busybox', ['true']).error === undefined
const shells = (['dash', 'bash'] as const).filter(isThere)
const fronts: readonly Front[] = [...shells, ...(hasBusybox ? (['busybox'] as const) : []), 'node']
if (!hasBusybox) console.warn('busybox is not here: the shell front is not tried under its sh')

/** Bytes that no text survives: all of them, twice, with line ends of every kind and none at the end. */
const bytes = Buffer.concat([Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256)), Buffer.from('\r\n\n\r\0x')])
const many = Buffer.alloc(5 * 1024 * 1024, bytes)

const seen = ({ code, signal, stdout, stderr }: Ran) => ({
  code,
  signal,
  stdout: stdout.toString('latin1'),
  stderr: stderr.toString('latin1'),
})

const commands: [what: string, command: string, options?: RunOptions][] = [
  ['binary input, handed on', 'cat', { input: bytes }],
  ['five megabytes', 'cat', { input: many }],
  ['no input', 'cat; echo "end"'],
  ['output to both', 'cat; printf "no newline" >&2', { input: 'text' }],
  ['a pipe', 'cat | tr a b | sort -r | head -2', { input: 'a\nc\nd\n' }],
  ['quotes and variables', `printf '%s|' "it's" "\\"$HOME\\"" '$HOME' "a  b" ; X=1; echo "$X$$" | wc -l`],
  ['lines', 'if true\nthen\n  echo "one\ntwo"\nfi\n'],
  ['other alphabets', 'echo "Grüße, 日本語 🙂"'],
  ['a shell that is told its name', 'echo "$0 $# $BASH_VERSION"'],
  ['a hook that never reads', 'echo done', { input: many }],
  ['a hook that closes its input', 'exec <&-; sleep 0.2; echo done', { input: many }],
  ['a hook that closes its output', 'exec >&- 2>&-; true'],
  ['a background process that keeps the output open', 'sleep 1.5 & echo done'],
  ['a here document', 'cat <<EOF\n$((1 + 1)) `echo x`\nEOF\n'],
  ['a program that is not there', 'exec 2>/dev/null; no-such-program-here'],
  ['ended by a signal', 'kill -TERM $$', {}],
  ['killed', 'kill -KILL $$'],
]

describe.each(fronts)('%s', (front) => {
  const both = async (command: string, options: RunOptions = {}): Promise<[Ran, Ran]> => {
    if (front !== 'node') await home.warm(command)
    return [await home.run(front, command, options), await home.bare(command, options)]
  }

  test.each<[string, string, RunOptions?]>(commands)('%s', async (_what, command, options) => {
    const [guarded, bare] = await both(command, options)
    // A shell tells a signal that ended its child by a number above 128; to the client both are the same failure.
    const expected = bare.signal === null ? seen(bare) : { ...seen(bare), code: bare.signal === 'SIGKILL' ? 137 : 143 }
    expect(seen(guarded)).toEqual({ ...expected, signal: null })
  })

  test.each<[string, Buffer]>([
    ['binary', bytes],
    ['more than is looked at', Buffer.alloc(17 * 1024 * 1024, bytes)],
    ['no', Buffer.alloc(0)],
  ])('%s input, handed on where blocks are counted', async (_what, input) => {
    const [guarded, bare] = await both('cksum; exit 2', { input, event: 'Stop' })
    expect([guarded.code, guarded.stdout.toString()]).toEqual([2, bare.stdout.toString()])
  })

  test('every exit code that matters', async () => {
    for (const code of [0, 1, 2, 3, 77, 124, 125, 126, 127, 128, 130, 137, 143, 255]) {
      const command = `exit ${code} # ${front}`
      if (front !== 'node') await home.warm(command)
      expect((await home.run(front, command)).code).toBe(code)
    }
  })

  test('the environment is the same but for the depth of sessions', async () => {
    // Names that the front itself might use.
    const environment = Object.fromEntries(
      ['id', 'seconds', 'class', 'command', 'runs', 'code', 'child', 'up', 'i', '_x', 'HTTP_PROXY', 'NODE_OPTIONS'].map(
        (name) => [name, name === 'NODE_OPTIONS' ? '--no-warnings' : `<${name}>\n'"$x`],
      ),
    )
    const command = 'env -0'
    const [guarded, bare] = await both(command, { environment })
    const sorted = ({ stdout }: Ran) =>
      stdout
        .toString()
        .split('\0')
        // What a shell counts about itself.
        .filter((line) => !/^(_|SHLVL|PWD|OLDPWD|BREAKERBOX_DEPTH)=/.test(line))
        .sort()
    expect(sorted(guarded)).toEqual(sorted(bare))
    expect(guarded.stdout.toString()).toContain('BREAKERBOX_DEPTH=1\0')
  })

  test.each([
    ['', '1'],
    ['0', '1'],
    ['3', '4'],
    ['99', '100'],
    ['100', '100'],
    ['08', '08'],
    ['x', '1'],
    ['a[$(touch broken)]', '1'],
    ['-1', '1'],
  ])('depth %j becomes %s', async (before, after) => {
    const [{ stdout, code }] = await both('echo $BREAKERBOX_DEPTH', { environment: { BREAKERBOX_DEPTH: before } })
    expect([stdout.toString(), code]).toEqual([`${after}\n`, 0])
    expect(existsSync(home.path('broken'))).toBe(false)
  })

  test('the working folder, one with a blank in it', async () => {
    const workingFolder = home.path('sub folder é')
    mkdirSync(workingFolder, { recursive: true })
    const [guarded] = await both('pwd; echo > here', { workingFolder })
    expect(guarded.stdout.toString()).toBe(`${workingFolder}\n`)
    expect(existsSync(join(workingFolder, 'here'))).toBe(true)
  })

  test('the umask and ignored signals are those of the hook', async () => {
    const [guarded, bare] = await both('umask; grep -E "^Sig(Ign|Blk)" /proc/self/status')
    expect(guarded.stdout.toString()).toBe(bare.stdout.toString())
  })

  test('a closed stdin is no reason to refuse', async () => {
    const command = 'echo ran'
    if (front !== 'node') await home.warm(command)
    const env = { PATH: process.env['PATH'], HOME: home.home }
    const { status, stdout } = spawnSync('sh', ['-c', 'exec "$@" <&-', 'sh', ...home.words(front, command)], { env })
    expect([status, String(stdout)]).toEqual([0, 'ran\n'])
  })

  test('without HOME the hook still runs', async () => {
    const { code, stdout } = await home.run(front, 'echo ran', {
      unset: ['HOME', 'USERPROFILE'],
      environment: { BREAKERBOX_HOOK_STATE: join(home.home, 'moved.json') },
    })
    expect([code, stdout.toString()]).toEqual([0, 'ran\n'])
  })
})

test('a program and its words, as they are', async () => {
  const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))'
  const words = ['', 'a b', "it's", '$HOME', '"', '\n', '--', '-x', 'é']
  const { status, stdout } = spawnSync(
    process.execPath,
    [join('dist', 'hook-guard.cjs'), '--', process.execPath, '-e', script, ...words],
    { env: { PATH: process.env['PATH'], HOME: home.home }, encoding: 'utf8' },
  )
  expect([status, JSON.parse(stdout)]).toEqual([0, words])
})

test.each([
  [[], 'no command'],
  [['--timeout', '5'], 'no command'],
  [['--'], 'no command after --'],
  [['--', ''], 'no command after --'],
  [['--shell', ' '], 'no command after --shell'],
  [['--shell', 'a', 'b'], '--shell takes one text'],
  [['--timeout', 'x', '--', 'a'], '--timeout takes a number'],
  [['--timeout', '0', '--', 'a'], '--timeout takes a number'],
  [['--class', 'x', '--', 'a'], '--class is convenience or guard'],
  [['--ended', 'x', '--shell', 'a'], '--ended takes an exit code'],
  [['--unknown', '1', '--', 'a'], 'unknown option --unknown'],
  [['a'], 'write -- before a'],
])('words %j are answered with what is allowed, and never with 2', (words, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('dist', 'hook-guard.cjs'), ...words], {
    env: { PATH: process.env['PATH'], HOME: home.home },
    encoding: 'utf8',
  })
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain(message)
  expect(stderr).toContain('usage: hook-guard')
})

test('a hook whose blocks are counted is always Node’s', async () => {
  const command = 'echo counted'
  await home.warm(command)
  for (let n = 2; n < 5; n += 1) {
    expect(seen(await home.run('dash', command, { event: 'Stop' }))).toMatchObject({ code: 0, stdout: 'counted\n' })
    expect(home.record(command).execution_count).toBe(n)
  }
})

test('a success starts no Node', async () => {
  const command = 'echo fine'
  await home.warm(command)
  const before = readFileSync(home.states.path, 'utf8')
  let plain: Ran
  // One process number in a hundred goes to Node.
  do plain = await home.run('dash', command, { environment: { NODE_OPTIONS: '--require /nowhere' } })
  while (plain.pid % 100 === 0)
  expect(seen(plain)).toEqual({ code: 0, signal: null, stdout: 'fine\n', stderr: '' })
  expect(readFileSync(home.states.path, 'utf8')).toBe(before)
  expect(await home.states.state(command)).toMatchObject({ execution_count: 2, consecutive_successes: 2 })
})
