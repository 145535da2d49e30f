import { happenedWith } from '../engine/step.ts'
import { streakOf } from '../engine/streak.ts'
import { spoolRemove } from '../store/spool.ts'
import type { System } from '../system/system.ts'
import { followUp } from './follow-up.ts'
import { openProject } from './project.ts'
import { type LoadReactions, reactionsBeside } from './reactions-part.ts'
import { markStreaks } from './session-marks.ts'
import { takeWaiting } from './waiting.ts'
import { write } from './write.ts'

/**
 * Takes in the batches that have gathered in the spool, in the background: the client does not wait, and nobody reads an
 * answer. So whatever has something to say stays where it is for the next hook, and only the marker is set. It fails
 * silently; what it could not take in, the next hook that drains does.
 *
 * @param load for who has it without loading.
 */
export async function drain(system: System, load: LoadReactions = reactionsBeside(system)): Promise<void> {
  try {
    const project = openProject(system)
    const { waiting } = takeWaiting(project)
    const happenings = waiting.flatMap((each) => each.happening ?? [])
    const step = happenedWith(() => load().reactions)
    const written = await write(project, happenings, step, {
      streak: streakOf,
      lost: () => load().lostCircuits,
      unheard: true,
    })
    if (written === 'busy') return
    markStreaks(project, written.streaks)
    const taken = waiting.filter(({ happening }) => !written.untold.includes(happening?.session ?? ''))
    spoolRemove(
      system,
      project.paths.spool,
      taken.map(({ name }) => name),
    )
    const told = taken.flatMap(({ happening }) => happening ?? [])
    await followUp(project, written.incidents, told, step, load)
  } catch {
    // The files are still there, and so is the cause: the next hook tells.
  }
}
