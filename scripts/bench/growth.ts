import { readFileSync, writeFileSync } from 'node:fs'
import { projectPaths } from '../../lib/config/paths.ts'
import { bashCall, postToolBatch } from '../../test/support/payloads.ts'
import { healthyTurn } from './healthy-work.ts'
import { inTurn } from './in-turn.ts'
import { installedProject, type MeasuredProject } from './measured-project.ts'
import type { Options, Part } from './part.ts'
import { memoryAfter, remember } from './remembered-calls.ts'
import { middleHalf, ratios, type Spread, spreadText, targetText } from './spread.ts'

/** How much there is already. */
interface Past {
  readonly calls: number
  /** Session files in the memory folder. */
  readonly sessions: number
  /** Size of the incident log, bytes. */
  readonly log: number
}

const pasts: readonly Past[] = [
  { calls: 10, sessions: 1, log: 10_000 },
  { calls: 1000, sessions: 100, log: 1_000_000 },
  { calls: 100_000, sessions: 1000, log: 5_000_000 },
]
/** One tool's output. */
interface Result {
  readonly bytes: number
  /** What each of its lines begins with. */
  readonly words: string
  /** Of what only has to be known: it has no target. */
  readonly name?: string
}

const words = 'line of a long result'
const results: readonly Result[] = [
  { bytes: 1000, words },
  { bytes: 1_000_000, words },
  { bytes: 10_000_000, words },
  {
    bytes: 10_000_000,
    words: '{"a":"b"}',
    name: 'a result of nothing but JSON, which is gone through quote by quote,',
  },
]

const session = 'growing'

/** Growth cannot be told from the machine's moods where the middle half of the ratios reaches down to 1. */
const wanted = 'none measurable'
const isNone = ({ low }: Spread): boolean => low <= 1

/** Whether a hook gets slower with what has piled up, and with the size of a result. */
export const growth: Part = {
  name: 'growth',
  title: 'Whether hooks get slower with the past, and with large results',
  async run(options) {
    return {
      columns: ['what grows', 'hook', 'ms', 'against the smallest', 'target'],
      rows: [...(await withThePast(options)), ...(await withResults(options))],
      notes: [
        'The first row of each kind is the smallest against itself, measured twice a round: that is how far two equal things differ here.',
      ],
    }
  },
}

async function withThePast({ quick }: Options): Promise<string[][]> {
  const projects: ProjectWithPast[] = []
  try {
    // the smallest twice
    for (const past of [pasts[0] as Past, ...pasts]) projects.push(await projectWith(past))
    const hooks = {
      gate: (project: MeasuredProject, n: number) =>
        project.timeNode(project.hook('circuit-breaker-gate'), healthyTurn({ project, session }, n).asked),
      monitor: (project: MeasuredProject, n: number) =>
        project.timeNode(project.hook('circuit-breaker-monitor'), healthyTurn({ project, session }, n).settled),
    }
    const rows: string[][] = []
    for (const [hook, start] of Object.entries(hooks)) {
      const works = projects.map((project) => (round: number) => {
        // as it was: a monitor takes in a call each time
        writeFileSync(project.file, project.remembered)
        return start(project, 1_000_000 + round)
      })
      const [floor = [], ...times] = Object.values(await inTurn(quick ? 5 : 61, Object.fromEntries(works.entries())))
      for (const [i, past] of pasts.entries()) {
        const name = `${past.calls.toLocaleString('en')} calls, ${past.sessions.toLocaleString('en')} sessions, a log of ${sizeText(past.log)}`
        rows.push(rowOf(name, hook, times[i] ?? [], ratios(times[i] ?? [], floor), i > 0))
      }
    }
    return rows
  } finally {
    for (const project of projects) project.remove()
  }
}

async function withResults({ quick }: Options): Promise<string[][]> {
  const project = await installedProject()
  try {
    const reader = project.script('reader.mjs', 'for await (const _ of process.stdin);\n')
    const monitor = project.hook('circuit-breaker-monitor')
    const scene = { project, session }
    const input = ({ bytes, words }: Result, round: number) => {
      const line = `${words}, ${round}\n`
      const output = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes)
      const call = bashCall(`make ${round}`, `toolu_${bytes}_${words.length}_${round}`)
      return JSON.stringify(postToolBatch(scene, [[call, output]]))
    }
    const works = [results[0] as Result, ...results].flatMap((result) => [
      (round: number) => project.timeNode(reader, input(result, round)),
      (round: number) => project.timeNode(monitor, input(result, round)),
    ])
    const times = Object.values(await inTurn(quick ? 5 : 61, Object.fromEntries(works.entries())))
    const overReader = (i: number) => ratios(times[2 * i + 1] ?? [], times[2 * i] ?? [])
    return results.map(({ bytes, name }, i) => {
      const against = ratios(overReader(i + 1), overReader(0))
      const what = `${name ?? 'a result'} of ${sizeText(bytes)}, over Node reading it to the end`
      return rowOf(what, 'monitor', times[2 * i + 3] ?? [], against, i > 0 && name === undefined)
    })
  } finally {
    project.remove()
  }
}

function rowOf(name: string, hook: string, times: readonly number[], against: readonly number[], hasTarget: boolean) {
  const spread = middleHalf(against)
  const target = hasTarget ? targetText(wanted, isNone(spread)) : ''
  return [name, hook, spreadText(middleHalf(times), 1), spreadText(spread), target]
}

interface ProjectWithPast extends MeasuredProject {
  /** The session's file, and its text. */
  readonly file: string
  readonly remembered: string
}

/** A project whose memory folder looks as after that past. */
async function projectWith(past: Past): Promise<ProjectWithPast> {
  const project = await installedProject()
  const file = await remember({ project }, memoryAfter({ project, session }, past.calls))
  const remembered = readFileSync(file, 'utf8')
  for (let n = 1; n < past.sessions; n += 1) {
    const other = `other-${n}`
    writeFileSync(file.replace(session, other), remembered.replace(`"${session}"`, `"${other}"`))
  }
  const incident = `${JSON.stringify({ at: new Date().toISOString(), kind: 'warning', session, reason: 'x'.repeat(250) })}\n`
  writeFileSync(projectPaths(project.folder, {}).incidents, incident.repeat(Math.ceil(past.log / incident.length)))
  return { ...project, file, remembered }
}

const sizeText = (bytes: number): string => (bytes < 1_000_000 ? `${bytes / 1000} kB` : `${bytes / 1_000_000} MB`)
