import { placeOf } from '../install/place.ts'
import { leftovers as leftoverSteps, perform } from '../install/steps.ts'
import { counted } from '../status/quantities.ts'
import { listLeftovers, sweepLeftovers } from '../store/leftovers.ts'
import { fine, note } from './finding.ts'
import { type Check, hasMemory, type Look, ownCommand } from './look.ts'
import { usedScopes } from './reinstall.ts'

/** What processes that were killed have left, and what was set aside. */
export const leftoverFiles: Check = {
  id: 'leftovers',
  group: 'Memory',
  examine(look) {
    const { system, project } = look
    const { memory } = project.paths
    const ofHooks = hasMemory(look) ? listLeftovers(system, memory) : []
    const ofInstall = unfinished(look)
    const found = [...ofHooks, ...ofInstall.map(({ path }) => path)]
    if (found.length > 0) {
      return [
        note('leftover-files', `${counted(found.length, 'file')} left of processes that were ended`, {
          detail: found.slice(0, 10),
          command: ownCommand(look, 'doctor --fix'),
          mend: {
            key: 'leftovers',
            does: 'take away what was left',
            act() {
              sweepLeftovers(system, memory)
              perform(system, ofInstall)
            },
          },
        }),
      ]
    }
    const aside = hasMemory(look) ? system.files.list(memory).filter((name) => name.includes('.damaged.')) : []
    const title =
      aside.length === 0
        ? 'nothing is left over'
        : `${counted(aside.length, 'damaged document')} set aside: yours to look at or delete`
    return [fine('leftovers', title, aside)]
  },
}

/** What an install that was ended left, older than any that may be at work. */
function unfinished(look: Look) {
  const { system, project } = look
  const folders = usedScopes(look).flatMap((scope) => {
    const { root, claude, hooks, memory } = placeOf(system, scope, project.paths.project)
    return [root, claude, hooks, memory]
  })
  return leftoverSteps(system.files, folders).filter(
    ({ path }) => project.now - (system.files.facts(path)?.modifiedAt ?? project.now) > 60_000,
  )
}
