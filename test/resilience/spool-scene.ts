import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Deliver, ServiceEvent } from '../../lib/resilience/contracts.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'

/** Events, and a service that keeps a book of what it was sent and of what was committed; for tests of the spool. */

export const eventOf = (key: string, n: number, body: unknown = { n }): ServiceEvent => ({
  id: `${key}:${n}`,
  key,
  at: '2026-01-02T03:04:05.000Z',
  route: 'patterns',
  kind: 'pattern_created',
  body,
})

/** The system of this machine so many milliseconds later; what waits for time waits no time. */
export const later = (milliseconds: number, system: System = nodeSystem()): System => ({
  ...system,
  clock: () => Date.now() + milliseconds,
})

/** Lines `sent <id>` and `committed <id>` in a file, each batch in one append: many processes may write it. */
export interface Book {
  readonly deliver: Deliver
  /** For `onProgress`, which is called when a batch is committed. */
  readonly committed: () => void
}

export function openBook(path: string): Book {
  let batch: readonly string[] = []
  const write = (word: string) => appendFileSync(path, batch.map((id) => `${word} ${id}\n`).join(''))
  return {
    async deliver(events) {
      batch = events.map(({ id }) => id)
      write('sent')
      return batch.map((id) => ({ id, kind: 'accepted' }))
    },
    committed: () => write('committed'),
  }
}

export interface Audit {
  /** Ids in the order of their first arrival. */
  readonly arrived: readonly string[]
  /** Deliveries of an id beyond its first. */
  readonly repeated: number
  /** Ids that were sent again although an acknowledgement was committed. Must be empty. */
  readonly again: readonly string[]
  /** Ids whose first arrival was before that of an earlier one of their key. Must be empty. */
  readonly disordered: readonly string[]
}

export function audit(path: string): Audit {
  const arrived = new Set<string>()
  const committed = new Set<string>()
  const again: string[] = []
  const disordered: string[] = []
  const last = new Map<string, number>()
  let repeated = 0
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  for (const line of lines) {
    const [word, id = ''] = line.split(' ')
    if (word === 'committed') committed.add(id)
    if (word !== 'sent') continue
    if (committed.has(id)) again.push(id)
    if (arrived.has(id)) repeated += 1
    else {
      const [key = '', n] = id.split(':')
      if (Number(n) < (last.get(key) ?? -1)) disordered.push(id)
      last.set(key, Number(n))
      arrived.add(id)
    }
  }
  return { arrived: [...arrived], repeated, again, disordered }
}
