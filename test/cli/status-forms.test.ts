import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { breakerbox } from '../../lib/cli/breakerbox.ts'
import { circuitStatus } from '../../lib/cli/circuit-status.ts'
import { projectPaths } from '../../lib/config/paths.ts'
import { configSchema } from '../../lib/config/schema.ts'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { Bench } from '../session/bench.ts'
import { parseExposition } from '../status/exposition-parser.ts'

type Command = typeof circuitStatus
const invocation = (words: readonly string[]) =>
  ({ words, colour: false, folder: '/nowhere' }) as unknown as Parameters<Command>[1]
const status = (bench: Bench, ...words: string[]) => circuitStatus(bench.system, invocation(words))
const history = (bench: Bench, ...words: string[]) => breakerbox(bench.system, invocation(['history', ...words]))

/** A project whose `npm test` has failed three times, half a minute apart, and was refused once. */
async function tripped(): Promise<Bench> {
  const bench = new Bench()
  for (const id of ['a', 'b', 'c', 'd']) {
    await bench.fails('npm test', id)
    bench.now += id < 'c' ? 30_000 : 1000
  }
  return bench
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('--html FILE', () => {
  it('writes a page for its owner alone, says where, and leaves nothing else behind', async () => {
    const bench = await tripped()
    const before = readdirSync(bench.project)
    const path = join(bench.project, 'status.html')
    expect(await status(bench, '--html', 'status.html')).toEqual({ exitCode: 0, out: `${path}\n`, err: '' })
    expect(readFileSync(path, 'utf8')).toContain('<h1>1 circuit is open</h1>')
    expect(modeOf(path)).toBe(0o600)
    expect(readdirSync(bench.project)).toEqual([...before, 'status.html'].sort())
  })

  it('changes nothing in the project', async () => {
    const bench = await tripped()
    const before = contents(bench.memory)
    await status(bench, '--html', 'status.html')
    await status(bench, '--prometheus')
    await history(bench)
    expect(contents(bench.memory)).toEqual(before)
  })

  it('replaces a page of ours, and takes back what rights it had', async () => {
    const bench = new Bench()
    const path = join(bench.project, 'status.html')
    await status(bench, '--html', path)
    chmodSync(path, 0o644)
    for (const id of ['a', 'b', 'c']) await bench.fails('npm test', id)
    expect((await status(bench, '--html', path)).exitCode).toBe(0)
    expect(readFileSync(path, 'utf8')).toContain('1 circuit is open')
    expect(modeOf(path)).toBe(0o600)
  })

  it('fills an empty file, such as mktemp makes', async () => {
    const bench = new Bench()
    writeFileSync(join(bench.project, 'empty'), '')
    expect((await status(bench, '--html', 'empty')).exitCode).toBe(0)
    expect(readFileSync(join(bench.project, 'empty'), 'utf8')).toContain('<!doctype html>')
  })

  it.each<[string, (path: string) => void, number, RegExp]>([
    ['notes', (path) => writeFileSync(path, 'my notes'), 1, /is not a page of circuit-status, and is left as it is/],
    ['somebody else’s page', (path) => writeFileSync(path, '<!doctype html>\n<h1>Mine</h1>'), 1, /left as it is/],
    ['a folder', (path) => mkdirSync(path), 1, /is a folder/],
    ['a link', (path) => symlinkSync('elsewhere', path), 1, /is a link/],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 1, /is no regular file/],
  ])('over %s: refused, one line, nothing lost', async (_, make, exitCode, said) => {
    const bench = new Bench()
    const path = join(bench.project, 'file')
    make(path)
    const before = lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined
    const result = await status(bench, '--html', 'file')
    expect(result).toMatchObject({ exitCode, out: '' })
    expect(result.err).toMatch(said)
    expect(result.err).toContain(path)
    expect(result.err.trimEnd().split('\n')).toHaveLength(1)
    if (before !== undefined) expect(readFileSync(path, 'utf8')).toBe(before)
    expect(readdirSync(bench.project)).toEqual(['file'])
  })

  it('where there is no such folder: wrong value', async () => {
    const bench = new Bench()
    const { exitCode, err } = await status(bench, '--html', 'no/such/page.html')
    expect({ exitCode, err }).toEqual({
      exitCode: 2,
      err: `error: --html: there is no folder ${join(bench.project, 'no/such')}\n`,
    })
  })

  it('on a disk that is full leaves the old page, and no part of a new one', async () => {
    const bench = new Bench()
    await status(bench, '--html', 'status.html')
    const before = readFileSync(join(bench.project, 'status.html'), 'utf8')
    const { files } = bench
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    bench.files = {
      ...files,
      create(path, content, options) {
        files.create(path, String(content).slice(0, 100), options)
        throw full
      },
    }
    await expect(status(bench, '--html', 'status.html')).rejects.toBe(full)
    expect(readdirSync(bench.project)).toEqual(['status.html'])
    expect(readFileSync(join(bench.project, 'status.html'), 'utf8')).toBe(before)
  })

  it('- prints it', async () => {
    const bench = new Bench()
    const { exitCode, out } = await status(bench, '--html', '-')
    expect({ exitCode, isPage: /^<!doctype html>[\s\S]*<\/html>\n$/.test(out) }).toEqual({ exitCode: 0, isPage: true })
    expect(readdirSync(bench.project)).toEqual([])
  })

  it('where no hook has ever run says so', async () => {
    const bench = new Bench()
    expect((await status(bench, '--html', '-')).out).toMatch(/No hook has run in this folder yet\..*breakerbox install/)
  })
})

