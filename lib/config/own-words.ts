import { join } from 'node:path'
import { isRecord } from '../calls/json.ts'
import type { System } from '../system/system.ts'

/** Variables that name another machine, or a file that may, and what becomes of reports until they are delivered. */
export const isAboutServices = (name: string): boolean =>
  /^(?:INTELLIGENCE_SERVICE_|BREAKERBOX_(?:CONFIG|REDIS_URL)$|PATTERN_|CIRCUIT_BREAKER_|HEALTH_CHECK_)/.test(name)

/** Files of a project by which the client sets variables of the hooks that it starts. */
const settingsFiles = ['settings.json', 'settings.local.json'] as const

/** Absolute path of the project that this process works for. */
export const projectOf = ({ env, workingFolder }: Pick<System, 'env' | 'workingFolder'>): string =>
  env['CLAUDE_PROJECT_DIR'] || workingFolder

/**
 * The system without what a project has said about services: of the variables that its own settings set, nobody knows
 * whether the person has set them too. The same system where they set none.
 *
 * @param project absolute path.
 */
export function withoutProjectWords<S extends Pick<System, 'files' | 'env' | 'homeFolder'>>(
  system: S,
  project: string,
): S {
  // The settings of the home folder are the person's own.
  if (project === system.homeFolder) return system
  const said = serviceVariables(system, project).flatMap(({ names }) => names)
  if (said.length === 0) return system
  const env = Object.fromEntries(Object.entries(system.env).filter(([name]) => !said.includes(name)))
  return { ...system, env }
}

/** Those variables that settings files of a project set; a file that sets none is left out. */
export const serviceVariables = (
  system: Pick<System, 'files' | 'env'>,
  project: string,
): { readonly path: string; readonly names: readonly string[] }[] =>
  settingsFiles
    .map((name) => join(project, '.claude', name))
    .map((path) => ({ path, names: variablesIn(system, path) }))
    .filter(({ names }) => names.length > 0)

function variablesIn({ files, env }: Pick<System, 'files' | 'env'>, path: string): string[] {
  try {
    if (files.facts(path) === undefined) return []
    const settings: unknown = JSON.parse(files.readText(path).replace(/^\ufeff/, ''))
    const set = isRecord(settings) ? settings['env'] : undefined
    return Object.keys(isRecord(set) ? set : {}).filter(isAboutServices)
  } catch {
    // What we cannot read, the client perhaps can.
    return Object.keys(env).filter(isAboutServices)
  }
}
