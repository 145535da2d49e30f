/** One process of the tests of the spool. Its one argument is a `SpoolTask` as JSON. */
import { appendFileSync } from 'node:fs'
import { openEventSpool } from '../../../lib/resilience/event-spool.ts'
import { createExecutor } from '../../../lib/resilience/executor.ts'
import { flushInBackground } from '../../../lib/resilience/flusher.ts'
import { nodeSystem } from '../../../lib/system/node-system.ts'
import { eventOf, openBook } from '../spool-scene.ts'

export type SpoolTask =
  /** Adds events of one key, numbered, and notes each id that it was told is safe. */
  | {
      readonly kind: 'add'
      readonly folder: string
      readonly key: string
      readonly count: number
      readonly safe: string
    }
  /** Hands events to the executor, which starts `flusher` with the words of this program. */
  | {
      readonly kind: 'hand'
      readonly folder: string
      readonly key: string
      readonly count: number
      readonly book: string
    }
  | {
      readonly kind: 'flush'
      readonly folder: string
      readonly book: string
      readonly batchSize: number
      readonly maxBytes?: number
      /** How long the service takes for a batch, milliseconds. */
      readonly delay?: number
    }
  | { readonly kind: 'background'; readonly folder: string; readonly book: string; readonly idleSeconds: number }

const task = JSON.parse(process.argv[2] ?? '') as SpoolTask
const system = nodeSystem()

switch (task.kind) {
  case 'add': {
    const spool = openEventSpool(system, task.folder)
    for (let n = 0; n < task.count; n += 1) {
      const event = eventOf(task.key, n)
      spool.add(event)
      appendFileSync(task.safe, `${event.id}\n`)
      if (n % 5 === 0) await system.sleep(1)
    }
    break
  }
  case 'hand': {
    const background: SpoolTask = { kind: 'background', folder: task.folder, book: task.book, idleSeconds: 2 }
    const words = [process.argv[1] ?? '', JSON.stringify(background)]
    const executor = createExecutor(system, task.folder, { flusher: { program: process.execPath, words } })
    const before = performance.now()
    for (let n = 0; n < task.count; n += 1) executor.hand(eventOf(task.key, n))
    const milliseconds = performance.now() - before
    process.stdout.write(JSON.stringify({ ...executor.counts(), milliseconds }))
    break
  }
  case 'flush': {
    const { folder, batchSize, maxBytes, delay = 0 } = task
    const { deliver, committed } = openBook(task.book)
    const spool = openEventSpool(system, folder, maxBytes === undefined ? {} : { maxBytes })
    const slow: typeof deliver = async (events) => {
      const receipts = await deliver(events)
      if (delay > 0) await system.sleep(delay)
      return receipts
    }
    process.stdout.write(JSON.stringify(await spool.flush(slow, { batchSize, onProgress: committed })))
    break
  }
  case 'background': {
    const { deliver } = openBook(task.book)
    const spool = openEventSpool(system, task.folder)
    process.stdout.write(
      JSON.stringify(await flushInBackground(system, spool, deliver, { idleSeconds: task.idleSeconds })),
    )
    break
  }
  default:
    task satisfies never
}
