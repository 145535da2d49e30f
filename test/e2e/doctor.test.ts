import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { findingOf, installed, odd } from '../doctor/installed.ts'
import { clientVersion } from '../support/client-copy.ts'
import { describeWithClient } from './scenario.ts'

describeWithClient('the doctor beside the real client', () => {
  it('knows its version and every event of it', { timeout: 60_000 }, async () => {
    const bench = await installed()
    bench.env['PATH'] = `${dirname(process.env['CLAUDE_BIN'] ?? '')}:${bench.env['PATH']}`
    const report = await bench.doctor()
    expect(odd(report)).toEqual([])
    const [, version] =
      /^Claude Code (\S+) fires every event that is used$/.exec(findingOf(report, 'client').title) ?? []
    expect(version).toBe(clientVersion)
  })
})
