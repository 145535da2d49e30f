import { join } from 'node:path'
import { redact } from '../calls/redact.ts'
import { loadUserConfig, userConfigPath } from '../config/user-config.ts'
import { fileStore } from '../store/file-store.ts'
import { sweepLocksOf } from '../store/leftovers.ts'
import { hasGroupTimeout } from '../system/child.ts'
import { KnownError } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { guardPaths } from './guard-paths.ts'
import {
  admitHook,
  afterRun,
  type HookAdmission,
  type HookLimits,
  type HookRun,
  halfOpenHook,
  resetHook,
} from './hook-circuit.ts'
import { hookId, hookKey } from './hook-key.ts'
import { limitsOf, shellTerms } from './hook-limits.ts'
import {
  type HookClass,
  type HookRecord,
  type HookState,
  type HookStatistics,
  hookStateKind,
  mostHooks,
  newRecord,
} from './hook-state.ts'
import { noteRun, type RunNote, readTallies, removeReady, setReady, sweepTallies, type Tally } from './tally.ts'

/** A hook as it is named by whoever runs it. */
export interface GuardedHook {
  /** The whole command. */
  readonly command: string
  readonly class: HookClass
  readonly limits: HookLimits
}

/** How the guarded hooks are, all in all. */
export interface HookHealth {
  readonly healthy: boolean
  /** Commands whose circuit is not closed. */
  readonly disabled: readonly string[]
  readonly hooks: Readonly<Record<string, HookRecord>>
  readonly global_stats: HookStatistics
}

/**
 * The states of all guarded hooks of this user, over the file `hook_state.json`: many sessions change it at once and no
 * count is lost. Commands are given whole and kept as `hookKey` has them. A run is noted in the hook's tally first and
 * counted into the file from there, by this process or by the one that keeps the lock; what is read here has everything that
 * is noted. Errors of the disk have the system's code.
 */
export interface HookStates {
  /** Absolute path of the state file. */
  readonly path: string
  /** The record of one hook; undefined where it never ran. */
  state(command: string): Promise<HookRecord | undefined>
  /** May it run? Claims the trial where this run is one; where the lock is not to be had for that, somebody else does. */
  admit(hook: GuardedHook, id: string): Promise<HookAdmission>
  recordSuccess(hook: GuardedHook, run?: Omit<HookRun, 'error'>): Promise<HookRecord>
  /** @param error why, one line; secrets are taken out. */
  recordFailure(hook: GuardedHook, error: string, run?: Omit<HookRun, 'error'>): Promise<HookRecord>
  /** The first half of recording, for who may be ended at any moment: from here on the run is not lost. */
  note(command: string, note: RunNote): void
  /** The second half: counts what is noted of this hook into the state. */
  countIn(hook: GuardedHook): Promise<HookRecord>
  /** Every run of this hook goes to Node from now on, until it is counted in again. */
  leaveToNode(command: string): void
  /** Closes one circuit; false where the command is not known. A command or the key it is shown by. */
  reset(command: string): Promise<boolean>
  /** Closes all circuits; the keys of those that were not closed. */
  resetAll(): Promise<readonly string[]>
  /** Tries a hook that is down at its next run, whatever is left of its cooldown; false where it is not known. */
  moveToHalfOpen(command: string): Promise<boolean>
  all(): Promise<Readonly<Record<string, HookRecord>>>
  disabled(): Promise<Readonly<Record<string, HookRecord>>>
  statistics(): Promise<HookStatistics>
  health(): Promise<HookHealth>
}

export interface HookStatesOptions {
  /**
   * The longest wait for the file's lock, milliseconds; 2,000 by default. After it a run that is to be recorded stays noted
   * and is counted in later, and everything else throws a `KnownError` (`ELOCKED`).
   */
  readonly waitMilliseconds?: number
  /** Is told, in one line, of a damaged file that was set aside. */
  readonly onDamage?: (line: string) => void
}

/** One wait for the lock, milliseconds: between two, another process may have counted in what waits here. */
const sliceMilliseconds = 100
/** A trial is not worth a long wait: who keeps the lock may be claiming it. */
const claimMilliseconds = 500
const mostError = 300

