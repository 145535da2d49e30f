import { dirname, join } from 'node:path'

/** Where everything lives below a project. All names are fixed; only the memory folder can be moved. */
export interface ProjectPaths {
  /** The project's folder. */
  readonly project: string
  /** `<project>/.claude/memory`, or what `BREAKERBOX_MEMORY_DIR` names. */
  readonly memory: string
  readonly config: string
  readonly incidents: string
  readonly spool: string
  readonly sessions: string
}

export const configFileName = 'circuit_breaker_config.json'
export const incidentFileName = 'circuit_breaker_incidents.jsonl'

/**
 * Paths of one project.
 *
 * @param project absolute path: `CLAUDE_PROJECT_DIR`, else the folder a hook's input or a person names.
 * @param env read for `BREAKERBOX_MEMORY_DIR` only, which must be absolute to count.
 */
export function projectPaths(project: string, env: Readonly<Record<string, string | undefined>>): ProjectPaths {
  const named = env['BREAKERBOX_MEMORY_DIR']
  const memory =
    named?.startsWith('/') || /^[A-Za-z]:[\\/]/.test(named ?? '')
      ? (named as string)
      : join(project, '.claude', 'memory')
  return {
    project,
    memory,
    config: join(memory, configFileName),
    incidents: join(memory, incidentFileName),
    spool: join(memory, 'circuit_breaker_spool'),
    sessions: join(memory, 'circuit_breaker_sessions'),
  }
}

/** The folders above one, the nearest first. */
export const foldersAbove = (folder: string): string[] =>
  dirname(folder) === folder ? [] : [dirname(folder), ...foldersAbove(dirname(folder))]
