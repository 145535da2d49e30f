import { join } from 'node:path'
import { defaultConfigText } from './default-config.ts'
import type { ProjectPaths } from './paths.ts'

/** A file that a project gets where it has none yet. */
export interface InitialFile {
  readonly path: string
  readonly content: string
}

/** The config with every default spelled out, and a state without circuits. */
export function initialFiles(paths: ProjectPaths): InitialFile[] {
  const state = { version: 1, circuits: [] }
  return [
    { path: paths.config, content: defaultConfigText() },
    { path: join(paths.memory, 'circuit_breaker_state.json'), content: `${JSON.stringify(state, null, 2)}\n` },
  ]
}