export function hookStates(system: System, options: HookStatesOptions = {}): HookStates {
  const { files, token } = system
  const { waitMilliseconds = 2000, onDamage = () => {} } = options
  const paths = guardPaths(system)
  const kind = hookStateKind(paths.name)
  const path = join(paths.folder, `${paths.name}.json`)
  // Counts are not worth waiting for the disk, which would keep the lock for as long: only power loss can lose them.
  const store = fileStore(system, paths.folder, {
    waitMilliseconds: Math.min(sliceMilliseconds, waitMilliseconds),
    durable: false,
    isMemory: false,
  })

  /** Those of a hook that nobody has named here with limits of its own. */
  const usualLimits = (key: string): HookLimits => {
    const { hook_guard } = loadUserConfig(system).config
    return limitsOf(key, hook_guard) ?? hook_guard
  }

  interface Change {
    /** The hooks it is about, whose tallies are counted in first. */
    readonly keys: readonly string[]
    /** The one hook, where somebody who runs it has named it. */
    readonly hook?: GuardedHook
    readonly wait?: number
    /** Whether there is nothing left to do: asked before each wait. */
    readonly isDone?: (state: HookState) => boolean
    step(state: HookState, now: number): HookState
  }

  const change = async ({ keys, hook, wait = waitMilliseconds, isDone, step }: Change): Promise<HookState> => {
    let tallies: readonly Tally[] = []
    for (let waited = 0; ; ) {
      const { document } = isDone === undefined ? {} : await store.read(kind)
      if (document !== undefined && isDone?.(document)) {
        await settleReady(keys, document, hook)
        return document
      }
      const result = await store.update(kind, (before) => {
        const now = system.clock()
        tallies = readTallies(files, paths.runs, before.tallied, keys.map(hookId))
        const counted = withTallies(before, keys, tallies, hook?.limits, now)
        const after = step(counted, now)
        return after === before ? before : finished(after, now)
      })
      if (result.kind !== 'busy') {
        const { damage, document } = result
        if (damage !== undefined) onDamage(`${path} ${damage.cause}; ${toldWhere(damage.setAsideAs)}`)
        sweepTallies(files, paths.runs, tallies, system.clock())
        for (const rescued of sweepLocksOf(system, path).rescued) onDamage(`${path} was damaged; ${toldWhere(rescued)}`)
        await settleReady(keys, document, hook)
        return document
      }
      waited += Math.max(1, result.waitedMilliseconds)
      if (waited >= wait) throw new KnownError('change', path, 'another process keeps its lock', 'ELOCKED')
    }
  }

  const withTallies = (
    before: HookState,
    keys: readonly string[],
    tallies: readonly Tally[],
    limits: HookLimits | undefined,
    now: number,
  ): HookState => {
    let state = before
    const keyOf = new Map(keys.map((key) => [hookId(key), key]))
    for (const { id, name, notes, end } of tallies) {
      if (end === (state.tallied?.[name] ?? 0)) continue
      const key = keyOf.get(id)
      if (key === undefined) continue
      const own = limits ?? usualLimits(key)
      const start = state.hooks[key] ?? newRecord
      const record = notes.reduce((each, note) => afterRun(each, runOf(note, own), own, now), start)
      state = { ...withRecord(state, key, record), tallied: { ...state.tallied, [name]: end } }
    }
    // What was swept is forgotten: its name comes back only by a late run, which then begins it anew.
    const found = new Set(tallies.map(({ name }) => name))
    const tallied = Object.entries(state.tallied ?? {})
    const kept = tallied.filter(([name]) => found.has(name) || !keyOf.has(name.split('.')[0] ?? ''))
    return kept.length === tallied.length ? state : { ...state, tallied: Object.fromEntries(kept) }
  }

  /**
   * The shell may run a hook alone while its circuit is closed and its last run succeeded. Looked at once more after each
   * change: another process may have changed the state in between and been here first.
   */
  const settleReady = async (keys: readonly string[], document: HookState, hook?: GuardedHook): Promise<void> => {
    let { hooks } = document
    const since = files.facts(userConfigPath(system))?.modifiedAt
    // Read now: the hook may have run for long, and what is told after a change of the config counts as told by it.
    const terms = hook && shellTerms(hook.command, loadUserConfig(system).config.hook_guard)
    for (let tries = 0; tries < 3; tries += 1) {
      const changed = keys.map((key) => {
        const id = hookId(key)
        if (!mayBeReady(hooks[key]) || terms === 'never') return removeReady(files, paths.runs, id)
        // Whoever has not named the hook does not know its terms.
        return terms !== undefined && setReady(files, paths.runs, id, { ...terms, since, isAllowed: canTime }, token)
      })
      if (!changed.includes(true)) return
      hooks = (await store.read(kind)).document.hooks
    }
  }

  let hasTimeout: boolean | undefined
  const canTime = (): boolean => {
    hasTimeout ??= hasGroupTimeout()
    return hasTimeout
  }

  const countIn = async (hook: GuardedHook): Promise<HookRecord> => {
    const { command, class: hookClass, limits } = hook
    const key = hookKey(command)
    const isCounted = (state: HookState): boolean =>
      state.hooks[key]?.class === hookClass &&
      readTallies(files, paths.runs, state.tallied, [hookId(key)]).every(({ notes }) => notes.length === 0)
    const step = (before: HookState): HookState => {
      const record = before.hooks[key] ?? newRecord
      return record.class === hookClass && before.hooks[key] === record
        ? before
        : withRecord(before, key, { ...record, class: hookClass })
    }
    try {
      return (await change({ keys: [key], hook, isDone: isCounted, step })).hooks[key] ?? newRecord
    } catch (error) {
      // It is noted: whoever comes next counts it in.
      if (!(error instanceof KnownError) || error.code !== 'ELOCKED') throw error
      return (await read([key], limits)).hooks[key] ?? newRecord
    }
  }

  const note = (command: string, each: RunNote): void =>
    noteRun(files, paths.runs, hookId(hookKey(command)), { ...each, ...withError(each.error) }, token)

  const record = async (hook: GuardedHook, { id, error, durationMs }: HookRun): Promise<HookRecord> => {
    note(hook.command, { code: error === undefined ? 0 : 1, id, ...withError(error), ...withDuration(durationMs) })
    return countIn(hook)
  }

  const changeOne = async (command: string, step: (record: HookRecord) => HookRecord): Promise<boolean> => {
    const { hooks } = await read()
    const key = [hookKey(command), command].find((each) => Object.hasOwn(hooks, each))
    if (key === undefined) return false
    await change({ keys: [key], step: (state) => withRecord(state, key, step(state.hooks[key] ?? newRecord)) })
    return true
  }

  /** The state with what is noted of these hooks, of all by default; the file is not changed. */
  const read = async (keys?: readonly string[], limits?: HookLimits): Promise<HookState> => {
    const { document } = await store.read(kind)
    const known = keys ?? Object.keys(document.hooks)
    const tallies = readTallies(files, paths.runs, document.tallied, keys?.map(hookId))
    const state = withTallies(document, known, tallies, limits, system.clock())
    return state === document ? document : { ...state, global_stats: withDisabled(state) }
  }

  return {
    path,
    async state(command) {
      const { hooks } = await read()
      return [hookKey(command), command].flatMap((key) => (Object.hasOwn(hooks, key) ? (hooks[key] ?? []) : []))[0]
    },
    async admit(hook, id) {
      const { command, limits } = hook
      const key = hookKey(command)
      const known = (await read([key], limits)).hooks[key] ?? newRecord
      let admission = admitHook(known, id, limits, system.clock())
      // Not while it is closed: then nothing is claimed, and what is noted is counted in after the run.
      if (known.state === 'closed') return admission
      try {
        await change({
          keys: [key],
          hook,
          wait: claimMilliseconds,
          isDone: (state) => admission.kind === 'skip' && (state.hooks[key]?.state ?? 'closed') !== 'closed',
          step(before, now) {
            const record = before.hooks[key] ?? newRecord
            admission = admitHook(record, id, limits, now)
            return admission.next === record ? before : withRecord(before, key, admission.next)
          },
        })
      } catch (error) {
        if (!(error instanceof KnownError) || error.code !== 'ELOCKED') throw error
        return admission.kind === 'skip' ? admission : { kind: 'skip', seconds: 1, next: known }
      }
      return admission
    },
    recordSuccess: (hook, run = { id: noId }) => record(hook, run),
    recordFailure: (hook, error, run = { id: noId }) => record(hook, { ...run, error }),
    note,
    countIn,
    leaveToNode: (command) => void removeReady(files, paths.runs, hookId(hookKey(command))),
    reset: (command) => changeOne(command, resetHook),
    async resetAll() {
      const keys = Object.keys((await read()).hooks)
      let closed: string[] = []
      await change({
        keys,
        step(before) {
          closed = Object.keys(disabledOf(before))
          const hooks = Object.entries(before.hooks).map(([key, each]) => [key, resetHook(each)])
          return hooks.length === 0 ? before : { ...before, hooks: Object.fromEntries(hooks) }
        },
      })
      return closed
    },
    moveToHalfOpen: (command) => changeOne(command, halfOpenHook),
    async all() {
      return (await read()).hooks
    },
    async disabled() {
      return disabledOf(await read())
    },
    async statistics() {
      return (await read()).global_stats
    },
    async health() {
      const state = await read()
      const disabled = Object.keys(disabledOf(state))
      return { healthy: disabled.length === 0, disabled, hooks: state.hooks, global_stats: state.global_stats }
    },
  }
}

