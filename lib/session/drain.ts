import { isNear } from '../engine/near.ts'
import { stepHappened } from '../engine/step.ts'
import { spoolRemove } from '../store/spool.ts'
import type { System } from '../system/system.ts'
import { follow } from './aftermath.ts'
import { openProject } from './project.ts'
import { applyRan } from './together.ts'
import { takeWaiting } from './waiting.ts'
import { write } from './write.ts'

/**
 * Takes in the batches that have gathered in the spool, in the background: the client does not wait, and nobody reads an
 * answer. So whatever has something to say stays where it is for the next hook, and only the marker is set. It fails
 * silently; what it could not take in, the next hook that drains does.
 */
export async function drain(system: System): Promise<void> {
  try {
    const project = openProject(system)
    const { waiting } = takeWaiting(project)
    const happenings = waiting.flatMap((each) => each.happening ?? [])
    const written = await write(project, happenings, stepHappened, { near: isNear, unheard: true })
    if (written === 'busy') return
    const taken = waiting.filter(({ happening }) => !written.untold.includes(happening?.session ?? ''))
    spoolRemove(
      system,
      project.paths.spool,
      taken.map(({ name }) => name),
    )
    await follow(project, written.incidents)
    await applyRan(
      project,
      taken.flatMap(({ happening }) => happening ?? []),
    )
  } catch {
    // The files are still there, and so is the cause: the next hook tells.
  }
}
