import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import type { RecordedEvent } from '../../lib/replay/recording.ts'
import { Replayer, type ReplayState } from '../../lib/replay/replayer.ts'
import { TranscriptReader } from '../../lib/replay/transcript.ts'
import { circuitStateKind, sessionKind } from '../../lib/session/documents.ts'
import {
  type Beat,
  cancelled,
  editNotFound,
  edits,
  fails,
  folder,
  lasting,
  passes,
  prints,
  prompt,
  reads,
  refused,
  sleeps,
  start,
  succeeds,
  turn,
} from '../engine/story.ts'
import { Bench } from '../session/bench.ts'
import { logged, loggedSession } from './logged.ts'
import { replayIn, tempFolder, write } from './temp-files.ts'
import { transcriptOf } from './transcript-builder.ts'

type Turn = Extract<Beat, { kind: 'turn' }>

/** Few different calls, so that they repeat; results read the same whichever event brings them. */
const call: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(fails('npm test', 'boom'), fails('npm test', 'no such file'), fails('make', 'x')),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(prints('git status', 'clean'), prints('npm test', 'ok'), reads('a.ts', 'x')),
  },
  fc.constantFrom(editNotFound('a.ts'), refused('Bash', { command: 'npm i' }, 'This command requires approval')),
  fc.nat(3).map((i) => succeeds('BashOutput', { bash_id: 'b' }, `running ${i}`)),
  fc.constantFrom(cancelled('git status'), sleeps(2), sleeps(30)),
)
const oneTurn: fc.Arbitrary<Beat> = fc
  .tuple(fc.array(call, { minLength: 1, maxLength: 2 }), fc.constantFrom(0, 1, 4, 20))
  .map(([calls, seconds]) => lasting(seconds, turn(...calls)))
const beat: fc.Arbitrary<Beat> = fc.oneof(
  { weight: 14, arbitrary: oneTurn },
  { weight: 1, arbitrary: fc.nat(5).map((i) => edits('a.ts', `${i}`)) },
  { weight: 1, arbitrary: fc.constantFrom(5, 60, 600).map(passes) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('go on', 'SUDO BYPASS', '<task-notification>x'), fc.boolean())
      .map(([text, attended]) => prompt(text, { attended })),
  },
)
/** The same few beats again and again, and others in between. */
const story: fc.Arbitrary<Beat[]> = fc
  .array(fc.tuple(fc.array(beat, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 7 })), { maxLength: 8 })
  .map((parts) => parts.flatMap(([beats, times]) => Array.from({ length: times }, () => beats).flat()))

const recordedOf = (beats: readonly Beat[]): RecordedEvent[] => {
  const reader = new TranscriptReader()
  return [...transcriptOf(beats).records.flatMap((each) => reader.take(each) ?? []), ...reader.end()]
}
const replayed = (
  events: readonly RecordedEvent[],
  between: (state: ReplayState) => ReplayState = (state) => state,
) => {
  const replayer = new Replayer('S', defaultConfig())
  for (const each of events) {
    replayer.play(each)
    replayer.state = between(replayer.state)
  }
  return replayer
}

describe('a session replayed event by event, saved and restored in between', () => {
  const restored = ({ memory, circuits }: ReplayState): ReplayState => ({
    memory: sessionKind('S').parse(JSON.parse(JSON.stringify(memory))),
    circuits: circuitStateKind.parse(JSON.parse(JSON.stringify({ version: 1, circuits }))).circuits,
  })

  it('comes to the same as in one go', () => {
    fc.assert(
      fc.property(story, (beats) => {
        const events = recordedOf(beats)
        const inOneGo = replayed(events)
        const stepwise = replayed(events, restored)
        expect(stepwise.result()).toEqual(inOneGo.result())
        expect(stepwise.state).toEqual(restored(inOneGo.state))
      }),
      { numRuns: 150 },
    )
  })
})

