import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, renameSync, symlinkSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packMember, wholeMembers } from '../../lib/memory/members.ts'
import { nodeStreams } from '../../lib/system/node-streams.ts'
import { countLines } from '../../lib/system/streams.ts'
import { type MemoryFolder, memoryFolder } from './folder.ts'

const streams = nodeStreams()
let folder: MemoryFolder
beforeEach(() => {
  folder = memoryFolder()
})
afterEach(() => folder.remove())

test.each([
  ['', 0],
  ['\n', 1],
  ['a\nb\n', 2],
  ['a\nb', 2],
  ['x'.repeat(200_000), 1],
  ['line\n'.repeat(50_000), 50_000],
])('lines of a file (%#)', (content, lines) => {
  folder.write('log', content)
  const source = streams.openSource(folder.path('log'))
  expect(countLines(source)).toBe(lines)
  source.close()
})

test('counting stops early', () => {
  folder.write('log', 'line\n'.repeat(500_000))
  const source = streams.openSource(folder.path('log'))
  expect(countLines(source, 10)).toBeLessThan(20_000)
  expect(countLines(source, Number.POSITIVE_INFINITY, () => false)).toBeLessThan(20_000)
  source.close()
})

test('links are refused', () => {
  folder.write('log', 'x')
  symlinkSync(folder.path('log'), folder.path('link'))
  expect(() => streams.openSource(folder.path('link'))).toThrow(/ELOOP/)
  expect(() => streams.openSink(folder.path('link'), 0)).toThrow(/ELOOP/)
})

test.skipIf(process.platform === 'win32')(
  'who writes is known, also after a rename; who only reads does not count',
  async () => {
    folder.write('log', 'x')
    folder.write('other', 'x')
    const words = [
      '-e',
      `require('fs').openSync(${JSON.stringify(folder.path('log'))}, 'a'); console.log(1); setTimeout(() => {}, 60000)`,
    ]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    renameSync(folder.path('log'), folder.path('aside'))
    const reader = openSync(folder.path('other'), 'r')
    const paths = [folder.path('aside'), folder.path('other')]
    expect(await streams.openForWriting(paths)).toEqual(new Set([folder.path('aside')]))
    child.kill()
    await once(child, 'exit')
    expect(await streams.openForWriting(paths)).toEqual(new Set())
    closeSync(reader)
  },
)

test('members are found up to the first that is not whole', async () => {
  const compression = await streams.compression()
  const members = ['one\n', 'two\n', 'three\n'].map((text) => packMember(compression, Buffer.from(text), 6))
  const whole = Buffer.concat(members)
  expect(gunzipSync(whole).toString()).toBe('one\ntwo\nthree\n')
  for (let length = 0; length <= whole.length; length++) {
    folder.write('part', whole.subarray(0, length))
    const source = streams.openSource(folder.path('part'))
    const [a, b, c] = members.map((member) => member.length) as [number, number, number]
    const expected = length >= a + b + c ? 3 : length >= a + b ? 2 : length >= a ? 1 : 0
    expect(wholeMembers(source)).toHaveLength(expected)
    source.close()
  }
})
