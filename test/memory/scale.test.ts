import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hour, memoryFolder } from './folder.ts'

let built: string | undefined
let janitor: string

beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'breakerbox-janitor-'))
  janitor = join(built, 'janitor.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('programs/janitor.ts', import.meta.url))],
    outfile: janitor,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
})
afterAll(() => {
  if (built !== undefined) rmSync(built, { recursive: true, force: true })
})

interface Outcome {
  readonly kind: string
  readonly unfinished: boolean
  readonly milliseconds: number
  /** Kilobytes, at most at one time. */
  readonly peak: number
}

async function run(memory: string, budget: number): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [janitor, memory, String(budget)])
  return JSON.parse(stdout)
}

async function digestOf(stream: NodeJS.ReadableStream): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of stream) hash.update(piece as Buffer)
  return hash.digest('hex')
}

test('1,000 session files and a log of 80 MB: under 100 MB of memory, in steps of the time budget', async () => {
  const folder = memoryFolder()
  for (let n = 0; n < 1000; n++)
    folder.write(`session_s${n}_state.json`, JSON.stringify({ n, text: 'x'.repeat(500) }), 2 * hour)
  const log = folder.path('a_telemetry.jsonl')
  const handle = openSync(log, 'w')
  let n = 0
  for (let written = 0; written < 80 * 1024 * 1024; ) {
    let piece = ''
    for (let line = 0; line < 5000; line++) {
      piece += `{"n":${n},"at":"2026-11-21T12:00:00Z","tool":"Bash","hash":"${((n++ * 2654435761) >>> 0).toString(16)}","ok":true}\n`
    }
    written += writeSync(handle, piece)
  }
  closeSync(handle)
  const expected = await digestOf(createReadStream(log))
  const bytes = statSync(log).size

  const outcomes: Outcome[] = []
  do outcomes.push(await run(folder.memory, 400))
  while (outcomes.at(-1)?.kind !== 'clean' && outcomes.length < 60)
  const peak = Math.max(...outcomes.map(({ peak }) => peak))
  const longest = Math.max(...outcomes.map(({ milliseconds }) => milliseconds))
  console.info(
    `${outcomes.length} runs, the longest ${longest} ms, peak ${Math.round(peak / 1024)} MB, log ${bytes} bytes`,
  )
  expect(peak).toBeLessThan(100 * 1024)
  expect(outcomes.length).toBeGreaterThan(2)
  expect(longest).toBeLessThan(3000)
  expect(outcomes.at(-1)?.kind).toBe('clean')

  const archives = folder.files()
  expect(archives.filter((name) => /^session_archives\/[\d-]+\/s\d+_state\.json\.gz$/.test(name))).toHaveLength(990)
  const packed = archives.filter((name) => name.startsWith('archives/'))
  expect(packed).toHaveLength(1)
  expect(await digestOf(createReadStream(folder.path(packed[0] as string)).pipe(createGunzip()))).toBe(expected)
  folder.remove()
}, 180_000)
