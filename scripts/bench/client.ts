import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../../test/support/built-hook.ts'
import { ensureClient } from '../../test/support/client-copy.ts'
import { createTempProject, type TempProject } from '../../test/support/temp-project.ts'
import { countStarts, settling } from './counted-starts.ts'
import { type HeldSession, holdSession } from './held-session.ts'
import { inTurn } from './in-turn.ts'
import { install } from './measured-project.ts'
import { type Options, type Part, type Table, Unavailable } from './part.ts'
import { processorSeconds } from './processor-time.ts'
import {
  differences,
  mean,
  median,
  middleHalf,
  ratios,
  type Spread,
  spreadText,
  targetText,
  trimmedMean,
} from './spread.ts'

/** Added milliseconds per call that are wanted at most. */
const mostAdded = 10
/** How much less than the naive hook that is wanted at least. */
const leastSaved = 8

/** How sessions that run side by side take turns. */
interface Rhythm {
  /** Calls of one session in a row, between which the model answers at once. */
  readonly together: number
  /** Milliseconds after them in which nothing is awaited, and what they left in the background may end. */
  readonly pause: number
}
/** The usual case: a model thinks while the other sessions have their turns, for about a second. */
const callByCall: Rhythm = { together: 1, pause: 150 }
/** The worst: it does not think at all, and what runs in the background is in the way. */
const hurried: Rhythm = { together: 10, pause: settling }

const arrangements = {
  'no hooks': async () => {},
  Breakerbox: install,
  'naive Node hook': async (project: TempProject) => {
    project.write(
      '.claude/hook.mjs',
      "let text = ''\nfor await (const chunk of process.stdin) text += chunk\nJSON.parse(text)\n",
    )
    register(project, ['PreToolUse', 'PostToolUse'], 'node "$CLAUDE_PROJECT_DIR"/.claude/hook.mjs')
  },
  'Python hook': async (project: TempProject) => {
    project.write('.claude/hook.py', 'import json, sys\njson.load(sys.stdin)\n')
    register(project, ['PreToolUse', 'PostToolUse'], 'python3 "$CLAUDE_PROJECT_DIR"/.claude/hook.py')
  },
  // what the client needs to start two commands, and no hook can avoid
  'empty commands': async (project: TempProject) => register(project, ['PreToolUse', 'PostToolBatch'], ':'),
}
type Arrangement = keyof typeof arrangements
const names = Object.keys(arrangements) as Arrangement[]
const hooks = names.filter((name) => name !== 'no hooks')

function register(project: TempProject, events: readonly string[], command: string): void {
  const entry = [{ hooks: [{ type: 'command', command }] }]
  project.write('.claude/settings.json', { hooks: Object.fromEntries(events.map((event) => [event, entry])) })
}

/** What hooks add to one session of the real client with many tool calls, against the same session without hooks. */
export const client: Part = {
  name: 'client',
  title: 'What hooks add to a session of the real client',
  async run(options) {
    const copy = ensureClient(root, process.env)
    if (copy.kind === 'missing') throw new Unavailable(`no client: ${copy.reason}`)
    // where the client's own runner looks for it
    process.env['CLAUDE_BIN'] = copy.executable
    return measured(options)
  },
}

async function measured({ quick }: Options): Promise<Table> {
  const calls = quick ? 20 : 60
  const rounds = quick ? 1 : 12
  const fewer = quick ? 1 : 4
  const starts = {} as Record<Arrangement, number>
  for (const name of names) starts[name] = await startsOf(name, calls)
  const short = await shortSessions(quick ? 1 : 20)
  const usual = await sideBySide(calls, rounds, callByCall)
  const worst = await sideBySide(calls, fewer, hurried)

  // A session of many calls is one of a single call and so many calls more.
  const perCall = (name: Arrangement, more: number) => (trimmedMean(short[name].again) + (calls - 1) * more) / calls
  const bySession = (name: Arrangement, { time }: Added) => time.map((turns) => perCall(name, trimmedMean(turns)))
  const timeOf = (name: Arrangement, added: Added): Spread => ({
    ...middleHalf(bySession(name, added)),
    middle: perCall(name, trimmedMean(added.time.flat())),
  })
  const rowsOf = (model: string, added: Record<Arrangement, Added>) =>
    hooks.map((name) => {
      const time = timeOf(name, added[name])
      return [
        name,
        model,
        spreadText(time, 1),
        median(added[name].processor).toFixed(1),
        ((starts[name] - starts['no hooks']) / calls).toFixed(2),
        name === 'Breakerbox' ? targetText(`≤ ${mostAdded} ms`, time.middle <= mostAdded) : '',
      ]
    })
  const times = (more: Arrangement, less: Arrangement): Spread => ({
    ...middleHalf(ratios(bySession(more, usual[more]), bySession(less, usual[less]))),
    middle: timeOf(more, usual[more]).middle / timeOf(less, usual[less]).middle,
  })
  const saved = times('naive Node hook', 'Breakerbox')
  return {
    columns: ['hooks', 'model answers', 'ms added per call', 'processor ms per call', 'programs per call', 'target'],
    rows: [...rowsOf('after a pause', usual), ...rowsOf('at once', worst)],
    notes: [
      `A naive Node hook adds ${spreadText(saved, 1)} times what Breakerbox adds, where the model answers after a pause (${targetText(`≥ ${leastSaved}`, saved.middle >= leastSaved)}).`,
      `Breakerbox adds ${spreadText(times('Breakerbox', 'empty commands'), 2)} times what two commands add that do nothing.`,
      `A session of one call takes ${trimmedMean(short.Breakerbox.first).toFixed(0)} ms more with Breakerbox if it is the first of its project, and ${trimmedMean(short.Breakerbox.again).toFixed(0)} ms more if one has looked around within the hour.`,
      `${calls} calls a session, ${rounds} sessions of each (${fewer} where the model answers at once); means over all calls without the least and the greatest twentieth, in brackets the middle half of the sessions.`,
    ],
    bars: hooks.map((name) => ({ name, ...timeOf(name, usual[name]) })),
  }
}

