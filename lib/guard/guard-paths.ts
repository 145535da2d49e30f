import { basename, dirname, join } from 'node:path'
import type { System } from '../system/system.ts'

/** Where the state of guarded hooks lives: the user's own, for hooks of all projects. */
export interface GuardPaths {
  /** Folder of the state file. */
  readonly folder: string
  /** The state file's name without `.json`. */
  readonly name: string
  /** Tallies of runs, and what lets a shell run a hook alone. */
  readonly runs: string
}

/**
 * `~/.claude/hook_state.json`, or what `BREAKERBOX_HOOK_STATE` names: an absolute path whose last part is letters, digits,
 * `_` and `-`, and ends in `.json`; anything else is not taken.
 */
export function guardPaths({ env, homeFolder }: Pick<System, 'env' | 'homeFolder'>): GuardPaths {
  const named = env['BREAKERBOX_HOOK_STATE'] ?? ''
  const isPath = /^(?:\/|[A-Za-z]:[\\/])(?:.*[\\/])?[A-Za-z0-9_-]+\.json$/.test(named)
  const path = isPath ? named : join(homeFolder, '.claude', 'hook_state.json')
  const folder = dirname(path)
  return { folder, name: basename(path, '.json'), runs: join(folder, 'hook_runs') }
}
