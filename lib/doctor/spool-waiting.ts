import { join } from 'node:path'
import { overdue } from '../install/hook-table.ts'
import { drain } from '../session/drain.ts'
import { monitorReactions } from '../session/monitor-reactions.ts'
import { counted } from '../status/quantities.ts'
import { spoolList } from '../store/spool.ts'
import { fine, problem, type Told } from './finding.ts'
import { type Check, hasMemory, type Look, ownCommand } from './look.ts'

/** Seconds after which batches that wait in such a number are not being taken in. */
const patience = 60

/** Whether what shell hooks leave is taken in. */
export const spoolWaiting: Check = {
  id: 'spool',
  group: 'Memory',
  examine(look) {
    const { system, project } = look
    const { spool } = project.paths
    if (!hasMemory(look)) return [fine('spool', 'nothing waits')]
    const names = spoolList(system, spool)
    const times = names.flatMap((name) => system.files.facts(join(spool, name))?.modifiedAt ?? [])
    const oldestSeconds = times.length === 0 ? 0 : Math.max(0, (project.now - Math.min(...times)) / 1000)
    return judgeSpool(look, names.length, oldestSeconds)
  },
}

function judgeSpool(look: Look, count: number, oldestSeconds: number): Told[] {
  const title = `${counted(count, 'batch', 'batches')} wait, the oldest for ${Math.round(oldestSeconds)} s`
  if (count <= overdue || oldestSeconds <= patience) return [fine('spool', count === 0 ? 'nothing waits' : title)]
  return [
    problem('spool-waiting', `${title}: no hook takes them in, so calls are not counted`, {
      command: ownCommand(look, 'doctor --fix'),
      mend: {
        key: 'spool',
        does: 'take in what waits, as the next hook would',
        act: () => drain(look.project.system, () => monitorReactions),
      },
    }),
  ]
}
