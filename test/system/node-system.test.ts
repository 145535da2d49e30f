import { describe, expect, test } from 'vitest'
import { causeLine, errorCode, KnownError } from '../../lib/system/known-error.ts'
import { nodeProcesses, parseProc, parseProcessTable } from '../../lib/system/node-processes.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'

describe('processes', () => {
  test('ancestors begin with the parent and each is the parent of the one before', () => {
    const chain = nodeProcesses.ancestors()
    expect(chain[0]?.pid).toBe(process.ppid)
    expect(chain.length).toBeLessThanOrEqual(64)
    expect(new Set(chain.map((entry) => entry.pid)).size).toBe(chain.length)
    expect(chain[0]?.name).not.toBe('')
  })

  test.each([
    ['4 (node) S 3 4', ['/usr/bin/node', 'a b'], 3, 'node'],
    ['4 (claude) S 3 4', ['claude'], 3, 'claude'],
    ['4 (MainThread) S 3 4', ['/opt/node/bin/node', 'x.js'], 3, 'node'],
    ['4 (bash) S 1 4', ['-bash'], 1, 'bash'],
    ['4 (a) S 9 (b)) R 7 4', [], 7, 'a) S 9 (b)'],
  ])('one entry of /proc: %s', (stat, words, parent, name) => {
    expect(parseProc(4, stat, words)).toEqual({ parent, facts: { pid: 4, name, words } })
  })

  test('an entry that makes no sense is none', () => {
    expect(parseProc(4, '', [])).toBeUndefined()
    expect(parseProc(4, 'nonsense', [])).toBeUndefined()
  })

  test('the table of ps', () => {
    const table = parseProcessTable('    1     0 /sbin/launchd\n  501     1 claude --resume  x\n\ngarbage\n')
    expect([...table.values()]).toEqual([
      { parent: 0, facts: { pid: 1, name: 'launchd', words: ['/sbin/launchd'] } },
      { parent: 1, facts: { pid: 501, name: 'claude', words: ['claude', '--resume', 'x'] } },
    ])
  })
})

describe('the system', () => {
  test('tokens are eight hexadecimal digits and differ', () => {
    const { token } = nodeSystem()
    const tokens = Array.from({ length: 1000 }, token)
    expect(tokens.every((one) => /^[0-9a-f]{8}$/.test(one))).toBe(true)
    expect(new Set(tokens).size).toBeGreaterThan(998)
  })

  test('tells clock, host and folders', async () => {
    const system = nodeSystem()
    const before = system.clock()
    await system.sleep(5)
    expect(system.clock()).toBeGreaterThanOrEqual(before + 4)
    expect(system.workingFolder).toBe(process.cwd())
    expect(system.host).not.toBe('')
    expect(system.homeFolder).not.toBe('')
  })

  test('a process whose folder was deleted is told the name that the shell knew', () => {
    const cwd = process.cwd
    process.cwd = () => {
      throw new Error('ENOENT: no such file or directory, uv_cwd')
    }
    try {
      expect(nodeSystem().workingFolder).toBe(process.env['PWD'] || '/')
    } finally {
      process.cwd = cwd
    }
  })
})

describe('known errors', () => {
  test('one line with path and cause; the code of the system', () => {
    const cause = Object.assign(new Error("EACCES: permission denied, open '/p/x'"), { code: 'EACCES' })
    const error = new KnownError('write', '/p/x', cause)
    expect(error.message).toBe('cannot write /p/x: EACCES: permission denied')
    expect([error.code, error.path, error.cause]).toEqual(['EACCES', '/p/x', cause])
  })

  test('a cause in words brings its code along', () => {
    expect(new KnownError('use', '/p', 'it is a link', 'ELINK')).toMatchObject({
      code: 'ELINK',
      message: 'cannot use /p: it is a link',
    })
  })

  test('causes are cut to one line of 200 characters', () => {
    expect(causeLine('a\nb')).toBe('a')
    expect(causeLine('x'.repeat(300))).toHaveLength(200)
    expect(errorCode('no error')).toBeUndefined()
  })
})
