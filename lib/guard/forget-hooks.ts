import { join } from 'node:path'
import { fileStore } from '../store/file-store.ts'
import { causeLine } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { guardPaths } from './guard-paths.ts'
import { hookId, hookKey } from './hook-key.ts'
import { type HookState, hookStateKind } from './hook-state.ts'
import { removeRuns } from './tally.ts'

/**
 * Forgets hooks that are no longer guarded: their records and tallies, and the state file and the runs folder with the last
 * of them. What is not ours stays, and so does a file that cannot be read. Another project that guards the same command
 * starts its record anew.
 *
 * @param commands each whole, as the settings had it.
 * @returns why it could not be done, one line; undefined where it was, or where nothing was known.
 */
export async function forgetHooks(system: System, commands: readonly string[]): Promise<string | undefined> {
  const { files } = system
  const { folder, name, runs } = guardPaths(system)
  const keys = new Set(commands.map(hookKey))
  const ids = [...keys].map(hookId)
  const path = join(folder, `${name}.json`)
  try {
    if (keys.size === 0) return undefined
    // Before the state: a tally that it no longer knows would be counted in anew.
    removeRuns(files, runs, ids)
    if (files.facts(path) === undefined) return undefined
    const store = fileStore(system, folder, { waitMilliseconds: 2000, isMemory: false })
    const kind = hookStateKind(name)
    const { damage } = await store.read(kind)
    if (damage !== undefined) return `${path} ${damage.cause}; what it knows of these hooks stays`
    const result = await store.update(kind, (before, now) => without(before, keys, ids, now))
    if (result.kind === 'busy') return `${path} is locked by another process; what it knows of these hooks stays`
    const { hooks, tallied = {} } = result.document
    const isEmpty = Object.keys(hooks).length + Object.keys(tallied).length === 0
    if (isEmpty && holdsOnlyOurs(files.readText(path))) await store.remove(kind)
    return undefined
  } catch (error) {
    return `${causeLine(error)}; what is known of these hooks stays`
  }
}

const ourFields: readonly string[] = ['hooks', 'global_stats', 'tallied'] satisfies (keyof HookState)[]

const holdsOnlyOurs = (text: string): boolean => Object.keys(JSON.parse(text)).every((key) => ourFields.includes(key))

/** The very state where it knows none of them. */
function without(state: HookState, keys: ReadonlySet<string>, ids: readonly string[], now: number): HookState {
  const { tallied = {}, ...rest } = state
  const hooks = Object.entries(state.hooks).filter(([key]) => !keys.has(key))
  const offsets = Object.entries(tallied).filter(([tally]) => !ids.includes(tally.split('.')[0] ?? ''))
  if (hooks.length === Object.keys(state.hooks).length && offsets.length === Object.keys(tallied).length) return state
  return {
    ...rest,
    hooks: Object.fromEntries(hooks),
    global_stats: {
      ...state.global_stats,
      hooks_disabled: hooks.filter(([, record]) => record.state !== 'closed').length,
      last_updated: new Date(now).toISOString(),
    },
    ...(offsets.length === 0 ? {} : { tallied: Object.fromEntries(offsets) }),
  }
}
