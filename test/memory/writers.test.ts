import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { limitsWith, type MemoryFolder, memoryFolder } from './folder.ts'

const program = fileURLToPath(new URL('programs/append-lines.mjs', import.meta.url))
const limits = limitsWith({
  telemetry_max_lines: 300,
  telemetry_keep_rotations: 1000,
  archive_keep_count: 10_000,
  total_max_mb: 1000,
})
const log = 'a_telemetry.jsonl'

let folder: MemoryFolder
beforeEach(() => {
  folder = memoryFolder()
})
afterEach(() => folder.remove())

const janitor = () => runJanitor(nodeSystem(), folder, limits, { runningSession: undefined, budgetMilliseconds: 5000 })

/** Starts a writer; resolves to the lines that it wrote. */
async function writer(style: string, name: string, milliseconds = 2000): Promise<string[]> {
  const words = [program, folder.path(log), style, name, String(milliseconds), '40']
  const { stdout } = await promisify(execFile)(process.execPath, words)
  return Array.from({ length: Number(stdout) }, (_, n) =>
    JSON.stringify({ writer: name, n, padding: 'x'.repeat(n % 90) }),
  )
}

async function rotateWhile(writers: Promise<string[]>[], janitors = 1) {
  let done = false
  const all = Promise.all(writers).finally(() => {
    done = true
  })
  let rotations = 0
  const loop = async () => {
    while (!done) {
      const { records } = await janitor()
      rotations += records.filter(({ action, outcome }) => action === 'rotate' && outcome === 'done').length
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await Promise.all(Array.from({ length: janitors }, loop))
  const written = (await all).flat().sort()
  return { written, rotations }
}

test.each([
  ['opens the log for each line', ['reopen', 'reopen']],
  ['keeps its handle', ['handle', 'handle']],
  ['keeps its handle for a while', ['several', 'several']],
  ['all kinds together', ['reopen', 'handle', 'several']],
])(
  'a writer that never stops and %s loses no line and doubles none',
  async (_, styles) => {
    const { written, rotations } = await rotateWhile(styles.map((style, n) => writer(style, `w${n}`)))
    expect(folder.lines(log)).toEqual(written)
    expect(rotations).toBeGreaterThan(0)
    // Once nobody writes any more, everything that was set aside gets packed.
    await new Promise((resolve) => setTimeout(resolve, 300))
    await janitor()
    expect(folder.files().filter((name) => name !== log && !name.endsWith('.gz'))).toEqual([])
    expect(folder.lines(log)).toEqual(written)
    console.info(`${written.length} lines, ${rotations} rotations`)
  },
  30_000,
)

test('three janitors at once lose and double nothing', async () => {
  const { written } = await rotateWhile([writer('reopen', 'a'), writer('several', 'b')], 3)
  await janitor()
  expect(folder.lines(log)).toEqual(written)
}, 30_000)
