/**
 * What the janitor costs: `npm run bench:memory [-- --pairs N --megabytes N --most RATIO]`.
 *
 * First a session start in an installed project with nothing to clean, against an empty Node script: both are started in
 * turn, and each pair gives one ratio, so that other work on the computer hits both. Then a log of 1 GB and 1,000 session
 * files: how many session starts it takes to put them away, the time and the peak memory of each, and whether every byte
 * comes back. Exits 1 above `--most` times the empty script, above 100 MB of memory, above the time budget, or where a
 * byte is missing.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createGunzip } from 'node:zlib'
import { defaultBudgetMilliseconds } from '../lib/memory/janitor.ts'

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '60' },
    megabytes: { type: 'string', default: '1024' },
    most: { type: 'string', default: '1.5' },
  },
})

const megabyte = 1024 * 1024
const mostMemory = 100 * megabyte
/** A run stops between two steps: one piece, or one file, may still be under way. Milliseconds, start-up included. */
const longestRun = defaultBudgetMilliseconds + 1000

const base = realpathSync(mkdtempSync(join(tmpdir(), 'breakerbox-bench-')))
const project = join(base, 'project')
const memory = join(project, '.claude', 'memory')
const hook = resolve('dist', 'memory-janitor.cjs')
const env = {
  PATH: process.env['PATH'],
  HOME: base,
  CLAUDE_PROJECT_DIR: project,
  // Big enough for the archive of a log that grew without any limit; else it would be the first to go.
  BREAKERBOX_TOTAL_MAX_MB: '1000',
}
const input = JSON.stringify({
  hook_event_name: 'SessionStart',
  source: 'startup',
  session_id: '5b2c8f0e-1d7a-4c57-9d0b-3f6f7a8e9c10',
  transcript_path: join(base, 'transcript.jsonl'),
  cwd: project,
})

try {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] })
  mkdirSync(project)
  execFileSync(process.execPath, [resolve('dist', 'breakerbox.mjs'), 'install', '--project', project], { env })
  const quiet = nothingToDo()
  const large = await muchToDo()
  if (!quiet || !large) process.exitCode = 1
} finally {
  rmSync(base, { recursive: true })
}

function nothingToDo(): boolean {
  const empty = join(base, 'empty.mjs')
  writeFileSync(empty, '')
  // The first start looks around, and finds everything new.
  for (const path of [empty, hook, hook]) start(path)
  const pairs = Array.from({ length: Number(values.pairs) }, (_, at) => {
    const [first, second] = at % 2 === 0 ? [empty, hook] : [hook, empty]
    const times = new Map([first, second].map((path) => [path, start(path).milliseconds] as const))
    return { empty: times.get(empty) ?? 0, hook: times.get(hook) ?? 0 }
  })
  const ratios = pairs.map((pair) => pair.hook / pair.empty)
  const ratio = quantile(ratios, 0.5)
  console.log(`nothing to do, ${pairs.length} pairs, medians (middle half)`)
  console.log(`  empty script    ${describe(pairs.map((pair) => pair.empty))} ms`)
  console.log(`  memory-janitor  ${describe(pairs.map((pair) => pair.hook))} ms`)
  console.log(`  ratio           ${describe(ratios, 2)}, at most ${values.most}`)
  const fastest = (which: 'empty' | 'hook') => Math.min(...pairs.map((pair) => pair[which]))
  console.log(`  fastest         ${(fastest('hook') / fastest('empty')).toFixed(2)}, which other work disturbs least`)
  return ratio <= Number(values.most)
}

async function muchToDo(): Promise<boolean> {
  for (let n = 0; n < 1000; n += 1) {
    const path = join(memory, `session_s${n}_state.json`)
    writeFileSync(path, JSON.stringify({ n, text: 'x'.repeat(500) }))
    const hoursAgo = Date.now() / 1000 - 2 * 3600
    utimesSync(path, hoursAgo, hoursAgo)
  }
  const log = join(memory, 'bench_telemetry.jsonl')
  writeLog(log, Number(values.megabytes) * megabyte)
  const written = await digestOf(createReadStream(log))
  const bytes = statSync(log).size
  // Told by the process itself at its end: the parent is not told by every system.
  const peakModule = join(base, 'peak.mjs')
  writeFileSync(peakModule, `process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))`)
  const runs = []
  do {
    const { milliseconds, stdout, stderr } = start(hook, { NODE_OPTIONS: `--import ${pathToFileURL(peakModule)}` })
    runs.push({ milliseconds, peak: Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024, silent: stdout === '' })
  } while (runs.at(-1)?.silent === false && runs.length < 500)
  const peak = Math.max(...runs.map((run) => run.peak))
  const longest = Math.max(...runs.map((run) => run.milliseconds))
  const [archive = ''] = readdirSync(join(memory, 'archives')).filter((name) => name.endsWith('.gz'))
  const packed = join(memory, 'archives', archive)
  const same = (await digestOf(createReadStream(packed).pipe(createGunzip()))) === written
  console.log(`a log of ${inMegabytes(bytes)} MB and 1,000 session files`)
  console.log(`  session starts  ${runs.length - 1} until nothing is left to do`)
  console.log(`  longest         ${Math.round(longest)} ms, budget ${defaultBudgetMilliseconds} ms`)
  console.log(`  peak memory     ${inMegabytes(peak)} MB, at most ${inMegabytes(mostMemory)} MB`)
  console.log(
    `  archive         ${inMegabytes(statSync(packed).size)} MB, ${same ? 'every byte comes back' : 'DAMAGED'}`,
  )
  return same && peak < mostMemory && longest < longestRun
}

function start(path: string, more: Record<string, string> = {}) {
  const startedAt = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], {
    input,
    cwd: project,
    env: { ...env, ...more },
    encoding: 'utf8',
  })
  const milliseconds = performance.now() - startedAt
  if (status !== 0) throw new Error(`${path} ended with ${status}: ${stderr}`)
  return { milliseconds, stdout, stderr }
}

function writeLog(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  let n = 0
  for (let written = 0; written < bytes; ) {
    let piece = ''
    for (let line = 0; line < 5000; line += 1) {
      n += 1
      const hash = (Math.imul(n, 2_654_435_761) >>> 0).toString(16)
      piece += `{"n":${n},"at":"2026-01-01T12:00:00Z","tool":"Bash","hash":"${hash}","ok":true}\n`
    }
    written += writeSync(file, piece)
  }
  closeSync(file)
}

async function digestOf(stream: NodeJS.ReadableStream): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of stream) hash.update(piece as Buffer)
  return hash.digest('hex')
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function describe(numbers: readonly number[], digits = 1): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(numbers, share).toFixed(digits))
  return `${middle} (${low} to ${high})`
}

function inMegabytes(bytes: number): number {
  return Math.round(bytes / megabyte)
}
