import { defaultConfig } from '../../lib/config/load.ts'
import { type LoggedSession, loggedEvents } from '../../lib/replay/call-log.ts'
import type { LoopLabel } from '../../lib/replay/evaluation.ts'
import { SpooledSession, type SpoolRule } from '../spooled-session.ts'
import { isHard, isOf } from './loops.ts'

type Rule = Pick<SpoolRule, 'gather' | 'watchStreaks'>

const rules: readonly Rule[] = [
  ...[2, 3, 4, 5].map((gather) => ({ gather, watchStreaks: false })),
  ...[3, 4, 5, 6, 7, 8].map((gather) => ({ gather, watchStreaks: true })),
]

/** A recorded session, played through the spool. */
interface Passed {
  readonly batches: number
  /** Batches that started Node because they had gathered. */
  readonly starts: number
  /** Places, counted over the session's calls, of those that were refused. */
  readonly refused: readonly number[]
}

function pass(session: LoggedSession, rule: SpoolRule, others = 0): Passed {
  const spooled = new SpooledSession(session.session, defaultConfig(), rule, others)
  let batches = 0
  const refused: number[] = []
  for (const recorded of loggedEvents(session)) {
    if (recorded.event.kind === 'batch') batches += 1
    if (spooled.play(recorded) === 'refused' && recorded.callIndex !== undefined) refused.push(recorded.callIndex)
  }
  return { batches, starts: spooled.starts, refused }
}

interface Loop {
  readonly label: LoopLabel
  readonly session: LoggedSession
  /** The call that is refused first where every batch starts Node. */
  readonly at: number
}

/** Place of the first refused call inside a loop; undefined where it ends before that. */
const firstRefused = ({ label, session }: Omit<Loop, 'at'>, rule: SpoolRule, others = 0): number | undefined =>
  pass(session, rule, others).refused.find((place) => place >= label.start && place <= label.end)

/**
 * A table in Markdown: what it saves in recorded sessions to let batches gather, and how much later their loops meet the first
 * refusal for it, over every number of batches that may wait when a session begins. `NaN` would be a loop that is no longer stopped.
 */
export function gatheringText(sessions: readonly LoggedSession[], labels: readonly LoopLabel[]): string[] {
  const loops = labels.filter(isHard).flatMap((label): Loop[] => {
    const session = sessions.find(isOf(label))
    const at = session && firstRefused({ label, session }, { gather: 1, watchStreaks: false, inBackground: false })
    return session === undefined || at === undefined ? [] : [{ label, session, at }]
  })
  const rows = rules.map((rule) => {
    const all = sessions.map((session) => pass(session, { ...rule, inBackground: true }))
    const sum = (what: 'batches' | 'starts') => all.reduce((total, each) => total + each[what], 0)
    const later = Array.from({ length: rule.gather }, (_, others) =>
      loops.map((loop) => (firstRefused(loop, { ...rule, inBackground: true }, others) ?? Number.NaN) - loop.at),
    ).flat()
    const late = later.filter((calls) => calls > 0).length
    return [
      `${rule.gather}${rule.watchStreaks ? ', and each once a streak has begun' : ''}`,
      (sum('starts') / sum('batches')).toFixed(2),
      `${late} of ${later.length}`,
      (later.reduce((total, calls) => total + calls, 0) / later.length).toFixed(2),
      String(Math.max(...later)),
    ]
  })
  return [
    '| batches that gather | Node starts per batch | loops stopped later | calls later, mean | worst |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ]
}
