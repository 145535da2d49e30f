import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import type { EngineEvent } from '../../lib/engine/event.ts'
import { Replayer } from '../../lib/replay/replayer.ts'
import { TranscriptReader } from '../../lib/replay/transcript.ts'
import { Transcript } from './transcript-builder.ts'

const read = (...transcripts: readonly Transcript[]) => {
  const reader = new TranscriptReader()
  const records = transcripts.flatMap((each) => each.records)
  return { reader, recorded: [...records.flatMap((each) => reader.take(each) ?? []), ...reader.end()] }
}
const eventsOf = (transcript: Transcript): EngineEvent[] => read(transcript).recorded.map(({ event }) => event)
/** `request x`, `settled x failed`, `batch x y`, `prompt typed`. */
const brief = (event: EngineEvent): string => {
  switch (event.kind) {
    case 'request':
      return `request ${event.call.id}`
    case 'settled':
      return `settled ${event.call.id} ${event.outcome}`
    case 'batch':
      return `batch ${event.calls.map(({ call }) => call.id).join(' ')}`
    case 'prompt':
      return `prompt${event.typed ? ' typed' : ''}${event.attended ? '' : ' unattended'}${event.bypass ? ' bypass' : ''}`
    default:
      return event.kind
  }
}
const story = (transcript: Transcript): string[] => eventsOf(transcript).map(brief)
const replay = (transcript: Transcript) => {
  const replayer = new Replayer('S', defaultConfig())
  for (const each of read(transcript).recorded) replayer.play(each)
  return replayer.result()
}
const bash = (command: string) => ({ command })

describe('turns', () => {
  it('are assistant messages: parts with one id are one turn, the next message ends it', () => {
    const transcript = new Transcript()
      .asks('m1', 'a', 'Bash', bash('ls'))
      .asks('m1', 'b', 'Bash', bash('pwd'))
      .answers('a', 'x')
      .answers('b', 'y')
      .asks('m2', 'c', 'Bash', bash('ls'))
      .answers('c', 'x')
    expect(story(transcript)).toEqual([
      'request a',
      'request b',
      'settled a succeeded',
      'settled b succeeded',
      'batch a b',
      'request c',
      'settled c succeeded',
      'batch c',
    ])
  })

  it('whose parts come between results of the same message stay one turn', () => {
    const transcript = new Transcript()
      .asks('m1', 'a', 'Bash', bash('ls'))
      .answers('a', 'x')
      .asks('m1', 'b', 'Bash', bash('pwd'))
      .answers('b', 'y')
    expect(story(transcript).filter((each) => each.startsWith('batch'))).toEqual(['batch a b'])
  })

  it('of text and thinking only are none', () => {
    const content = [
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'Done.' },
    ]
    expect(story(new Transcript().record('assistant', { message: { id: 'm1', content } }))).toEqual([])
  })

  it('of several results in one record', () => {
    const results = ['a', 'b'].map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'x' }))
    const transcript = new Transcript()
      .asks('m1', 'a', 'Bash', bash('ls'))
      .asks('m1', 'b', 'Bash', bash('pwd'))
      .record('user', { message: { content: results } })
    expect(story(transcript).slice(2)).toEqual(['settled a succeeded', 'settled b succeeded', 'batch a b'])
  })
})

describe('how a call ended', () => {
  it.each<[outcome: string, tool: string, text: unknown, isError: boolean]>([
    ['succeeded', 'Bash', 'ok', false],
    ['succeeded', 'Bash', [{ type: 'text', text: 'ok' }], false],
    ['succeeded', 'Read', [{ type: 'image', source: {} }], false],
    ['succeeded', 'Bash', undefined, false],
    ['failed', 'Bash', 'Exit code 1\nboom', true],
    ['failed', 'Read', 'File does not exist.', true],
    ['invalid', 'Edit', '<tool_use_error>String to replace not found in file.</tool_use_error>', true],
    ['invalid', 'Bash', '<tool_use_error>InputValidationError: Bash failed</tool_use_error>', true],
    ['refused', 'Bash', "The user doesn't want to proceed with this tool use.", true],
    ['refused', 'Write', 'Claude requested permissions to write to /x, but you have not granted it yet.', true],
    ['cancelled', 'Bash', '<tool_use_error>Sibling tool call errored</tool_use_error>', true],
    ['cancelled', 'Bash', '[Request interrupted by user for tool use]', true],
  ])('%s: %s %j', (outcome, tool, text, isError) => {
    const transcript = new Transcript().asks('m', 'a', tool, {}).answers('a', text, isError)
    expect(story(transcript)).toContain(`settled a ${outcome}`)
  })

  it("without a result it has not ended, and a result without a call is nobody's", () => {
    expect(story(new Transcript().asks('m', 'a', 'Bash', bash('ls')).answers('other', 'x'))).toEqual(['request a'])
  })

  it('the same result told twice counts once', () => {
    expect(story(new Transcript().runs('a', 'ls', 'x').answers('a', 'x'))).toEqual([
      'request a',
      'settled a succeeded',
      'batch a',
    ])
  })

  it('names the subagent that it ran', () => {
    const transcript = new Transcript()
      .asks('m', 'a', 'Agent', { prompt: 'x' })
      .answers('a', 'done', false, { toolUseResult: { agentId: 'a1' } })
    expect(eventsOf(transcript)).toContainEqual(expect.objectContaining({ kind: 'settled', agentId: 'a1' }))
  })

  it('secrets in its first line are hidden', () => {
    const secret = 'ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'
    const [, settled] = eventsOf(new Transcript().runs('a', 'x', `fatal: bad token ${secret}`, true))
    expect(JSON.stringify(settled)).not.toContain(secret)
  })
})

