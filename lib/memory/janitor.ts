import type { ProjectPaths } from '../config/paths.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import { nodeStreams } from '../system/node-streams.ts'
import type { System } from '../system/system.ts'
import { glance, type JanitorOptions, openRound } from './glance.ts'
import { folderOf, packedEnding, sessionArchiveFolder } from './names.ts'
import { absolute, type Packed, packAll, setAside, type Workshop } from './packing.ts'
import type { Action, MemoryLimits } from './plan.ts'
import type { CleanupRecord, JanitorReport } from './report.ts'
import { takeRunLock } from './run-lock.ts'
import { settleCut, shorten } from './truncation.ts'

/** Milliseconds to wait, once in a run, for a log whose last line was written only just now. */
const waitForQuiet = 300

/**
 * Brings a project's memory folder inside its limits: looks, plans, acts, stops when the time is used up. Never throws for
 * what the disk or another program does; the report says what could not be done and why.
 */
export async function runJanitor(
  system: System,
  paths: Pick<ProjectPaths, 'memory'>,
  limits: MemoryLimits,
  options: JanitorOptions,
): Promise<JanitorReport> {
  const streams = options.streams ?? nodeStreams()
  const { goOn, budget, nothing, look, plannedFor } = openRound(system, paths, limits, { ...options, streams })
  const found = await glance(system, paths, limits, { ...options, streams })
  if ('over' in found) return found.over
  const { due: before } = found
  const shop = { system, streams, root: paths.memory, goOn }
  try {
    const lock = takeRunLock(system, shop.root, budget)
    const sizes = { bytesBefore: before.totalBytes, bytesAfter: before.totalBytes }
    if (lock === undefined) return { ...nothing, ...sizes, kind: 'busy', unfinished: true }
    try {
      const run = new Run(shop, limits)
      // What was seen before the lock was had may have been done by another janitor meanwhile.
      const saving = plannedFor(await look()).filter(({ kind }) => kind !== 'prune-archive')
      await run.save(saving)
      // Deletions are decided on the real sizes of what was packed.
      const afterSaving = saving.length > 0 ? await look() : before
      run.prune(plannedFor(afterSaving).filter(({ kind }) => kind === 'prune-archive'))
      const { records, unfinished } = run
      return { ...nothing, ...sizes, kind: 'worked', records, unfinished, bytesAfter: (await look()).totalBytes }
    } finally {
      lock.release()
    }
  } catch (error) {
    return { kind: 'unusable', problem: causeLine(error), ...nothing }
  }
}

class Run {
  readonly records: CleanupRecord[] = []
  unfinished = false
  readonly #shop: Workshop
  readonly #limits: MemoryLimits

  constructor(shop: Workshop, limits: MemoryLimits) {
    this.#shop = shop
    this.#limits = limits
  }

