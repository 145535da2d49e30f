import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { failing, loggedSession } from './logged.ts'
import { replayIn, tempFolder, write } from './temp-files.ts'
import { Transcript } from './transcript-builder.ts'

const looping = (session: string) =>
  JSON.stringify(
    loggedSession(
      [0, 1, 2, 3].map((i) => failing(i)),
      session,
    ),
  )

/** Three failures; subagents take their turns in between. */
const failingTranscript = (ids: readonly string[], options: ConstructorParameters<typeof Transcript>[0] = {}) => {
  const transcript = new Transcript(options)
  for (const id of ids) transcript.runs(id, 'npm test', 'Exit code 1\nboom', true).passes(10)
  return transcript
}

describe('call logs', () => {
  it('damaged lines are counted and passed over, blank ones are none', async () => {
    const folder = tempFolder()
    write(folder, {
      'log.jsonl': `not json\n\n${looping('A')}\r\n{"session":"B"}\n${looping('C')}\n{"session":"D","ca`,
    })
    const { sessions, findings } = await replayIn(folder)
    expect(sessions.map(({ session, source, trips }) => [session, source, trips.length])).toEqual([
      ['A', 'made', 1],
      ['C', 'made', 1],
    ])
    expect(findings).toEqual([expect.objectContaining({ lines: 5, damaged: 3 })])
    expect(findings[0]).not.toHaveProperty('problem')
  })

  it('packed ones are unpacked on the way; a damaged archive is named and the others are read', async () => {
    const folder = tempFolder()
    const packed = gzipSync(`${looping('A')}\n`)
    write(folder, { 'a.jsonl.gz': packed.subarray(0, 40), 'b.jsonl.gz': packed, 'c.jsonl.gz': 'no archive' })
    const { sessions, findings } = await replayIn(folder)
    expect(sessions.map(({ session }) => session)).toEqual(['A'])
    expect(findings.map(({ problem }) => problem !== undefined)).toEqual([true, false, true])
  })
})

describe('the format', () => {
  it('is told by the first line that says something', async () => {
    const folder = tempFolder()
    write(folder, {
      'log.jsonl': `{"half\n${looping('A')}\n`,
      'transcript.jsonl': `{"half\n${failingTranscript(['a']).text}`,
    })
    const { sessions } = await replayIn(folder)
    expect(sessions.map(({ session, source }) => [session, source])).toEqual([
      ['A', 'made'],
      ['S', 'claude-code'],
    ])
  })

  it('can be forced, and a file that does not have it is named', async () => {
    const folder = tempFolder()
    write(folder, { 'log.jsonl': looping('A'), 'transcript.jsonl': failingTranscript(['a']).text })
    const asLog = await replayIn(folder, [folder], 'calls')
    expect(asLog.sessions.map(({ session }) => session)).toEqual(['A'])
    expect(asLog.findings[1]?.problem).toMatch(/no call log/)
    const asTranscript = await replayIn(folder, [folder], 'claude-code')
    expect(asTranscript.sessions.map(({ session }) => session)).toEqual(['S'])
    expect(asTranscript.findings[0]?.problem).toMatch(/no transcript/)
  })

  it.each([
    ['other.jsonl', '{"level":"info"}\n{"level":"warn"}\n'],
    ['text.jsonl', 'hello\nworld\n'],
    ['numbers.jsonl', '1\n2\n'],
  ])('%s is no recording: it is named and makes no session', async (name, content) => {
    const folder = tempFolder()
    write(folder, { [name]: content })
    const { sessions, findings } = await replayIn(folder)
    expect(sessions).toEqual([])
    expect(findings).toEqual([expect.objectContaining({ problem: expect.stringMatching(/is no transcript/) })])
  })

  it('an empty file is a session without calls', async () => {
    const folder = tempFolder()
    write(folder, { 'empty.jsonl': '' })
    expect((await replayIn(folder)).sessions).toMatchObject([{ session: 'empty', calls: 0, trips: [] }])
  })
})

describe('transcripts', () => {
  it('with Windows line ends and a last line that was cut off', async () => {
    const folder = tempFolder()
    const { text } = failingTranscript(['a', 'b', 'c'])
    write(folder, { 't.jsonl': `${text.replaceAll('\n', '\r\n')}{"type":"user","mess` })
    const { sessions, findings } = await replayIn(folder)
    expect(sessions).toMatchObject([{ session: 'S', calls: 3, turns: 3, trips: [{ callIndex: 2, toolUseId: 'c' }] }])
    expect(findings).toMatchObject([{ damaged: 1 }])
  })

  it('take in the files of their subagents by time, so that calls are counted as they happened', async () => {
    const folder = tempFolder()
    const main = failingTranscript(['m1', 'm2', 'm3'])
    const start = Date.parse(String(main.records[0]?.['timestamp']))
    write(folder, {
      'S.jsonl': main.text,
      'S/subagents/agent-a.jsonl': failingTranscript(['a1', 'a2', 'a3'], { agent: 'a', now: start + 4000 }).text,
      'S/subagents/agent-b.jsonl': failingTranscript(['b1', 'b2', 'b3'], { agent: 'b', now: start + 7000 }).text,
    })
    const { sessions } = await replayIn(folder)
    expect(sessions).toHaveLength(1)
    expect(sessions[0]).toMatchObject({ session: 'S', calls: 9, turns: 9 })
    expect(sessions[0]?.trips.map(({ agent, callIndex, toolUseId }) => [agent, callIndex, toolUseId])).toEqual([
      ['main', 6, 'm3'],
      ['a', 7, 'a3'],
      ['b', 8, 'b3'],
    ])
  })

  it('of the same moment keep the order: the session first, then its subagents', async () => {
    const folder = tempFolder()
    const at = { now: Date.parse('2026-03-04T09:00:00.000Z') }
    write(folder, {
      'S.jsonl': failingTranscript(['m1', 'm2', 'm3'], at).text,
      'S/subagents/agent-a.jsonl': failingTranscript(['a1', 'a2', 'a3'], { agent: 'a', ...at }).text,
    })
    const { sessions } = await replayIn(folder)
    expect(sessions[0]?.trips.map(({ agent }) => agent)).toEqual(['main', 'a'])
  })

  it('whose subagent file is damaged are still a session', async () => {
    const folder = tempFolder()
    write(folder, {
      'S.jsonl': failingTranscript(['a', 'b', 'c']).text,
      'S/subagents/agent-x.jsonl': 'nothing of it is left\n',
    })
    const { sessions, findings } = await replayIn(folder)
    expect(sessions).toMatchObject([{ calls: 3, trips: [{ toolUseId: 'c' }] }])
    expect(findings.map(({ problem }) => problem !== undefined)).toEqual([false, true])
  })
})
