import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../../test/support/built-hook.ts'
import { runClient } from '../../test/support/client.ts'
import { ensureClient } from '../../test/support/client-copy.ts'
import { bash, type Step, say, startFakeModel } from '../../test/support/fake-model.ts'
import { createTempProject, type TempProject } from '../../test/support/temp-project.ts'
import { countStarts, settling } from './counted-starts.ts'
import { inTurn } from './in-turn.ts'
import { install } from './measured-project.ts'
import { type Options, type Part, type Table, Unavailable } from './part.ts'
import { processorSeconds } from './processor-time.ts'
import { median, middleHalf, type Spread, spreadText, targetText } from './spread.ts'

/** Milliseconds that the model takes for an answer. Real ones take longer; an instant one leaves no time for the background. */
const thinking = 150
/** Added milliseconds per call that are wanted at most. */
const mostAdded = 10
/** How much less than the naive hook that is wanted at least. */
const leastSaved = 8

/** What the hooks of an arrangement add, milliseconds; one value a round. */
interface Added {
  /** Per call. */
  readonly time: readonly number[]
  /** The same of processor time. */
  readonly processor: readonly number[]
  /** To a whole session of one call, the first of its project. */
  readonly first: readonly number[]
  /** The same for a later one. */
  readonly again: readonly number[]
}

const arrangements = {
  'no hooks': async () => {},
  Breakerbox: install,
  'naive Node hook': async (project: TempProject) => {
    project.write(
      '.claude/hook.mjs',
      "let text = ''\nfor await (const chunk of process.stdin) text += chunk\nJSON.parse(text)\n",
    )
    onBothEvents(project, 'node "$CLAUDE_PROJECT_DIR"/.claude/hook.mjs')
  },
  'Python hook': async (project: TempProject) => {
    project.write('.claude/hook.py', 'import json, sys\njson.load(sys.stdin)\n')
    onBothEvents(project, 'python3 "$CLAUDE_PROJECT_DIR"/.claude/hook.py')
  },
}
type Arrangement = keyof typeof arrangements
const names = Object.keys(arrangements) as Arrangement[]

function onBothEvents(project: TempProject, command: string): void {
  const entry = [{ matcher: '*', hooks: [{ type: 'command', command }] }]
  project.write('.claude/settings.json', { hooks: { PreToolUse: entry, PostToolUse: entry } })
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
  const calls = quick ? 8 : 60
  // Two equal sessions differ by more than what is to be told apart.
  const rounds = quick ? 1 : 15
  const fewer = quick ? 1 : 9
  const starts = {} as Record<Arrangement, number>
  for (const name of names) starts[name] = await startsOf(name, calls)
  const slow = await addedBy(calls, rounds, thinking)
  const instant = await addedBy(calls, fewer, 0)
  const rowsOf = (model: string, added: Record<Arrangement, Added>) =>
    names
      .filter((name) => name !== 'no hooks')
      .map((name) => {
        const { time, processor } = added[name]
        return [
          name,
          model,
          spreadText(middleHalf(time), 1),
          median(processor).toFixed(1),
          ((starts[name] - starts['no hooks']) / calls).toFixed(2),
          name === 'Breakerbox' ? targetText(`≤ ${mostAdded} ms`, median(time) <= mostAdded) : '',
        ]
      })
  const saved = median(slow['naive Node hook'].time) / median(slow.Breakerbox.time)
  return {
    columns: ['hooks', 'model answers', 'ms added per call', 'processor ms per call', 'programs per call', 'target'],
    rows: [...rowsOf(`after ${thinking} ms`, slow), ...rowsOf('at once', instant)],
    notes: [
      `A naive Node hook adds ${saved.toFixed(1)} times what Breakerbox adds, where the model takes ${thinking} ms (${targetText(`≥ ${leastSaved}`, saved >= leastSaved)}).`,
      `A session of one call takes ${median(slow.Breakerbox.first).toFixed(0)} ms more with Breakerbox if it is the first of its project, and ${median(slow.Breakerbox.again).toFixed(0)} ms more if one has looked around within the hour.`,
      `${calls} calls a session, ${rounds} sessions of each in turn (${fewer} where the model answers at once), after one that is thrown away; medians, the middle half in brackets.`,
    ],
    bars: names
      .filter((name) => name !== 'no hooks')
      .map((name) => ({ name, ...(middleHalf(slow[name].time) satisfies Spread) })),
  }
}

async function addedBy(calls: number, rounds: number, delay: number): Promise<Record<Arrangement, Added>> {
  const all = await inTurn(
    rounds,
    ofEach((name) => () => session(name, calls, delay)),
  )
  const added = (name: Arrangement, what: keyof Session) =>
    all[name].map((each, round) => each[what] - (all['no hooks'][round]?.[what] ?? Number.NaN))
  const perCall = (name: Arrangement, what: keyof Session) => added(name, what).map((each) => each / calls)
  return ofEach((name) => ({
    time: perCall(name, 'time'),
    processor: perCall(name, 'processor'),
    first: added(name, 'first'),
    again: added(name, 'again'),
  }))
}

const ofEach = <Value>(value: (name: Arrangement) => Value): Record<Arrangement, Value> =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Arrangement, Value>

/** One whole session, and two short ones around it, milliseconds. */
interface Session {
  readonly time: number
  readonly processor: number
  readonly first: number
  readonly again: number
}

async function session(name: Arrangement, calls: number, delay: number): Promise<Session> {
  return inProject(name, async (project) => {
    const first = await short(project)
    await settled()
    let time = 0
    const processor = await processorSeconds(async () => {
      time = await run(project, calls, delay)
      await settled()
    })
    const again = await short(project)
    await settled()
    return { time, processor: processor * 1000, first, again }
  })
}

/**
 * What a session leaves running in the background comes to its end. Nobody begins the next one in that moment, and its processor time
 * belongs to the session.
 */
const settled = (): Promise<void> => sleep(settling)

/** The first session of a project is not the usual one: hooks learn what is there. */
const short = (project: TempProject): Promise<number> => run(project, 1, 0)

/** Programs that a session starts. */
const startsOf = (name: Arrangement, calls: number): Promise<number> =>
  inProject(name, async (project) => {
    await short(project)
    return countStarts(project, (environment) => run(project, calls, thinking, environment))
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

/** Milliseconds from the client's start to its end. */
async function run(
  project: TempProject,
  calls: number,
  delay: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  // different commands, as healthy work has
  const script = Array.from({ length: calls }, (_, i): Step => answered(delay, bash(`true ${i}`)))
  const model = await startFakeModel([...script, answered(delay, say('done'))])
  try {
    const startedAt = performance.now()
    const allowed = { allowedTools: ['Bash'], timeoutSeconds: 300 }
    const { result } = await runClient({ project, model, prompt: 'go', environment, ...allowed })
    const milliseconds = performance.now() - startedAt
    if (result.result !== 'done') throw new Error(`the run ended early: ${JSON.stringify(result).slice(0, 400)}`)
    return milliseconds
  } finally {
    await model.close()
  }
}

const answered = (delayMilliseconds: number, block: ReturnType<typeof say>): Step => ({
  delayMilliseconds,
  blocks: [block],
})
