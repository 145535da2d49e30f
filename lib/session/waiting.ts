import { join } from 'node:path'
import { readHookInput } from '../protocol/input.ts'
import { type SpoolEntry, spoolTake } from '../store/spool.ts'
import type { Happening } from './happening.ts'
import { eventOf, isAttended, shortId } from './hook-events.ts'
import type { Project } from './project.ts'

/** One file of the spool. */
export interface Waiting {
  readonly name: string
  /** Absent where it is no event of ours: the file is removed with the others. */
  readonly happening?: Happening
}

/** What waits in the spool, in order; unusable files are removed and named in the notes. */
export function takeWaiting(project: Project): { readonly waiting: Waiting[]; readonly notes: string[] } {
  const { entries, broken } = spoolTake(project.system, project.paths.spool)
  return {
    waiting: entries.map((entry) => ({ name: entry.name, ...happeningOf(entry, project) })),
    notes: broken.map(({ name, cause }) => `dropped ${join(project.paths.spool, name)}: ${cause}`),
  }
}

function happeningOf({ at, value }: SpoolEntry, { now, system }: Project): Pick<Waiting, 'happening'> {
  try {
    const received = readHookInput(value)
    if (!('event' in received)) return {}
    const event = eventOf(received.event, isAttended(system.env))
    if (event === undefined || event.kind === 'request') return {}
    return { happening: { session: shortId(received.event.session_id), event, at: at > 0 && at < now ? at : now } }
  } catch {
    return {}
  }
}
