import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { circuitStatus } from '../../lib/cli/circuit-status.ts'
import { Bench } from '../session/bench.ts'

const invocation = (words: readonly string[]) =>
  ({ words, colour: false, folder: '/nowhere' }) as unknown as Parameters<typeof breakerbox>[1]
const run = (bench: Bench, ...words: string[]) => Promise.resolve(breakerbox(bench.system, invocation(words)))

const hour = 3_600_000
const log = Array.from({ length: 1500 }, (_, n) => `{"n":${n}}\n`).join('')

function write(bench: Bench, name: string, content: string | Buffer, age = 2 * hour): void {
  mkdirSync(dirname(bench.path(name)), { recursive: true })
  writeFileSync(bench.path(name), content)
  const at = (bench.now - age) / 1000
  utimesSync(bench.path(name), at, at)
}

/** A log that is due, a session that is too old, and something that stays. */
function prepared(): Bench {
  const bench = new Bench()
  write(bench, 'a_telemetry.jsonl', log)
  write(bench, 'session_old_state.json', '{"a": 1.0}', 8 * 24 * hour)
  write(bench, 'notes.txt', 'mine')
  return bench
}

const contents = (bench: Bench): Record<string, string> =>
  Object.fromEntries(
    readdirSync(bench.memory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(bench.memory.length + 1), readFileSync(path, 'latin1')]),
  )

interface Report {
  readonly files: readonly {
    readonly file: string
    readonly bytesBefore: number | null
    readonly bytesAfter: number | null
    readonly action: string
    readonly outcome?: string
    readonly reason?: string
    readonly archive?: string
  }[]
  readonly summary: string | null
}
const report = async (bench: Bench, ...words: string[]): Promise<Report> =>
  JSON.parse((await run(bench, 'clean', '--json', ...words)).out) as Report
/** What is to be done with which file, in a form that a plan and a run share. */
const actions = ({ files }: Report) =>
  files.flatMap(({ file, action, outcome, reason }) => (outcome === undefined ? [] : [{ file, action, reason }]))

describe('breakerbox clean', () => {
  it('lists every file before and after, with what happened and why', async () => {
    const bench = prepared()
    const { exitCode, out, err } = await run(bench, 'clean')
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toMatch(/\n +15 kB → +- {2}a_telemetry\.jsonl +rotated: more than 1000 lines\n/)
    expect(out).toMatch(/\n +- → +\S+ (?:kB|bytes) {2}archives\/a_telemetry\.\S+\.gz +new: from a_telemetry\.jsonl\n/)
    expect(out).toMatch(/\n +10 bytes → +- {2}session_old_state\.json +archived: not touched for 8 days, limit 7\n/)
    expect(out).toMatch(/\n +4 bytes → +4 bytes {2}notes\.txt +stays\n/)
    expect(out).toMatch(/\nMemory cleanup: 1 log rotated, 1 session archived, \d+ kB freed\n$/)
    expect(readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')).toMatch(
      /"kind":"cleanup","subject":"a_telemetry\.jsonl","reason":"rotate; done; /,
    )
  })

  it('a dry run changes nothing, and says of each file what the real run then does', async () => {
    const bench = prepared()
    const before = contents(bench)
    const { exitCode, out } = await run(bench, 'clean', '--dry-run')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/15 kB → +\? {2}a_telemetry\.jsonl +would be rotated: more than 1000 lines\n/)
    expect(out).toMatch(/4 bytes → +4 bytes {2}notes\.txt +stays\n/)
    expect(out).toMatch(/Dry run: nothing was changed\. 2 files would be\.\n$/)
    const dry = await report(bench, '--dry-run')
    expect(contents(bench)).toEqual(before)
    expect(actions(await report(bench))).toEqual(actions(dry))
    expect(actions(dry)).toHaveLength(2)
  })

  it('has nothing to do the second time', async () => {
    const bench = prepared()
    await run(bench, 'clean')
    const before = contents(bench)
    expect(await run(bench, 'clean')).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/\nNothing to clean\.\n$/),
    })
    expect((await run(bench, 'clean', '--dry-run')).out).toMatch(/\nNothing to clean\.\n$/)
    expect(contents(bench)).toEqual(before)
  })

  it('leaves the files of the session alone that it is run in', async () => {
    const bench = prepared()
    bench.env = { CLAUDE_CODE_SESSION_ID: 'old' }
    for (const words of [['--dry-run'], []]) {
      expect(actions(await report(bench, ...words)).map(({ file }) => file)).toEqual(['a_telemetry.jsonl'])
    }
    expect(existsSync(bench.path('session_old_state.json'))).toBe(true)
  })

  it('works in mode off: a person has asked for it', async () => {
    const bench = prepared()
    write(bench, 'circuit_breaker_config.json', '{"mode":"off"}')
    expect((await report(bench)).summary).toMatch(/^Memory cleanup: 1 log rotated/)
  })

  it('exits 1 and names the file where an action fails', async () => {
    const bench = prepared()
    const rename = bench.files.rename
    bench.files = {
      ...bench.files,
      rename(from, to) {
        if (from.endsWith('a_telemetry.jsonl'))
          throw Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO' })
        rename(from, to)
      },
    }
    const { exitCode, out } = await run(bench, 'clean')
    expect(exitCode).toBe(1)
    expect(out).toMatch(/a_telemetry\.jsonl +FAILED, was to be rotated: EIO: i\/o error\n/)
    expect(readFileSync(bench.path('a_telemetry.jsonl'), 'utf8')).toBe(log)
  })

  it('exits 1 while another cleanup is at work, and where the folder is a link', async () => {
    const bench = prepared()
    const until = new Date(bench.now + 60_000).toISOString()
    write(bench, 'circuit_breaker_janitor.lock', JSON.stringify({ pid: 1, token: 'x', until }))
    expect(await run(bench, 'clean')).toMatchObject({ exitCode: 1, out: '', err: expect.stringMatching(/at work/) })
    const linked = new Bench()
    mkdirSync(join(linked.project, '.claude'))
    symlinkSync(bench.memory, linked.memory)
    for (const words of [[], ['--dry-run']]) {
      expect(await run(linked, 'clean', ...words)).toMatchObject({
        exitCode: 1,
        err: expect.stringMatching(/is a link/),
      })
    }
  })

  it('in a project that was never used makes nothing', async () => {
    const bench = new Bench()
    expect(await run(bench, 'clean')).toMatchObject({ exitCode: 0, out: expect.stringMatching(/nothing to clean/) })
    expect(readdirSync(bench.project)).toEqual([])
  })

  it('names a wrong limit, and uses the default', async () => {
    const bench = prepared()
    bench.env = { BREAKERBOX_TELEMETRY_MAX_LINES: 'many' }
    const { err, out } = await run(bench, 'clean')
    expect(err).toMatch(/BREAKERBOX_TELEMETRY_MAX_LINES=many: allowed: .*1000 is used/)
    expect(out).toContain('more than 1000 lines')
  })
})

