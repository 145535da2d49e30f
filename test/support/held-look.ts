import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { projectPaths } from '../../lib/config/paths.ts'
import { holdLook } from '../../lib/session/held-look.ts'
import type { Project } from '../../lib/session/project.ts'
import { marksFolder } from '../../lib/session/session-marks.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'

/** As if the start of a session had just looked around in a project and found all well. */
export function holdLookIn(folder: string, now = Date.now()): void {
  const paths = projectPaths(folder, {})
  mkdirSync(join(paths.memory, marksFolder), { recursive: true })
  holdLook({ system: nodeSystem(), paths, now } as Project)
}