describe('one form at a time', () => {
  it.each([
    ['--html', '-', '--json'],
    ['--html', '-', '--memory'],
    ['--html', '-', '--prometheus'],
    ['--html', '-', '--halted'],
    ['--prometheus', '--json'],
    ['--prometheus', '--halted'],
  ])('%s %s %s', async (...words) => {
    const bench = new Bench()
    const { exitCode, out, err } = await status(bench, ...words.filter((word) => word !== undefined))
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toMatch(/cannot be used with/)
  })
})

describe('--prometheus', () => {
  const metric = async (bench: Bench, name: string, labels: Record<string, string>) =>
    parseExposition((await status(bench, '--prometheus')).out)
      .get(name)
      ?.samples.find((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      ?.value

  it('tells of a really tripped project', async () => {
    const bench = await tripped()
    const families = parseExposition((await status(bench, '--prometheus')).out)
    expect(families.get('breakerbox_build_info')?.samples[0]?.labels['project']).toBe(bench.project)
    const own = { pattern: 'tool_failure' }
    expect(await metric(bench, 'breakerbox_circuits', { ...own, state: 'open' })).toBe(1)
    expect(await metric(bench, 'breakerbox_incidents_24h', { ...own, kind: 'trip' })).toBe(1)
    expect(await metric(bench, 'breakerbox_incidents_24h', { ...own, kind: 'denial' })).toBe(1)
    expect(await metric(bench, 'breakerbox_last_incident_timestamp_seconds', { kind: 'denial' })).toBe(
      (bench.now - 1000) / 1000,
    )
    expect(await metric(bench, 'breakerbox_memory_bytes', {})).toBeGreaterThan(0)
  })

  it('loses no count when the log is rotated, and neither does the status or the history', async () => {
    const bench = await tripped()
    const log = bench.path('circuit_breaker_incidents.jsonl')
    const limits = { ...configSchema.parse({}).memory_limits, telemetry_max_lines: 1 }
    await runJanitor(bench.system, projectPaths(bench.project, {}), limits, { runningSession: undefined })
    expect(existsSync(log)).toBe(false)
    expect(await metric(bench, 'breakerbox_incidents_24h', { pattern: 'tool_failure', kind: 'trip' })).toBe(1)
    expect(JSON.parse((await status(bench, '--json')).out).incidents24h).toEqual({ trip: 1, denial: 1 })
    expect(JSON.parse((await history(bench, '--json')).out)).toMatchObject({
      counts: { trip: 1, denial: 1 },
      read: { archives: 1 },
    })
  })
})

describe('breakerbox history', () => {
  it('tells what the hooks have left: when, what, how long, and what it saved', async () => {
    const bench = await tripped()
    const { exitCode, out, err } = await history(bench)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toMatch(/^2026-03-04 +1 +1 +tool_failure$/m)
    expect(out).toMatch(/1 +1 +· +2026-03-04 12:01 +Bash\(npm test\) +tool_failure/)
    // Three calls in a minute: a round of half a minute.
    expect(out).toContain('Time lost: 1 min in loops')
    expect(out).toContain('Time saved: about 30 s')
  })

  it('as JSON has the promised fields', async () => {
    const { out } = await history(await tripped(), '--json', '--days', '3')
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      days: 3,
      from: '2026-03-02T00:00:00.000Z',
      knownSince: '2026-03-04T12:01:00.000Z',
      perDay: [{ day: '2026-03-02' }, { day: '2026-03-03' }, { day: '2026-03-04', trips: { tool_failure: 1 } }],
      patterns: [{ pattern: 'tool_failure', loopedSeconds: 60, savedSeconds: 30 }],
      subjects: [{ subject: 'Bash(npm test)', trips: 1, refused: 1, halts: 0 }],
      time: { loopedSeconds: 60, knownTrips: 1, savedSeconds: 30 },
      falseAlarms: { trips: 1, bypassed: 0, reset: 0, passed: 0 },
      suggestions: [],
      read: { incidents: 2, files: 1, archives: 0, damaged: 0, leftOut: 0, isCut: false },
    })
  })

  it('shows nothing of what a terminal takes for a command, in JSON either', async () => {
    const bench = new Bench()
    const evil = { at: '2026-03-04T11:00:00.000Z', kind: 'trip', pattern: 'tool_failure', subject: 'a\u009b2Jb' }
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(bench.path('circuit_breaker_incidents.jsonl'), `${JSON.stringify(evil)}\n`)
    for (const words of [[], ['--json']]) expect((await history(bench, ...words)).out).not.toContain('\u009b')
  })

  it('names wrong values of the config on stderr', async () => {
    const bench = new Bench()
    mkdirSync(bench.memory, { recursive: true })
    writeFileSync(bench.path('circuit_breaker_config.json'), '{"mode":7}')
    expect(await history(bench)).toMatchObject({ exitCode: 0, err: expect.stringMatching(/mode is 7/) })
  })

  test.each([['0'], ['366'], ['1.5'], ['-1'], ['many'], ['']])('--days %j is a wrong value', async (days) => {
    const { exitCode, out, err } = await history(new Bench(), '--days', days)
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toMatch(/A whole number from 1 to 365/)
  })

  test('a project that is not there is a wrong value', async () => {
    expect(await history(new Bench(), '--project', 'nowhere')).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/nowhere/),
    })
  })
})

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        return [path, `${statSync(path).mtimeMs} ${readFileSync(path, 'latin1')}`]
      }),
  )
}
