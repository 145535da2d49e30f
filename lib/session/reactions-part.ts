import { KnownError } from '../system/known-error.ts'
import { partIfThere } from '../system/part.ts'
import type { System } from '../system/system.ts'
import type { MonitorReactions } from './monitor-reactions.ts'

/** File name, without its ending, of the part with what the monitor needs for few events: it is large, and most find no loop. */
const reactionsPart = 'circuit-breaker-reactions'

/** The code of the error where the part cannot be loaded. */
export const partMissing = 'EPART'

/** Gives what the monitor needs for few events. @throws KnownError `EPART` where it is not to be had. */
export type LoadReactions = () => MonitorReactions

/** Loads it from beside the executable when it is first asked for. */
export function reactionsBeside(system: Pick<System, 'loadPart'>): LoadReactions {
  let loaded: MonitorReactions | undefined
  return () => {
    loaded ??= partIfThere<{ monitorReactions?: MonitorReactions }>(system, reactionsPart)?.monitorReactions
    if (loaded !== undefined) return loaded
    const cause =
      'it is not beside the monitor, or is damaged. Run breakerbox install again; with the plugin, update it: /plugin'
    throw new KnownError('load', `${reactionsPart}.cjs`, cause, partMissing)
  }
}
