import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { configSchema } from '../../lib/config/schema.ts'
import type { MemoryLimits } from '../../lib/memory/plan.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { removeBusy } from '../support/remove-busy.ts'

export const limitsWith = (limits: Partial<MemoryLimits> = {}): MemoryLimits =>
  configSchema.parse({ memory_limits: limits }).memory_limits

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** A memory folder of its own, with real files; it is removed with the test at the latest. */
export interface MemoryFolder {
  readonly memory: string
  path(name: string): string
  /** Writes a file; `ageMilliseconds` is how long ago it was last modified, by default a minute. */
  write(name: string, content: string | Buffer, ageMilliseconds?: number): void
  read(name: string): string
  has(name: string): boolean
  /** Every file, relative, sorted. */
  files(): string[]
  /** Every file with its content. */
  contents(): Record<string, string>
  /** Lines of a log and of everything that was archived of it, packed or set aside, sorted. */
  lines(log: string): string[]
  remove(): void
}

export function memoryFolder(): MemoryFolder {
  const memory = join(mkdtempSync(join(tmpdir(), 'breakerbox-memory-')), '.claude', 'memory')
  mkdirSync(memory, { recursive: true })
  const path = (name: string) => join(memory, name)
  const files = () =>
    (readdirSync(memory, { recursive: true }) as string[]).filter((name) => lstatSync(path(name)).isFile()).sort()
  const read = (name: string) =>
    name.endsWith('.gz') ? gunzipSync(readFileSync(path(name))).toString() : readFileSync(path(name), 'utf8')
  const remove = () => removeBusy(join(memory, '..', '..'))
  // Also after a test that failed or ran out of time.
  onTestFinished(remove)
  return {
    memory,
    path,
    files,
    read,
    write(name, content, age = minute) {
      mkdirSync(dirname(path(name)), { recursive: true })
      writeFileSync(path(name), content)
      const at = (Date.now() - age) / 1000
      utimesSync(path(name), at, at)
    },
    has: (name) => existsSync(path(name)),
    contents: () => Object.fromEntries(files().map((name) => [name, read(name)])),
    lines(log) {
      const stem = log.replace(/\.jsonl$/, '')
      const mine = files().filter(
        (name) => name === log || (name.startsWith(`archives/${stem}.`) && !name.endsWith('.part')),
      )
      return (
        mine
          // A packed archive stands for the file beside it that it was made of.
          .filter((name) => !mine.includes(`${name}.gz`))
          .flatMap((name) => read(name).split('\n'))
          .filter((line) => line !== '')
          .sort()
      )
    },
    remove,
  }
}

/** The real system at another time of day. */
export const systemAt = (shift: number): System => {
  const system = nodeSystem()
  return { ...system, clock: () => Date.now() + shift, sleep: system.sleep, token: system.token }
}

export const numberedLines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, at) => `${JSON.stringify({ n: from + at })}\n`).join('')
