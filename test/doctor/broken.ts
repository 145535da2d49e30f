import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DoctorReport } from '../../lib/doctor/doctor-text.ts'
import type { Finding, Level } from '../../lib/doctor/finding.ts'
import { everything, findingOf, type Installed, installed, odd, worldOf } from './installed.ts'

/**
 * One broken installation. It is really installed and really broken, the doctor looks at it without changing a byte, and what it
 * says mends it does mend it.
 */
export interface Broken {
  readonly id: Finding['id']
  readonly level: Level
  readonly what: string
  /** Words behind `install`; null installs nothing. */
  readonly install?: string | null
  break(bench: Installed): void | Promise<void>
  /** What the finding says, as far as it matters. */
  readonly says?: RegExp
  /** Its command. */
  readonly command?: RegExp
  /**
   * What is then done: `--fix`; the `command` of the finding in a shell, in which the doctor then looks again; for a command that
   * opens an editor, what the person does to the file there; or nothing, where only the person can know.
   */
  readonly mend: 'fix' | 'command' | { readonly edit: string } | 'nothing'
  /** What is left then, as `level id`; nothing by default. */
  readonly left?: readonly string[]
  /** What else is odd before. */
  readonly besides?: readonly string[]
}

/** @param words of the doctor, for a table that is about something else than whether hooks run. */
export function testBroken(table: readonly Broken[], words = ''): void {
  describe.skipIf(process.platform === 'win32')('is found by its id, changes nothing, and goes away', () => {
    test.each(table)('$id: $what', { timeout: 60_000 }, async (broken) => {
      const bench = await installed(broken.install)
      await broken.break(bench)

      const before = everything(worldOf(bench))
      const report = await bench.doctor(words)
      expect(everything(worldOf(bench))).toEqual(before)
      expect(odd(report).sort()).toEqual([`${broken.level} ${broken.id}`, ...(broken.besides ?? [])].sort())
      const { title, detail = [], fix } = findingOf(report, broken.id)
      if (broken.says !== undefined) expect([title, ...detail].join('\n')).toMatch(broken.says)
      if (broken.command !== undefined) expect(fix?.command).toMatch(broken.command)
      expect(JSON.stringify(report)).not.toContain('hush')

      const after = await mended(bench, broken, fix, words)
      if (after !== undefined) expect(odd(after)).toEqual(broken.left ?? [])
    })
  })
}

async function mended(
  bench: Installed,
  { mend }: Broken,
  fix: Finding['fix'],
  words: string,
): Promise<DoctorReport | undefined> {
  if (mend === 'nothing') {
    expect(fix?.safe ?? false).toBe(false)
    return undefined
  }
  if (mend === 'fix') {
    expect(fix?.safe).toBe(true)
    const report = await bench.doctor(`--fix ${words}`)
    expect([...new Set(report.mended?.map(({ outcome }) => outcome))]).toEqual(['done'])
    return report
  }
  if (mend !== 'command') {
    bench.program('editor', mend.edit)
    bench.env['EDITOR'] = 'editor'
  }
  const { stdout, stderr } = await bench.run(`{ ${fix?.command}; } >/dev/null && breakerbox doctor --json ${words}`)
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

/** A person replaces one word. */
export const replacing = (from: string, to: string): { edit: string } => ({
  edit: `sed -i.bak -e 's/${from}/${to}/' "$1" && rm -f "$1.bak"`,
})

export const settingsPath = '.claude/settings.json'
export const configPath = '.claude/memory/circuit_breaker_config.json'
export const gatePath = '.claude/hooks/circuit-breaker-gate.cjs'

export interface Settings {
  hooks: Record<string, { matcher?: string; hooks: { type: string; command: string }[] }[]>
  permissions?: { deny?: string[] }
  [field: string]: unknown
}

/** Changes a settings file of the project, or makes one. */
export function changeSettings(
  { project }: Installed,
  change: (settings: Settings) => void,
  path = settingsPath,
): void {
  const value = project.readJson<Settings>(path) ?? { hooks: {} }
  change(value)
  project.write(path, value)
}

/** Writes a file of the home folder. */
export function inHome({ project }: Installed, path: string, value: unknown): void {
  const file = join(project.home, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
}
