import type { Verdict } from '../engine/step.ts'
import type { Answer } from '../protocol/answer.ts'

/** A verdict as an answer to the client. */
export function answerOf({ refusal, stop, context, person }: Verdict): Answer {
  const end = refusal?.halt ?? stop
  return {
    ...(refusal === undefined ? {} : { deny: refusal.reason }),
    ...(end === undefined ? {} : { stop: end }),
    ...(context.length === 0 ? {} : { context: context.join('\n\n') }),
    ...(person.length === 0 ? {} : { person: person.join('\n') }),
  }
}
