import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readdirSync, statSync, utimesSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createGunzip } from 'node:zlib'
import { defaultBudgetMilliseconds } from '../../lib/memory/glance.ts'
import { bareEnvironment } from '../../test/support/bare-environment.ts'
import { sessionStart } from '../../test/support/payloads.ts'
import { installedProject, type MeasuredProject } from './measured-project.ts'
import type { Part } from './part.ts'
import { targetText } from './spread.ts'

const megabyte = 1024 * 1024
/** Bytes. */
const mostMemory = 100 * megabyte
/** A run stops between two steps: one piece, or one file, may still be under way. Milliseconds, start-up included. */
const longestRun = defaultBudgetMilliseconds + 1000
const sessions = 1000
/** More session starts than any clean-up takes. */
const mostRuns = 500

/** How the janitor puts away a log that grew without any limit. What it costs with nothing to do is in `start-up`. */
export const janitor: Part = {
  name: 'janitor',
  title: 'A memory folder that grew without any limit',
  async run({ quick }) {
    const project = await installedProject()
    try {
      fillSessions(project)
      const log = join(project.memory, 'bench_telemetry.jsonl')
      writeLog(log, (quick ? 32 : 1024) * megabyte)
      const written = await digestOf(createReadStream(log))
      const { size } = statSync(log)
      const runs = cleanedUp(project)
      const peak = Math.max(...runs.map((run) => run.peak))
      const longest = Math.max(...runs.map((run) => run.milliseconds))
      const [archive = ''] = readdirSync(join(project.memory, 'archives')).filter((name) => name.endsWith('.gz'))
      const packed = join(project.memory, 'archives', archive)
      const same = (await digestOf(createReadStream(packed).pipe(createGunzip()))) === written
      if (!same) throw new Error('the archive does not hold what the log held')
      return {
        columns: ['what', 'figure', 'target'],
        rows: [
          ['session starts until nothing is left to do', String(runs.length - 1), ''],
          ['longest of them', `${Math.round(longest)} ms`, targetText(`≤ ${longestRun} ms`, longest <= longestRun)],
          ['peak memory', `${inMegabytes(peak)} MB`, targetText(`≤ ${inMegabytes(mostMemory)} MB`, peak <= mostMemory)],
          ['archive, from which every byte comes back', `${inMegabytes(statSync(packed).size)} MB`, ''],
        ],
        notes: [`A log of ${inMegabytes(size)} MB and ${sessions.toLocaleString('en')} session files.`],
      }
    } finally {
      project.remove()
    }
  },
}

interface Run {
  readonly milliseconds: number
  /** Bytes. */
  readonly peak: number
  readonly silent: boolean
}

/** Session starts until one of them finds nothing to do. */
function cleanedUp(project: MeasuredProject): Run[] {
  // Told by the process itself at its end: the parent is not told by every system.
  const peak = project.script(
    'peak.mjs',
    `process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))`,
  )
  const runs: Run[] = []
  do {
    const startedAt = performance.now()
    const { status, stdout, stderr } = spawnSync(process.execPath, [project.hook('memory-janitor')], {
      input: JSON.stringify(sessionStart({ project })),
      cwd: project.folder,
      env: bareEnvironment(project.home, {
        CLAUDE_PROJECT_DIR: project.folder,
        // Big enough for the archive; else it would be the first to go.
        BREAKERBOX_TOTAL_MAX_MB: '1000',
        NODE_OPTIONS: `--import ${pathToFileURL(peak)}`,
      }),
      encoding: 'utf8',
    })
    const milliseconds = performance.now() - startedAt
    if (status !== 0) throw new Error(`the janitor ended with ${status}: ${stderr}`)
    runs.push({ milliseconds, peak: Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024, silent: stdout === '' })
  } while (runs.at(-1)?.silent === false && runs.length < mostRuns)
  return runs
}

/** Files of sessions that ended two hours ago. */
function fillSessions(project: MeasuredProject): void {
  const hoursAgo = Date.now() / 1000 - 2 * 3600
  for (let n = 0; n < sessions; n += 1) {
    const name = `.claude/memory/session_s${n}_state.json`
    project.write(name, { n, text: 'x'.repeat(500) })
    utimesSync(project.path(name), hoursAgo, hoursAgo)
  }
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

const inMegabytes = (bytes: number): number => Math.round(bytes / megabyte)