describe('breakerbox restore', () => {
  async function cleaned(): Promise<Bench> {
    const bench = prepared()
    await run(bench, 'clean')
    write(bench, 'a_telemetry.jsonl', 'live\n')
    return bench
  }
  const archiveOf = (bench: Bench) => readdirSync(bench.path('archives'))[0] as string

  it('puts a log back beside the live one, and says so in the incident log', async () => {
    const bench = await cleaned()
    const { exitCode, out } = await run(bench, 'restore', archiveOf(bench))
    expect(exitCode).toBe(0)
    const [restored = ''] = readdirSync(bench.memory).filter((name) => name.includes('.restored.'))
    expect(out).toContain(bench.path(restored))
    expect(readFileSync(bench.path(restored), 'utf8')).toBe(log)
    expect(readFileSync(bench.path('a_telemetry.jsonl'), 'utf8')).toBe('live\n')
    expect(readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8')).toContain(`"subject":"${restored}"`)
    expect(gunzipSync(readFileSync(bench.path('archives', archiveOf(bench)))).toString()).toBe(log)
    expect(await run(bench, 'restore', archiveOf(bench))).toMatchObject({
      exitCode: 1,
      out: '',
      err: expect.stringMatching(/is there already/),
    })
  })

  it('takes a path from where the person stands', async () => {
    const bench = await cleaned()
    const path = join('.claude', 'memory', 'archives', archiveOf(bench))
    expect((await run(bench, 'restore', path)).exitCode).toBe(0)
  })

  it.each([[[]], [['nope']], [['../notes.txt']], [['notes.txt']]])(
    'exits 2 and lists what is there: %j',
    async (words) => {
      const bench = await cleaned()
      const before = contents(bench)
      const { exitCode, out, err } = await run(bench, 'restore', ...words)
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
      expect(err).toContain(`archives/${archiveOf(bench)}`)
      expect(err).toMatch(/session_archives\/2026-03-04\/old_state\.json\.gz/)
      expect(contents(bench)).toEqual(before)
    },
  )

  it('exits 2 where there are no archives', async () => {
    expect(await run(new Bench(), 'restore')).toMatchObject({ exitCode: 2, err: expect.stringMatching(/no archives/) })
  })

  it('a damaged archive is one line and exit code 1', async () => {
    const bench = await cleaned()
    write(bench, 'archives/b_telemetry.20260101T000000Z.jsonl.gz', gzipSync(log).subarray(0, 40))
    const { exitCode, err } = await run(bench, 'restore', 'b_telemetry.20260101T000000Z.jsonl.gz')
    expect(exitCode).toBe(1)
    expect(err).toMatch(/^error: cannot restore b_telemetry[^\n]*\n$/)
  })
})

it('circuit-status --memory says what clean would do', async () => {
  const bench = prepared()
  const { out } = await Promise.resolve(circuitStatus(bench.system, invocation(['--memory'])))
  expect(out).toMatch(/The next cleanup:\n +rotate a_telemetry\.jsonl .*\n +archive session session_old_state\.json/)
})
