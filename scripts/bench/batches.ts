import { defaultConfig } from '../../lib/config/load.ts'
import { emptyMemory } from '../../lib/engine/memory.ts'
import { bashCall } from '../../test/support/payloads.ts'
import { createTempProject } from '../../test/support/temp-project.ts'
import { healthyTurn, turnOf } from './healthy-work.ts'
import { installedProject } from './measured-project.ts'
import type { Part } from './part.ts'
import { childSeconds } from './processor-time.ts'
import { SpooledSession } from './spooled-session.ts'
import { median } from './spread.ts'

/** The choices: so many batches gather before Node takes them in. */
const choices = [1, 2, 3, 4, 5, 6, 7, 8]
/** Calls that a loop of successes goes round. */
const periods = [1, 2, 3]
/** Longer than any loop goes on. */
const mostCalls = 200

/** What it saves to let batches gather, and how much later a loop of successes is stopped for it. */
export const batches: Part = {
  name: 'batches',
  title: 'How many batches may gather',
  async run({ quick }) {
    const cost = await processorOfDrain(quick ? 5 : 41)
    const base = loops(1).map((loop) => callsUntilRefused(loop, { gather: 1, inBackground: false }))
    const later = (gather: number, inBackground: boolean) => {
      const phases = loops(gather)
      const calls = phases.map((loop) => {
        const once = base[periods.indexOf(loop.period)] ?? Number.NaN
        return callsUntilRefused(loop, { gather, inBackground }) - once
      })
      return `${median(calls)}, ${Math.max(...calls)}`
    }
    return {
      columns: [
        'batches that gather',
        'Node starts per call',
        'processor ms saved per call',
        'calls later, taken in at once (median, worst)',
        'calls later, taken in in the background (median, worst)',
      ],
      rows: choices.map((gather) => [
        String(gather),
        (1 / gather).toFixed(2),
        ((1 - 1 / gather) * cost).toFixed(1),
        later(gather, false),
        later(gather, true),
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

/** Calls of the loop until one of them is refused, that one included. */
function callsUntilRefused({ period, phase }: Loop, rule: { gather: number; inBackground: boolean }): number {
  const scene = { project: createTempProject() }
  scene.project.remove()
  const session = new SpooledSession(emptyMemory('session'), defaultConfig(), rule)
  // two rounds of the spool first, so that the session is under way
  for (let n = 0; n < 2 * rule.gather + phase; n += 1) session.play(healthyTurn(scene, n))
  for (let n = 1; n <= mostCalls; n += 1) {
    const call = bashCall(`curl-status ${n % period}`, `toolu_loop_${n}`)
    if (session.play(turnOf(scene, call, `state ${n % period}`)) === 'refused') return n
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