describe('prompts', () => {
  it.each<[what: string, text: string, fields: Record<string, unknown>, found: string[]]>([
    ['typed', 'go on', {}, ['prompt typed']],
    ['typed, as the client says', 'go on', { promptSource: 'typed' }, ['prompt typed']],
    ['handed over by a program', 'go on', { promptSource: 'sdk' }, ['prompt typed unattended']],
    ['written by the client', 'go on', { promptSource: 'system' }, ['prompt']],
    ['with a machine tag', '<task-notification>done</task-notification>', {}, ['prompt']],
    ['with the words in it', 'SUDO BYPASS please', {}, ['prompt typed bypass']],
    ['with the words, by the client', 'SUDO BYPASS', { promptSource: 'system' }, ['prompt']],
    ["the client's own remark", 'Caveat: …', { isMeta: true }, []],
    ['a summary of what was compacted', 'This session continues …', { isCompactSummary: true }, []],
    ['the mark of an interrupt', '[Request interrupted by user]', {}, []],
    ['nothing', '', {}, []],
  ])('%s', (_what, text, fields, found) => {
    expect(story(new Transcript().prompt(text, fields))).toEqual(found)
  })

  it('in blocks, with a picture', () => {
    const content = [
      { type: 'text', text: 'look' },
      { type: 'image', source: {} },
    ]
    expect(story(new Transcript().record('user', { message: { content } }))).toEqual(['prompt typed'])
  })

  it('end the turn', () => {
    expect(story(new Transcript().runs('a', 'ls', 'x').prompt('go on')).slice(-2)).toEqual(['batch a', 'prompt typed'])
  })
})

describe('subagents', () => {
  it('of old clients are sidechains, told apart by where their chain begins', () => {
    const side = (id: string, parent: string | null, fields: Record<string, unknown>) => ({
      isSidechain: true,
      uuid: id,
      parentUuid: parent,
      ...fields,
    })
    const transcript = new Transcript()
      .runs('main-1', 'ls', 'x')
      .record('user', side('s1', null, { message: { content: 'Do this' } }))
      .record('user', side('t1', null, { message: { content: 'Do that' } }))
      .asks('m1', 'a', 'Bash', bash('ls'), side('s2', 's1', {}))
      .asks('m2', 'b', 'Bash', bash('ls'), side('t2', 't1', {}))
      .answers('a', 'x', false, side('s3', 's2', {}))
      .answers('b', 'x', false, side('t3', 't2', {}))
    const agents = eventsOf(transcript).flatMap((event) => (event.kind === 'settled' ? [event.agent] : []))
    expect(agents).toEqual(['main', 'sidechain s1', 'sidechain t1'])
    expect(story(transcript).some((each) => each.startsWith('prompt'))).toBe(false)
  })

  it('of new clients name themselves', () => {
    const events = eventsOf(new Transcript({ agent: 'a1' }).prompt('Do this').runs('a', 'ls', 'x'))
    expect(events.map((event) => ('agent' in event ? event.agent : event.kind))).toEqual(['a1', 'a1', 'a1'])
  })

  it('loop for themselves', () => {
    const transcript = new Transcript({ agent: 'a1' })
    for (const id of ['a', 'b', 'c']) transcript.runs(id, 'npm test', 'Exit code 1\nboom', true)
    expect(replay(transcript).trips).toMatchObject([{ agent: 'a1', turn: 3, callIndex: 2, pattern: 'tool_failure' }])
  })
})

describe('a session that is resumed', () => {
  it('is one session, named as it began, and its turns go on', () => {
    const before = new Transcript({ session: 'first' }).runs('a', 'npm test', 'Exit code 1\nboom', true)
    const after = new Transcript({ session: 'second', now: before.now + 3_600_000 })
    for (const id of ['b', 'c']) after.runs(id, 'npm test', 'Exit code 1\nboom', true)
    const { reader, recorded } = read(before, after)
    const replayer = new Replayer('first', defaultConfig())
    for (const each of recorded) replayer.play(each)
    expect(reader.session).toBe('first')
    expect(replayer.result()).toMatchObject({ calls: 3, turns: 3, trips: [{ turn: 3 }] })
  })
})

describe('what it does not know', () => {
  it.each(['progress', 'system', 'summary', 'file-history-snapshot', 'queue-operation', 'made-up'])(
    'a record of type %s says nothing',
    (type) => expect(new TranscriptReader().take({ type, message: 7, content: [] })).toEqual([]),
  )

  it.each([null, 7, 'text', [], {}, { type: 7 }])('%j is no record', (value) => {
    expect(new TranscriptReader().take(value)).toBeUndefined()
  })

  it.each<[what: string, record: Record<string, unknown>]>([
    ['no message', { type: 'assistant' }],
    ['a message that is a text', { type: 'assistant', message: 'x' }],
    ['content that is a number', { type: 'user', message: { content: 7 } }],
    ['blocks that are no objects', { type: 'assistant', message: { content: [null, 7, 'x'] } }],
    ['a call without a name', { type: 'assistant', message: { content: [{ type: 'tool_use', id: 'a' }] } }],
    ['a call without an id', { type: 'assistant', message: { content: [{ type: 'tool_use', name: 'Bash' }] } }],
    ['a result without an id', { type: 'user', message: { content: [{ type: 'tool_result', content: 'x' }] } }],
  ])('%s: nothing happened', (_what, record) => expect(new TranscriptReader().take(record)).toEqual([]))

  it('a record without a time has the time of the one before', () => {
    const transcript = new Transcript().runs('a', 'ls', 'x').asks('m2', 'b', 'Bash', bash('ls'), { timestamp: 'soon' })
    expect(read(transcript).recorded.at(-1)?.at).toBe(transcript.now)
  })
})
