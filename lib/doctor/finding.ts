/**
 * What an examination tells. Every id is a promise: scripts match on it, and `docs/troubleshooting.md` explains it.
 */

/** Found by a check of that name where nothing is odd. */
export const fineIds = [
  'node',
  'client',
  'settings',
  'switches',
  'registration',
  'rules',
  'files',
  'answers',
  'others',
  'memory',
  'config',
  'documents',
  'marker',
  'spool',
  'locks',
  'leftovers',
  'disk',
  'clock',
  'fleet',
  'reports',
  'addresses',
  'errors',
  'guards',
] as const

/** Found where something is. */
export const oddIds = [
  'node-not-found',
  'node-too-old',
  'client-too-old',
  'client-events-unknown',
  'settings-invalid',
  'settings-not-looked-at',
  'hooks-disabled',
  'hooks-managed-only',
  'bare-mode',
  'breakers-off',
  'not-installed',
  'not-loaded-here',
  'hook-unregistered',
  'hook-by-hand',
  'hook-twice',
  'plugin-not-found',
  'rules-missing',
  'hook-file-missing',
  'hook-file-foreign',
  'hook-file-changed',
  'hook-file-outdated',
  'hook-file-mode',
  'command-file-missing',
  'hook-dead',
  'hook-untested',
  'other-hook-rewrites',
  'memory-not-a-folder',
  'memory-open',
  'memory-not-ours',
  'memory-not-writable',
  'memory-tracked',
  'config-invalid',
  'user-config-invalid',
  'document-damaged',
  'incidents-damaged',
  'record-damaged',
  'record-missing',
  'run-halted',
  'marker-missing',
  'marker-stale',
  'spool-waiting',
  'lock-dead',
  'lock-held',
  'leftover-files',
  'disk-full',
  'disk-low',
  'network-file-system',
  'time-in-future',
  'fleet-away',
  'fleet-part-missing',
  'fleet-unused',
  'fleet-without-server',
  'reports-invalid',
  'reports-waiting',
  'service-down',
  'tracking-unregistered',
  'alerts-part-missing',
  'project-names-service',
  'recent-errors',
  'guarded-hook-down',
  'check-failed',
] as const

export type FindingId = (typeof fineIds)[number] | (typeof oddIds)[number]

/** `note`: worth knowing, and everything works. `problem`: something does not do what it is there for. */
export type Level = 'ok' | 'note' | 'problem'

export const groups = ['Node and client', 'Settings', 'Hooks', 'Memory', 'Services', 'History'] as const
export type Group = (typeof groups)[number]

export interface Finding {
  readonly id: FindingId
  readonly group: Group
  readonly level: Level
  /** One line. */
  readonly title: string
  /** Further lines: what exactly, and what to do about it where no command does. */
  readonly detail?: readonly string[]
  readonly fix?: {
    /** One line for a shell. */
    readonly command: string
    /** Whether `--fix` does it by itself: nothing of the person's own is touched, and nothing is deleted that anybody made. */
    readonly safe: boolean
  }
}

/** What `--fix` does about a finding. */
export interface Mend {
  /** The same for all findings that one act mends: it is done once. */
  readonly key: string
  /** What is done, one line, as in `give .gitignore back`. */
  readonly does: string
  /** @throws the reason why it could not be done. */
  act(): void | Promise<void>
}

/** A finding as its check has it. */
export interface Told {
  readonly id: FindingId
  readonly level: Level
  readonly title: string
  readonly detail?: readonly string[]
  /** The command that mends it. */
  readonly command?: string
  readonly mend?: Mend
}

type More = Pick<Told, 'detail' | 'command' | 'mend'>

export const fine = (id: (typeof fineIds)[number], title: string, detail: readonly string[] = []): Told => ({
  id,
  level: 'ok',
  title,
  ...(detail.length === 0 ? {} : { detail }),
})
export const note = (id: (typeof oddIds)[number], title: string, more: More = {}): Told => ({
  id,
  level: 'note',
  title,
  ...more,
})
export const problem = (id: (typeof oddIds)[number], title: string, more: More = {}): Told => ({
  id,
  level: 'problem',
  title,
  ...more,
})