const noId = ''

const toldWhere = (setAsideAs: string | undefined): string =>
  setAsideAs === undefined ? 'it is replaced' : `it is set aside as ${setAsideAs} and replaced`

const withDuration = (durationMs: number | undefined) => (durationMs === undefined ? {} : { durationMs })
const withError = (error: string | undefined) => (error === undefined ? {} : { error: oneLine(error) })

const oneLine = (text: string): string => redact(text).replace(/\s+/g, ' ').trim().slice(0, mostError) || 'it failed'

const runOf = ({ id = noId, durationMs, ...note }: RunNote, limits: HookLimits): HookRun => {
  const error = note.error ?? failureBy(note.code, durationMs, limits.timeout_seconds)
  return { id, ...withDuration(durationMs), ...withError(error) }
}

/** Why a run failed of which a shell has told the exit code; undefined for success, and for 2, which is a decision. */
function failureBy(code: number, durationMs: number | undefined, timeoutSeconds: number): string | undefined {
  if (code === 0 || code === 2) return undefined
  // How timeout(1) ends: with 124, or killed itself where it had to kill. The clock may be a little coarse.
  const isLate = durationMs === undefined ? code === 124 : durationMs > timeoutSeconds * 1000 - 50
  if (isLate && (code === 124 || code === 137)) return timedOutError(timeoutSeconds)
  return code > 128 ? `ended by signal ${code - 128}` : `exit code ${code}`
}

