import { loadConfig } from '../config/load.ts'
import { type ProjectPaths, projectPaths } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import { type FileStoreOptions, fileStore } from '../store/file-store.ts'
import type { Store } from '../store/store.ts'
import type { System } from '../system/system.ts'

/** The project that an event belongs to, opened for one event. */
export interface Project {
  readonly system: System
  readonly paths: ProjectPaths
  readonly store: Store
  readonly config: Config
  /** Wrong values in the config, one line each. */
  readonly configProblems: readonly string[]
  /** Milliseconds since 1970; the one reading of the clock for this event. */
  readonly now: number
}

/**
 * Opens the project: the folder that the client names in `CLAUDE_PROJECT_DIR`, else the input's `cwd`, else the folder the
 * process was started in. (A hook's own folder follows the model's `cd` and says little.)
 *
 * @param options of the store: how long this hook waits for a lock.
 */
export function openProject(system: System, cwd?: string, options: FileStoreOptions = {}): Project {
  const named = system.env['CLAUDE_PROJECT_DIR']
  const folder = named !== undefined && named !== '' ? named : (cwd ?? system.workingFolder)
  const paths = projectPaths(folder, system.env)
  const { config, problems } = loadConfig(system.files, paths.config)
  return {
    system,
    paths,
    // Nothing in here changes a document that it was given.
    store: fileStore(system, paths.memory, { reuse: true, ...options }),
    config,
    configProblems: problems.map((problem) => problem.message),
    now: system.clock(),
  }
}
