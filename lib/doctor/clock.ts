import { join } from 'node:path'
import { quoted } from '../guard/guard-command.ts'
import { circuitStateKind, haltKind } from '../session/documents.ts'
import { counted } from '../status/quantities.ts'
import { fine, note } from './finding.ts'
import { type Check, hasMemory, type Look } from './look.ts'

/** Milliseconds that two clocks, or two processes on a busy machine, may differ by. */
const tolerance = 60_000

/** Whether anything says that it happened later than now: then a clock was put back. */
export const clock: Check = {
  id: 'clock',
  group: 'Memory',
  async examine(look) {
    const { now } = look.project
    const times = hasMemory(look) ? [...(await timesInState(look)), ...timesOfFiles(look)] : []
    const ahead = times.filter(({ at }) => at - now > tolerance)
    if (ahead.length === 0) return [fine('clock', 'no time lies in the future')]
    const most = Math.max(...ahead.map(({ at }) => at - now))
    const paths = ahead.flatMap(({ path }) => (path === undefined ? [] : [path]))
    const command =
      paths.length === ahead.length ? `touch ${paths.slice(0, 5).map(quoted).join(' ')}` : 'reset-circuit --all'
    return [
      note('time-in-future', `${counted(ahead.length, 'time')} in the future, by up to ${Math.round(most / 1000)} s`, {
        detail: [
          ...ahead.slice(0, 5).map(({ what, at }) => `${what}: ${new Date(at).toISOString()}`),
          'A clock was put back. No wait gets longer than its cooldown by it.',
        ],
        command,
      }),
    ]
  },
}

interface Time {
  readonly what: string
  readonly at: number
  /** Of a file whose own time it is. */
  readonly path?: string
}

async function timesInState({ project }: Look): Promise<Time[]> {
  const { document: state } = await project.store.read(circuitStateKind)
  const { document: halt } = await project.store.read(haltKind)
  const texts = [
    ...state.circuits.flatMap(({ subject, lastTrip, status }) => [
      [`last trip of ${subject}`, lastTrip.at] as const,
      ...(status.state === 'open' ? [[`opening of ${subject}`, status.openedAt] as const] : []),
    ]),
    ...(halt.at === undefined ? [] : [['the last halt', halt.at] as const]),
  ]
  return texts.map(([what, at]) => ({ what, at: Date.parse(at) }))
}

function timesOfFiles({ system, project }: Look): Time[] {
  const { memory } = project.paths
  return system.files.list(memory).flatMap((name) => {
    const path = join(memory, name)
    const at = system.files.facts(path)?.modifiedAt
    return at === undefined ? [] : [{ what: path, at, path }]
  })
}