describe('independent sessions', () => {
  it('in any order, in one file or in several, come to the same', async () => {
    const one = fc.array(fc.tuple(fc.nat(2), fc.nat(1)), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(one, { minLength: 1, maxLength: 5 })
          .chain((sessions) =>
            fc.tuple(
              fc.constant(sessions),
              fc.shuffledSubarray([...sessions.keys()], { minLength: sessions.length }),
              fc.nat(sessions.length),
            ),
          ),
        async ([sessions, order, cut]) => {
          const lines = sessions.map((calls, s) =>
            JSON.stringify(
              loggedSession(
                calls.map(([command, result], i) => logged(i, { input: { command }, result_head: `result ${result}` })),
                `S${s}`,
              ),
            ),
          )
          const shuffled = order.map((i) => lines[i])
          const folder = tempFolder()
          write(folder, {
            'all/a.jsonl': lines.join('\n'),
            'two/a.jsonl': shuffled.slice(0, cut).join('\n'),
            'two/b.jsonl': shuffled.slice(cut).join('\n'),
          })
          const results = async (name: string) =>
            (await replayIn(folder, [name], 'calls')).sessions
              .map(({ file: _file, ...rest }) => rest)
              .sort((a, b) => a.session.localeCompare(b.session))
          expect(await results('two')).toEqual(await results('all'))
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('the hooks and the replay', () => {
  /** Plays a story to the hooks as the client would, without regard for what they answer but for what it forbids. */
  async function played(beats: readonly Beat[]): Promise<Incident[]> {
    const bench = new Bench()
    bench.now = start
    // the story's folder is none of this machine's
    bench.env = { BREAKERBOX_MEMORY_DIR: bench.memory }
    let calls = 0
    let ended = false
    for (const [i, each] of beats.entries()) {
      if (each.kind === 'passes') bench.now += each.seconds * 1000
      if (each.kind === 'prompt') {
        ended &&= /^</.test(each.text)
        bench.env = { ...bench.env, CLAUDE_CODE_SESSION_ATTENDED: each.attended ? '1' : '0' }
        await bench.send({ hook_event_name: 'UserPromptSubmit', prompt: each.text, prompt_id: promptId(i) })
      }
      if (each.kind !== 'turn') continue
      const prompt_id = promptId(beats.slice(0, i + 1).findLastIndex(({ kind }) => kind === 'prompt'))
      const asked = each.calls.map((told) => {
        calls += 1
        return { told, use: { tool_name: told.tool, tool_input: told.input, tool_use_id: `S-${calls}` } }
      })
      if (ended) {
        bench.now += each.takes * 1000
        continue
      }
      const common = { cwd: folder, prompt_id }
      const settled: { told: (typeof asked)[number]['told']; use: object; denied: string | undefined }[] = []
      for (const { told, use } of asked) {
        const invalid = told.ends === 'rejected'
        const { answer } = invalid
          ? { answer: {} as { deny?: string; stop?: string } }
          : await bench.send({ ...common, ...use, hook_event_name: 'PreToolUse' })
        if (answer.stop !== undefined) ended = true
        settled.push({ told, use, denied: answer.deny })
        if (ended) break
      }
      bench.now += each.takes * 1000
      if (ended) continue
      for (const { told, use, denied } of settled) {
        if (denied !== undefined) continue
        if (told.ends === 'fails')
          await bench.send({ ...common, ...use, hook_event_name: 'PostToolUseFailure', error: told.text })
        if (told.ends === 'succeeds')
          await bench.send({ ...common, ...use, hook_event_name: 'PostToolUse', tool_response: told.text })
      }
      const { answer } = await bench.send({
        ...common,
        hook_event_name: 'PostToolBatch',
        tool_calls: settled.map(({ told, use, denied }) => ({
          ...use,
          tool_response: denied === undefined ? told.text : `PreToolUse:${told.tool} hook error: ${denied}`,
        })),
      })
      if (answer.stop !== undefined) ended = true
    }
    return readIncidents(bench)
  }

  const promptId = (beat: number): string => `prompt ${beat}`

  function readIncidents(bench: Bench): Incident[] {
    try {
      const lines = readFileSync(bench.path('circuit_breaker_incidents.jsonl'), 'utf8').trim().split('\n')
      return lines.map((line) => JSON.parse(line) as Incident)
    } catch {
      return []
    }
  }

  const key = (pattern: unknown, subject: unknown, turn: unknown, id: unknown) =>
    `${pattern} ${subject} turn ${turn} ${id}`

  it('see the same trips in the same story', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async (beats) => {
        const incidents = await played(beats)
        const { trips, warnings } = replayed(recordedOf(beats)).result()
        const blocked = incidents.filter(({ kind, action }) => kind === 'trip' && action === 'block')
        const told = incidents.filter(
          ({ kind, action }) => kind === 'warning' || (kind === 'trip' && action === 'advise'),
        )
        const ended = trips.flatMap((each) =>
          each.action === 'block' && each.haltedAtCall === undefined ? [] : [each],
        )
        const of = (each: Incident) => key(each.pattern, each.subject, each.turn, each.toolUseId)
        const byReplay = (each: (typeof trips)[number]) => key(each.pattern, each.subject, each.turn, each.toolUseId)
        // what is rejected before it runs is heard of with its batch only, so the order inside a turn may differ
        const found = trips.filter(({ action }) => action === 'block').map(byReplay)
        expect(found.sort()).toEqual(blocked.map(of).sort())
        expect(warnings.map(byReplay).sort()).toEqual(told.map(of).sort())
        expect(ended.length > 0).toBe(incidents.some(({ kind }) => kind === 'halt'))
      }),
      { numRuns: 40 },
    )
  })
})
