import { clean } from '../calls/result.ts'
import type { System } from '../system/system.ts'
import { type Action, type ActionKind, describeBytes } from './plan.ts'
import type { CleanupRecord } from './report.ts'

/** One file of the memory folder before and after a cleanup. */
export interface FileChange {
  /** Relative to the memory folder. */
  readonly file: string
  /** Bytes; null where there was no such file. */
  readonly bytesBefore: number | null
  /** Bytes; null where there is no such file, and in a dry run for what would be changed. */
  readonly bytesAfter: number | null
  /** `created` and `changed`: by the cleanup or, meanwhile, by another program. `none`: it stays as it is. */
  readonly action: ActionKind | 'created' | 'changed' | 'none'
  /** `planned` in a dry run, else as in a cleanup's records; absent where nothing was to be done. */
  readonly outcome?: CleanupRecord['outcome'] | 'planned'
  /** Why it was due, left or could not be done. */
  readonly reason?: string
  /** Where its data is now, relative to the memory folder. */
  readonly archive?: string
}

/** Bytes of each file below a folder, by its relative path; links are neither followed nor listed. */
export function fileSizes({ files }: System, root: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  const walk = (folder: string, depth: number) => {
    for (const name of files.list(`${root}/${folder}`)) {
      const path = folder === '' ? name : `${folder}/${name}`
      const facts = files.facts(`${root}/${path}`)
      if (facts?.kind === 'file') sizes.set(path, facts.size)
      else if (facts?.kind === 'folder' && depth < 16) walk(path, depth + 1)
    }
  }
  walk('', 0)
  return sizes
}

type Sizes = ReadonlyMap<string, number>

/** What a cleanup made of each file, by name. */
export function fileChanges(before: Sizes, after: Sizes, records: readonly CleanupRecord[]): FileChange[] {
  const recorded = new Map(records.map((record) => [record.file, record]))
  const sources = new Map(records.flatMap(({ archive, file }) => (archive === undefined ? [] : [[archive, file]])))
  const paths = new Set([...before.keys(), ...after.keys(), ...recorded.keys()])
  return [...paths].sort().map((file): FileChange => {
    const sizes = { file, bytesBefore: before.get(file) ?? null, bytesAfter: after.get(file) ?? null }
    const record = recorded.get(file)
    if (record !== undefined) {
      const { action, outcome, archive } = record
      const reason = record.because ?? record.reason
      return { ...sizes, action, outcome, reason, ...(archive !== undefined && { archive }) }
    }
    if (sizes.bytesBefore === sizes.bytesAfter) return { ...sizes, action: 'none' }
    if (sizes.bytesBefore !== null) return { ...sizes, action: 'changed' }
    const source = sources.get(file)
    return { ...sizes, action: 'created', ...(source !== undefined && { reason: `from ${source}` }) }
  })
}

/** What a plan would make of each file, by name. */
export function plannedChanges(before: Sizes, actions: readonly Action[]): FileChange[] {
  const planned = new Map(actions.map((action) => [action.path, action]))
  return [...before].map(([file, bytes]): FileChange => {
    const action = planned.get(file)
    if (action === undefined) return { file, bytesBefore: bytes, bytesAfter: bytes, action: 'none' }
    const { kind, reason } = action
    return { file, bytesBefore: bytes, bytesAfter: null, action: kind, outcome: 'planned', reason }
  })
}

const done: Record<FileChange['action'], string> = {
  rotate: 'rotated',
  'archive-session': 'archived',
  'archive-damaged': 'archived',
  truncate: 'shortened',
  finish: 'packed',
  'prune-archive': 'removed',
  'remove-window': 'removed',
  sweep: 'removed',
  created: 'new',
  changed: 'changed',
  none: 'stays',
}

/** `51 kB → -  a_telemetry.jsonl  rotated: more than 1000 lines`, in columns. */
export function changeLines(changes: readonly FileChange[]): string[] {
  const width = Math.max(...changes.map(({ file }) => clean(file, 160).length), 0)
  const bytes = (size: number | null) => (size === null ? '-' : describeBytes(size)).padStart(10)
  return changes.map(({ file, bytesBefore, bytesAfter, action, outcome, reason }) => {
    const what =
      outcome === 'planned'
        ? `would be ${done[action]}`
        : outcome === 'left' || outcome === 'failed'
          ? `${outcome === 'left' ? 'left as it is' : 'FAILED'}, was to be ${done[action]}`
          : done[action]
    const to = outcome === 'planned' ? '?'.padStart(10) : bytes(bytesAfter)
    return `${bytes(bytesBefore)} → ${to}  ${clean(file, 160).padEnd(width)}  ${what}${reason === undefined ? '' : `: ${clean(reason, 200)}`}`
  })
}
