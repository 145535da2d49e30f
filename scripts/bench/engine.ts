import { createHash } from 'node:crypto'
import { defaultConfig } from '../../lib/config/load.ts'
import { mostEntries, type SessionMemory } from '../../lib/engine/memory.ts'
import { step } from '../../lib/engine/step.ts'
import { streakOf } from '../../lib/engine/streak.ts'
import { createTempProject } from '../../test/support/temp-project.ts'
import { engineEvent, healthyTurn, type Turn } from './healthy-work.ts'
import { inTurn } from './in-turn.ts'
import type { Part } from './part.ts'
import { fullMemory, memoryAfter } from './remembered-calls.ts'
import { median, middleHalf, ratios, spreadText } from './spread.ts'

/** How many calls a second go from the text that hooks read to a verdict, in one process. */
export const engine: Part = {
  name: 'engine',
  title: 'Calls per second in one process',
  async run({ quick }) {
    const config = defaultConfig()
    const calls = quick ? 200 : 2000
    const scene = { project: createTempProject() }
    scene.project.remove()
    // the times of the events only have to be in order
    const at = Date.now()
    const after = (memory: SessionMemory, turn: Turn): SessionMemory =>
      [turn.asked, turn.settled, turn.batch].reduce<SessionMemory>(
        (before, payload) => step(before, [], engineEvent(payload), config, at).memory,
        memory,
      )
    const few = memoryAfter(scene, 10)
    const many = fullMemory(scene)
    const texts = Array.from({ length: calls }, (_, n) => {
      const { asked, settled, batch } = healthyTurn(scene, 1_000_000 + n)
      return [asked, settled, batch].map((payload) => JSON.stringify(payload))
    })
    const each = (work: (texts: readonly string[]) => void) => () => {
      const startedAt = performance.now()
      for (const three of texts) work(three)
      return performance.now() - startedAt
    }
    const turnOf = ([asked = '', settled = '', batch = '']: readonly string[]): Turn => ({
      asked: JSON.parse(asked),
      settled: JSON.parse(settled),
      batch: JSON.parse(batch),
    })
    const times = await inTurn(quick ? 3 : 15, {
      floor: each((three) => {
        for (const text of three)
          createHash('sha256')
            .update(JSON.stringify(JSON.parse(text)))
            .digest('hex')
      }),
      few: each((three) => after(few, turnOf(three))),
      many: each((three) => after(many, turnOf(three))),
      near: each((three) => streakOf(after(many, turnOf(three)), config)),
    })
    const row = (name: string, which: keyof typeof times) => [
      name,
      Math.round(calls / (median(times[which]) / 1000)).toLocaleString('en'),
      spreadText(middleHalf(ratios(times[which], times.floor))),
    ]
    return {
      columns: ['work', 'calls per second', 'times the floor'],
      rows: [
        row('floor: parse, write and hash (SHA-256) the three payloads', 'floor'),
        row('engine, 10 entries in the windows', 'few'),
        row(`engine, ${mostEntries} entries, which is the most`, 'many'),
        row(`the same, and how far a streak has come`, 'near'),
      ],
    }
  },
}
