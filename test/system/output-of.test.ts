import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { outputOf } from '../../lib/system/output-of.ts'

const limits = { timeoutMs: 60_000, mostBytes: 1000 }

test.skipIf(process.platform === 'win32')('what a command prints of its input', async () => {
  expect((await outputOf('cat; echo b', 'a', limits))?.toString()).toBe('ab\n')
  expect(await outputOf('echo half; exit 3', '', limits)).toBeUndefined()
})

test.skipIf(process.platform === 'win32')(
  'what it has started ends with it, also what does not when it is asked',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'breakerbox-output-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'pid')
    // It passes its limit once it is deaf; the shell above it is not, and ends first.
    const deaf = `trap "" TERM; echo $$ >"${path}"; echo more than nothing; exec sleep 1000`
    expect(await outputOf(`sh -c '${deaf}' & wait`, '', { ...limits, mostBytes: 0 })).toBeUndefined()
    const pid = Number(readFileSync(path, 'utf8'))
    onTestFinished(() => {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended, as it should.
      }
    })
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), 10_000)
  },
)
