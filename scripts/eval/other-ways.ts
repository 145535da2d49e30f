import type { LoggedCall, LoggedSession } from '../../lib/replay/call-log.ts'
import type { CaughtLoop, Evaluation, LoopLabel } from '../../lib/replay/evaluation.ts'
import { loopPatterns } from '../../lib/replay/evaluation-text.ts'
import { isHard, isOf } from './loops.ts'

/**
 * Simpler ways to stop a loop, played on the same recordings. Each is as people describe it, in its most usual form; none of them
 * looks at a result.
 */
interface OtherWay {
  readonly name: string
  /** Places, counted over the session's calls, at which it would stop the agent. */
  readonly stops: (calls: readonly LoggedCall[]) => readonly number[]
}

interface Played {
  readonly name: string
  /** Sessions of Claude Code that were stopped outside a labelled loop. */
  readonly stopped: number
  /** How many calls each loop had made when it was stopped, the first being 1; `Infinity` where it was not. */
  readonly callsIn: readonly number[]
}

const ofOneAgent = (calls: readonly LoggedCall[], place: number): LoggedCall[] => {
  const { agent } = calls[place] as LoggedCall
  return calls.slice(0, place + 1).filter((call) => call.agent === agent)
}
const places = (calls: readonly LoggedCall[], isStop: (place: number) => boolean): number[] =>
  calls.flatMap((_, place) => (isStop(place) ? [place] : []))

/** `--max-turns N`: turns of one prompt. */
const mostTurns = (most: number): OtherWay => ({
  name: `a cap of ${most} turns per prompt, as \`--max-turns ${most}\``,
  stops: (calls) =>
    places(calls, (place) => {
      const { prompt } = calls[place] as LoggedCall
      const turns = new Set(ofOneAgent(calls, place).flatMap((call) => (call.prompt === prompt ? [call.turn] : [])))
      return turns.size > most
    }),
})

const failingTool = (failures: number, turns: number): OtherWay => ({
  name: `one tool fails ${failures} times in ${turns} turns`,
  stops: (calls) =>
    places(calls, (place) => {
      const { failed, tool, turn } = calls[place] as LoggedCall
      const recent = ofOneAgent(calls, place).filter((call) => call.tool === tool && call.turn > turn - turns)
      return failed && recent.filter((call) => call.failed).length >= failures
    }),
})

const callsOfTool = (most: number): OtherWay => ({
  name: `one tool is called more than ${most} times under one prompt`,
  stops: (calls) =>
    places(calls, (place) => {
      const { tool, prompt } = calls[place] as LoggedCall
      return ofOneAgent(calls, place).filter((call) => call.tool === tool && call.prompt === prompt).length > most
    }),
})

const sameCall = (times: number): OtherWay => ({
  name: `the same call ${times} times, whatever it answers`,
  stops: (calls) =>
    places(calls, (place) => {
      const key = keyOf(calls[place] as LoggedCall)
      return ofOneAgent(calls, place).filter((call) => keyOf(call) === key).length >= times
    }),
})

const keyOf = ({ tool, input, input_sha }: LoggedCall): string => `${tool} ${input_sha ?? JSON.stringify(input)}`

const otherWays: readonly OtherWay[] = [
  mostTurns(50),
  mostTurns(100),
  callsOfTool(10),
  failingTool(3, 5),
  sameCall(3),
  sameCall(5),
]

const isClient = (source: string): boolean => source.startsWith('claude-code')

function play({ name, stops }: OtherWay, sessions: readonly LoggedSession[], labels: readonly LoopLabel[]): Played {
  const places = new Map(sessions.map((session) => [session, stops(session.calls)]))
  const stopped = sessions.filter((session) => {
    const loops = labels.filter((label) => isOf(label)(session))
    const isOutside = (place: number) => !loops.some(({ start, end }) => place >= start && place <= end + 2)
    return isClient(session.source) && places.get(session)?.some(isOutside)
  })
  const callsIn = labels.filter(isHard).map((label) => {
    const session = sessions.find(isOf(label))
    const isInside = (place: number) =>
      place >= label.start && place <= label.end && session?.calls[place]?.agent === label.agent
    const place = session && places.get(session)?.find(isInside)
    return place === undefined ? Number.POSITIVE_INFINITY : place - label.start + 1
  })
  return { name, stopped: stopped.length, callsIn }
}

/** The loop patterns of Breakerbox, as they were evaluated. */
function ours({ outside, loops }: Evaluation): Played {
  const isOfLoop = ({ trip }: Evaluation['outside'][number]) => loopPatterns.includes(trip.pattern)
  const touched = outside.filter((alarm) => isClient(alarm.session.source) && isOfLoop(alarm))
  return {
    name: 'Breakerbox',
    stopped: new Set(touched.map(({ session }) => session.session)).size,
    callsIn: loops
      .filter(({ label }) => isHard(label))
      .map(({ callsIn = Number.POSITIVE_INFINITY }: CaughtLoop) => callsIn),
  }
}

/** A table in Markdown: what each way does to the sessions of Claude Code, and to the loops. */
export function otherWaysText(
  sessions: readonly LoggedSession[],
  labels: readonly LoopLabel[],
  evaluation: Evaluation,
): string[] {
  const clients = sessions.filter(({ source }) => isClient(source)).length
  const rows = [...otherWays.map((way) => play(way, sessions, labels)), ours(evaluation)]
  return [
    `| way | sessions stopped, of ${clients} | loops stopped, of ${labels.filter(isHard).length} | calls into the loop, median |`,
    '| --- | --- | --- | --- |',
    ...rows.map(({ name, stopped, callsIn }) => {
      const middle = [...callsIn].sort((a, b) => a - b)[Math.floor((callsIn.length - 1) / 2)] ?? Number.NaN
      const share = ((stopped / clients) * 100).toFixed(1)
      const caught = callsIn.filter((calls) => Number.isFinite(calls)).length
      return `| ${name} | ${stopped} (${share} %) | ${caught} | ${Number.isFinite(middle) ? middle : 'not stopped'} |`
    }),
  ]
}
