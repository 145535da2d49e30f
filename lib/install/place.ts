import { join } from 'node:path'
import { type ProjectPaths, projectPaths } from '../config/paths.ts'
import type { System } from '../system/system.ts'
import type { Scope } from './hook-table.ts'

/** What of the system an installation is planned with; planning changes nothing. */
export type Surroundings = Pick<System, 'files' | 'env' | 'homeFolder' | 'workingFolder'>

/** The paths that one installation consists of. */
export interface Place {
  readonly scope: Scope
  /** The project's folder; the home folder for the user scope. */
  readonly root: string
  readonly claude: string
  readonly settings: string
  readonly hooks: string
  readonly commands: string
  /**
   * `<root>/.claude/memory`: install keeps its record and backup here. Not moved by `BREAKERBOX_MEMORY_DIR`, which several
   * projects may share and which may be set for one command and not for the next.
   */
  readonly memory: string
  readonly record: string
  /** The settings file's bytes as they were before the first install. */
  readonly backup: string
  /** Where config and state live; absent for the user scope, which guards many projects. */
  readonly project?: ProjectPaths
}

/** Starts the name of everything on disk that belongs to us, so that a purge can tell. */
export const ownPrefix = 'circuit_breaker_'

const settingsNames: Record<Scope, string> = {
  project: 'settings.json',
  local: 'settings.local.json',
  user: 'settings.json',
}

/** @param project absolute path; of no effect for the user scope. */
export function placeOf(system: Pick<System, 'env' | 'homeFolder'>, scope: Scope, project: string): Place {
  const root = scope === 'user' ? system.homeFolder : project
  const claude = join(root, '.claude')
  const memory = join(claude, 'memory')
  return {
    scope,
    root,
    claude,
    settings: join(claude, settingsNames[scope]),
    hooks: join(claude, 'hooks'),
    commands: join(claude, 'commands'),
    memory,
    record: join(memory, `${ownPrefix}install_${scope}.json`),
    backup: join(memory, `${ownPrefix}install_${scope}.backup`),
    ...(scope === 'user' ? {} : { project: projectPaths(root, system.env) }),
  }
}

/** The other scope that uses the same hook files and the same state. */
export function sharingScope(scope: Scope): Scope | undefined {
  return scope === 'project' ? 'local' : scope === 'local' ? 'project' : undefined
}