export const timedOutError = (seconds: number): string => `no answer within ${seconds} s`

const disabledOf = ({ hooks }: HookState): Record<string, HookRecord> =>
  Object.fromEntries(Object.entries(hooks).filter(([, { state }]) => state !== 'closed'))

const withDisabled = (state: HookState): HookStatistics => ({
  ...state.global_stats,
  hooks_disabled: Object.keys(disabledOf(state)).length,
})

const mayBeReady = (record: HookRecord | undefined): boolean =>
  record?.state === 'closed' && record.consecutive_failures === 0

/** A record with its own executions counted into the totals. */
function withRecord(state: HookState, key: string, record: HookRecord): HookState {
  const before = state.hooks[key] ?? newRecord
  const { total_executions, total_failures } = state.global_stats
  return {
    ...state,
    hooks: { ...state.hooks, [key]: record },
    global_stats: {
      ...state.global_stats,
      total_executions: total_executions + record.execution_count - before.execution_count,
      total_failures: total_failures + record.failure_count - before.failure_count,
    },
  }
}

/** What every change leaves right: the totals, and a file that does not grow for ever. */
function finished(state: HookState, now: number): HookState {
  const entries = Object.entries(state.hooks)
  const kept =
    entries.length <= mostHooks ? entries : entries.sort(([, a], [, b]) => weight(b) - weight(a)).slice(0, mostHooks)
  const slim = { ...state, hooks: Object.fromEntries(kept) }
  return { ...slim, global_stats: { ...withDisabled(slim), last_updated: new Date(now).toISOString() } }
}

/** When something last happened to a hook; one that is down comes before all others, or it would be back unasked. */
const weight = ({ state, last_failure, last_success }: HookRecord): number =>
  state === 'closed'
    ? Math.max(Date.parse(last_failure ?? '') || 0, Date.parse(last_success ?? '') || 0)
    : Number.MAX_SAFE_INTEGER