/** What hooks add to one call, milliseconds. */
interface Added {
  /** For each session one value a turn. */
  readonly time: readonly (readonly number[])[]
  /** Processor time, one value a session. */
  readonly processor: readonly number[]
}

async function sideBySide(calls: number, rounds: number, rhythm: Rhythm): Promise<Record<Arrangement, Added>> {
  const played: Record<Arrangement, Turn[]>[] = []
  for (let round = 0; round < rounds; round += 1) played.push(await playedSideBySide(calls, rhythm))
  return ofEach((name) => {
    const more = (what: keyof Turn) =>
      played.map((turns) => {
        const valuesOf = (one: Arrangement) => turns[one].map((turn) => turn[what])
        return differences(valuesOf(name), valuesOf('no hooks'))
      })
    return { time: more('time'), processor: more('processor').map(mean) }
  })
}

/** Milliseconds per call, those of the processor included. */
interface Turn {
  readonly time: number
  readonly processor: number
}

/**
 * One session of each, all at the same time, and only one of them at work: a machine that gets slower or faster for some seconds does
 * so for all of them. The first turn of each is thrown away.
 */
async function playedSideBySide(calls: number, { together, pause }: Rhythm): Promise<Record<Arrangement, Turn[]>> {
  const projects = ofEach(() => createTempProject())
  try {
    const sessions = {} as Record<Arrangement, HeldSession>
    for (const name of names) {
      await arrangements[name](projects[name])
      // The first session of a project is not the usual one: hooks learn what is there.
      await shortSession(projects[name])
      sessions[name] = await holdSession(projects[name], calls)
    }
    const turns = await inTurn(
      calls / together - 1,
      ofEach((name) => () => playedTurn(sessions[name], together, pause)),
    )
    for (const name of names) await sessions[name].end()
    await sleep(settling)
    return turns
  } finally {
    for (const name of names) projects[name].remove()
  }
}

async function playedTurn(session: HeldSession, calls: number, pause: number): Promise<Turn> {
  let time = 0
  const processor = await processorSeconds(async () => {
    for (let n = 0; n < calls; n += 1) time += await session.call()
  }, pause)
  return { time: time / calls, processor: (processor * 1000) / calls }
}

/** What hooks add to a whole session of one call, milliseconds: to the first of its project, and to a later one. */
async function shortSessions(
  rounds: number,
): Promise<Record<Arrangement, { readonly first: readonly number[]; readonly again: readonly number[] }>> {
  const all = await inTurn(
    rounds,
    ofEach(
      (name) => () =>
        inProject(name, async (project) => ({
          first: await shortSession(project),
          again: await shortSession(project),
        })),
    ),
  )
  return ofEach((name) => {
    const more = (what: 'first' | 'again') => {
      const valuesOf = (one: Arrangement) => all[one].map((each) => each[what])
      return differences(valuesOf(name), valuesOf('no hooks'))
    }
    return { first: more('first'), again: more('again') }
  })
}

/** Milliseconds of a session of one call. What it leaves in the background has ended then: nobody begins the next one in that moment. */
async function shortSession(project: TempProject): Promise<number> {
  const startedAt = performance.now()
  const session = await holdSession(project, 1)
  await session.call()
  await session.end()
  const milliseconds = performance.now() - startedAt
  await sleep(settling)
  return milliseconds
}

const ofEach = <Value>(value: (name: Arrangement) => Value): Record<Arrangement, Value> =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Arrangement, Value>

/** Programs that a session starts. */
const startsOf = (name: Arrangement, calls: number): Promise<number> =>
  inProject(name, async (project) => {
    await shortSession(project)
    return countStarts(project, async (environment) => {
      const session = await holdSession(project, calls, environment)
      for (let n = 0; n < calls; n += 1) {
        await session.call()
        await sleep(callByCall.pause)
      }
      await session.end()
    })
  })

async function inProject<Value>(name: Arrangement, work: (project: TempProject) => Promise<Value>): Promise<Value> {
  const project = createTempProject()
  try {
    await arrangements[name](project)
    return await work(project)
  } finally {
    project.remove()
  }
}
