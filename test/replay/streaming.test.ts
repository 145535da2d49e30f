import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../support/built-hook.ts'
import { runNode } from './run-node.ts'
import { tempFolder } from './temp-files.ts'
import { Transcript } from './transcript-builder.ts'

const megabyte = 1024 * 1024
/** Most that a replay may hold at any time, however long the history. An idle Node process holds about a quarter of it. */
const mostMemory = 200 * megabyte

/** A transcript of one long session, its text repeated with new ids and times. */
function writeHistory(path: string, bytes: number): void {
  const transcript = new Transcript({ session: 'long' })
  for (let i = 0; i < 50; i += 1)
    transcript.runs(`@#-${i}`, `make target-@#-${i}`, `@#-${i} ${'compiled a module '.repeat(1200)}`)
  const { text } = transcript
  const file = openSync(path, 'w')
  try {
    for (let written = 0, block = 0; written < bytes; block += 1) {
      const minute = String(block % 60).padStart(2, '0')
      const hour = String(Math.floor(block / 60) % 24).padStart(2, '0')
      written += writeSync(file, text.replaceAll('@#', `b${block}`).replaceAll('T09:00:', `T${hour}:${minute}:`))
    }
  } finally {
    closeSync(file)
  }
}

describe('a long history', () => {
  it('is replayed in constant memory', { timeout: 180_000 }, async () => {
    const folder = tempFolder()
    const path = join(folder, 'long.jsonl')
    writeHistory(path, 310 * megabyte)
    expect(statSync(path).size).toBeGreaterThan(300 * megabyte)
    const { stdout, maxRss } = await runNode([join(root, 'dist', 'breakerbox.mjs'), 'replay', '--json', path])
    const report = JSON.parse(stdout)
    expect(report.totals).toMatchObject({ sessions: 1, trips: 0, damagedLines: 0, problems: [] })
    expect(report.totals.calls).toBeGreaterThan(10_000)
    expect(maxRss).toBeLessThan(mostMemory)
  })
})