  /** Everything that keeps data, and the removal of what nobody needs. */
  async save(actions: readonly Action[]): Promise<void> {
    const { system, goOn } = this.#shop
    const toPack = new Map<string, Action>()
    for (const [at, action] of actions.entries()) {
      // At least one step is taken, so that a slow disk cannot keep the janitor from ever coming to an end.
      if (at > 0 && !goOn()) {
        this.unfinished = true
        break
      }
      await this.#attempt(action, async () => {
        switch (action.kind) {
          case 'finish':
            if (action.path.startsWith(`${sessionArchiveFolder}/`) && /\.cut-\d+-\d+$/.test(action.path)) {
              const kept = (await settleCut(this.#shop, action.path, this.#limits)) === 'kept'
              return this.#done(action, action.bytes, kept ? action.archive : undefined)
            }
            toPack.set(action.path, action)
            return
          case 'rotate':
          case 'archive-damaged':
            if (setAside(this.#shop, action.path, action.archive)) toPack.set(action.archive, action)
            else this.#left(action, 'the name of its archive is taken')
            return
          case 'archive-session':
            if (this.#isUntouched(action)) {
              if (setAside(this.#shop, action.path, action.archive)) toPack.set(action.archive, action)
              else this.#left(action, 'the name of its archive is taken')
            } else this.#left(action, 'another program is writing to it')
            return
          case 'truncate': {
            const result = await shorten(this.#shop, action)
            if (result.kind === 'shortened') this.#done(action, result.bytesAfter, action.cuts[0]?.archive)
            else this.#left(action, result.because)
            return
          }
          case 'remove-window':
          case 'sweep':
            system.files.remove(absolute(this.#shop, action.path))
            return this.#done(action, 0)
          case 'prune-archive':
            return
          default:
            action satisfies never
        }
      })
    }
    await this.#pack(toPack)
  }

  prune(actions: readonly Action[]): void {
    const { files } = this.#shop.system
    for (const action of actions) {
      try {
        files.remove(absolute(this.#shop, action.path))
        this.#done(action, 0)
      } catch (error) {
        this.#failed(action, error)
      }
      const folder = folderOf(action.path)
      if (folder.startsWith(`${sessionArchiveFolder}/`)) this.#removeIfEmpty(folder)
    }
  }

  async #pack(toPack: ReadonlyMap<string, Action>): Promise<void> {
    const results = await packAll(this.#shop, [...toPack.keys()])
    const growing = [...results].filter(([, { kind }]) => kind === 'growing').map(([path]) => path)
    if (growing.length > 0 && this.#shop.goOn()) {
      // A log is often rotated right after its last line was written; one short wait finishes it in this run.
      await this.#shop.system.sleep(waitForQuiet)
      for (const [path, result] of await packAll(this.#shop, growing)) results.set(path, result)
    }
    for (const [path, action] of toPack) this.#packed(path, action, results.get(path))
  }

  #packed(path: string, action: Action, result: Packed | undefined): void {
    if (result?.kind === 'packed') this.#done(action, result.bytesAfter, path + packedEnding)
    else if (result?.kind === 'failed') this.#failed(action, result.error)
    else if (result?.kind === 'growing') {
      this.#aside(action, path, 'another program still writes to it: a later run packs it')
    } else if (result?.kind === 'unfinished') {
      this.unfinished = true
      this.#aside(action, path, 'out of time: the next run goes on packing it')
    }
  }

  /** Set aside but not packed: for a log that is what matters, for what was aside before nothing has changed. */
  #aside(action: Action, path: string, because: string): void {
    if (action.kind === 'finish') this.#left(action, because)
    else this.#record(action, { outcome: 'done', archive: path, because, bytesAfter: action.bytes })
  }

  #isUntouched(action: Action): boolean {
    const facts = this.#shop.system.files.facts(absolute(this.#shop, action.path))
    const idle = this.#shop.system.clock() - (facts?.modifiedAt ?? 0)
    return facts?.kind === 'file' && facts.size === action.bytes && idle > 60 * 60_000
  }

  #removeIfEmpty(folder: string): void {
    try {
      this.#shop.system.files.removeFolder(absolute(this.#shop, folder))
    } catch {
      // Not empty, or gone.
    }
  }

  async #attempt(action: Action, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      // Another program was faster; what it did is looked at by the next run.
      if (errorCode(error) === 'ENOENT') this.#left(action, 'it is gone')
      else this.#failed(action, error)
    }
  }

  #done(action: Action, bytesAfter: number, archive?: string): void {
    this.#record(action, { outcome: 'done', bytesAfter, ...(archive !== undefined && { archive }) })
  }

  #left(action: Action, because: string): void {
    this.#record(action, { outcome: 'left', because, bytesAfter: action.bytes })
  }

  #failed(action: Action, error: unknown): void {
    this.#record(action, { outcome: 'failed', because: causeLine(error), bytesAfter: action.bytes })
  }

  #record(action: Action, result: Pick<CleanupRecord, 'outcome' | 'because' | 'archive' | 'bytesAfter'>): void {
    const at = new Date(this.#shop.system.clock()).toISOString()
    const { kind, path, reason, bytes } = action
    this.records.push({ at, action: kind, file: path, reason, bytesBefore: bytes, ...result })
  }
}
