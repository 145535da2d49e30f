import { resolve } from 'node:path'
import { openProject, type Project } from '../session/project.ts'
import type { System } from '../system/system.ts'
import { type CommandResult, misused } from './result.ts'

/**
 * The project that a person means: `--project`, else the client's, else the current folder.
 *
 * @returns a result to print where there is no such folder.
 */
export function openNamedProject(system: System, named: string | undefined): Project | CommandResult {
  const folder = named === undefined ? undefined : resolve(system.workingFolder, named)
  if (folder !== undefined && !isFolder(system, folder))
    return misused(`error: --project: there is no folder ${folder}`)
  // a named folder counts more than the one that the client set for its hooks
  const env = folder === undefined ? system.env : { ...system.env, CLAUDE_PROJECT_DIR: folder }
  return openProject({
    ...system,
    env,
    workingFolder: system.workingFolder,
    homeFolder: system.homeFolder,
    host: system.host,
  })
}

/** Whether a path is a folder, also through links. */
export function isFolder({ files }: System, path: string): boolean {
  try {
    return files.facts(files.realPath(path))?.kind === 'folder'
  } catch {
    return false
  }
}
