/**
 * One process of the tests with real processes. Bundled by `processes.ts`; its one argument is a `WorkerTask` as JSON.
 */
import { appendFileSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from '../../lib/store/file-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Files, System } from '../../lib/system/system.ts'
import { enter, ledger } from '../store/ledger.ts'
import { insideUpdate, naiveUpdate } from './naive-store.ts'
import type { WorkerTask } from './processes.ts'

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask
const system = nodeSystem()

switch (task.kind) {
  case 'write':
    await write(task)
    break
  case 'read':
    await read(task)
    break
  case 'suspend':
    await suspend(task)
    break
  default:
    task satisfies never
}

async function write(task: WorkerTask & { kind: 'write' }): Promise<void> {
  const { keys, writer, updates, journal } = task
  const { waitMilliseconds, staleMilliseconds = 2000 } = task
  const store = fileStore(system, task.root, { waitMilliseconds, staleMilliseconds })
  // Tells the test that from now on a kill hits an update, not the start of Node.
  if (journal !== undefined) writeSync(2, 'started')
  const waits: number[] = []
  let busy = 0
  for (let n = 0; n < updates; n += 1) {
    const before = performance.now()
    const result = await store.update(ledger(keys[n % keys.length]), enter(`${writer}:${n}`))
    waits.push(performance.now() - before)
    if (result.kind === 'busy') busy += 1
    // The journal is what the process was told; what it was told must be there afterwards, killed or not.
    else if (journal !== undefined) appendFileSync(journal, `${writer}:${n}\n`)
  }
  process.stdout.write(JSON.stringify({ busy, waits }))
}

async function read({ root, key, until }: WorkerTask & { kind: 'read' }): Promise<void> {
  const store = fileStore(system, root)
  const path = join(root, `${key}.json`)
  let reads = 0
  let torn = 0
  let backwards = 0
  let last = 0
  while (system.files.facts(until) === undefined) {
    const { document, damage } = await store.read(ledger(key))
    if (damage !== undefined) torn += 1
    if (document.entries.length < last) backwards += 1
    last = document.entries.length
    if (system.files.facts(path) !== undefined) {
      try {
        JSON.parse(readFileSync(path, 'utf8'))
      } catch {
        torn += 1
      }
    }
    reads += 1
    if (reads % 8 === 0) await system.sleep(1)
  }
  process.stdout.write(JSON.stringify({ reads, torn, backwards }))
}

async function suspend({ root, key, writer, before, lock }: WorkerTask & { kind: 'suspend' }): Promise<void> {
  const stopping: System = { ...system, files: stopsBefore(system.files, new RegExp(before)) }
  if (lock === 'look then rename') await naiveUpdate(stopping, root, key, enter(writer))
  else if (lock === 'file inside') await insideUpdate(stopping, root, key, enter(writer))
  else {
    // A budget that outlasts the suspension, which counts as waiting: this is about losing updates, not about `busy`.
    const store = fileStore(stopping, root, { waitMilliseconds: 20_000 })
    process.stdout.write(JSON.stringify(await store.update(ledger(key), enter(writer))))
  }
}

/** Files that suspend this process once, before the first operation that matches: `rename /from /to`. */
function stopsBefore(inner: Files, pattern: RegExp): Files {
  let stopped = false
  return new Proxy(inner, {
    get(target, name: keyof Files & string) {
      const operation = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]): unknown => {
        if (!stopped && pattern.test(`${name} ${args.filter((arg) => typeof arg === 'string').join(' ')}`)) {
          stopped = true
          process.kill(process.pid, 'SIGSTOP')
        }
        return operation.apply(target, args)
      }
    },
  })
}
