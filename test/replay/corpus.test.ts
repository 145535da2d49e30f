import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import { evaluate, type LoopLabel } from '../../lib/replay/evaluation.ts'
import { evaluationText, targetsOf } from '../../lib/replay/evaluation-text.ts'
import { type FileSession, replayFiles } from '../../lib/replay/replay-files.ts'
import { findRecordings } from '../../lib/replay/sources.ts'
import { gatheringText } from '../../scripts/eval/gathering.ts'
import { readLoggedSessions } from '../../scripts/eval/logged-sessions.ts'
import { otherWaysText } from '../../scripts/eval/other-ways.ts'
import { systemIn } from './temp-files.ts'

/** Recorded sessions are no part of the project; where they lie beside it, the rules are held to them. */
const corpus = resolve('..', 'shared', 'corpus')
const isThere = existsSync(join(corpus, 'labels.json'))
if (!isThere) console.log(`skipped: the targets on recorded sessions, because there is no ${corpus}`)

async function replay(named: string): Promise<FileSession[]> {
  const sessions: FileSession[] = []
  await replayFiles(findRecordings(systemIn(corpus), [named]).recordings, {
    format: 'auto',
    config: defaultConfig(),
    onSession: (session) => sessions.push(session),
    onFile: ({ file, damaged, problem }) => expect({ file, damaged, problem }).toEqual({ file, damaged: 0 }),
  })
  return sessions
}

describe.skipIf(!isThere)('the shared corpus', () => {
  it('meets every target with the defaults, and compares with other ways as the paper says', {
    timeout: 120_000,
  }, async () => {
    const labels = JSON.parse(readFileSync(join(corpus, 'labels.json'), 'utf8')) as LoopLabel[]
    const evaluation = evaluate(await replay('*.jsonl.gz'), labels)
    const missed = targetsOf(evaluation).filter(({ met }) => !met)
    expect(missed, evaluationText(evaluation, { cpuSeconds: 1, markdown: false }).join('\n')).toEqual([])
    const { recordings } = findRecordings(systemIn(corpus), ['*.jsonl.gz'])
    const logged = readLoggedSessions(recordings.map(({ main }) => main))
    const paper = readFileSync('docs/detection.md', 'utf8')
    expect(paper).toContain(otherWaysText(logged, labels, evaluation).join('\n'))
    expect(paper).toContain(gatheringText(logged, labels).join('\n'))
  })

  it('of whole transcripts: the runaway is stopped, the healthy sessions are left alone', async () => {
    for (const { file, calls, trips } of await replay('transcripts')) {
      expect(calls).toBeGreaterThan(0)
      expect([file, trips.length > 0]).toEqual([file, file.includes('runaway')])
      for (const { pattern, callsAfter } of trips) expect([pattern, callsAfter <= 78]).toEqual(['repeated_call', true])
    }
  })
})
