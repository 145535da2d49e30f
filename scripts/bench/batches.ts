import { defaultConfig } from '../../lib/config/load.ts'
import { bashCall } from '../../test/support/payloads.ts'
import { createTempProject } from '../../test/support/temp-project.ts'
import { SpooledSession, type SpoolRule } from '../spooled-session.ts'
import { engineEvent, healthyTurn, type Turn, turnOf } from './healthy-work.ts'
import { installedProject } from './measured-project.ts'
import type { Part } from './part.ts'
import { childSeconds } from './processor-time.ts'
import { median } from './spread.ts'

/** The choices: so many batches gather before Node takes them in. */
const choices = [1, 2, 3, 4, 5, 6, 7, 8]
/** Calls that a loop of successes goes round. */
const periods = [1, 2, 3]
/** Longer than any loop goes on. */
const mostCalls = 200

type Rule = Pick<SpoolRule, 'gather' | 'watchStreaks'>

/** What it saves to let batches gather, and how much later a loop of successes is stopped for it. */
export const batches: Part = {
  name: 'batches',
  title: 'How many batches may gather',
  async run({ quick }) {
    const cost = await processorOfDrain(quick ? 5 : 41)
    const base = loops(1).map((loop) => callsUntilRefused(loop, { gather: 1, watchStreaks: false }, false))
    const later = (rule: Rule) => {
      const calls = loops(rule.gather).map((loop) => {
        const once = base[periods.indexOf(loop.period)] ?? Number.NaN
        return callsUntilRefused(loop, rule, true) - once
      })
      return `${median(calls)}, ${Math.max(...calls)}`
    }
    return {
      columns: [
        'batches that gather',
        'Node starts per call',
        'processor ms saved per call',
        'calls later (median, worst)',
        'calls later, where each batch is taken in once a streak has begun (median, worst)',
      ],
      rows: choices.map((gather) => [
        String(gather),
        (1 / gather).toFixed(2),
        ((1 - 1 / gather) * cost).toFixed(1),
        later({ gather, watchStreaks: false }),
        later({ gather, watchStreaks: true }),
      ]),
      notes: [
        `One start of the monitor that takes in a batch costs ${cost.toFixed(0)} ms of processor time here. The loops are simulated, exactly and with the engine itself: of period ${periods.join(', ')}, begun at each number of batches that may wait already.`,
      ],
    }
  },
}

interface Loop {
  readonly period: number
  /** Batches of healthy work that wait already when it begins. */
  readonly phase: number
}

const loops = (gather: number): Loop[] =>
  periods.flatMap((period) => Array.from({ length: gather }, (_, phase) => ({ period, phase })))

/** Calls of the loop until one of them is refused, that one included. One call a turn, a second each. */
function callsUntilRefused({ period, phase }: Loop, rule: Rule, inBackground: boolean): number {
  const scene = { project: createTempProject() }
  scene.project.remove()
  const session = new SpooledSession('session', defaultConfig(), { ...rule, inBackground })
  let at = Date.parse('2026-01-01T12:00:00Z')
  /** Whether the call of a turn was refused. */
  const play = ({ asked, settled, batch }: Turn): boolean => {
    at += 1000
    return [asked, settled, batch].some((payload) => session.play({ event: engineEvent(payload), at }) === 'refused')
  }
  // two rounds of the spool first, so that the session is under way
  for (let n = 0; n < 2 * rule.gather + phase; n += 1) play(healthyTurn(scene, n))
  for (let n = 1; n <= mostCalls; n += 1) {
    const call = bashCall(`curl-status ${n % period}`, `toolu_loop_${n}`)
    if (play(turnOf(scene, call, `state ${n % period}`))) return n
  }
  throw new Error(`a loop of period ${period} is never stopped`)
}

/** Milliseconds of processor time of one start of the monitor that takes in one batch; NaN where it cannot be known. */
async function processorOfDrain(starts: number): Promise<number> {
  const project = await installedProject()
  try {
    const monitor = project.hook('circuit-breaker-monitor')
    const before = childSeconds()
    for (let n = 0; n < starts; n += 1) project.timeNode(monitor, healthyTurn({ project }, n).batch)
    return ((childSeconds() - before) * 1000) / starts
  } finally {
    project.remove()
  }
}
