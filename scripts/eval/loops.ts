import type { LoggedSession } from '../../lib/replay/call-log.ts'
import type { LoopLabel } from '../../lib/replay/evaluation.ts'

/** Loops that go on and on; the softer ones are told and not stopped. */
export const isHard = ({ grade }: LoopLabel): boolean => grade === 'blatant' || grade === 'poll'

/** Whether a session is the one that a label is about. */
export const isOf =
  (label: LoopLabel) =>
  ({ source, session }: LoggedSession): boolean =>
    label.source === source && label.session === session
