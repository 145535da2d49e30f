import type { Draft } from './draft.ts'
import type { HaltedAgent } from './memory.ts'
import { subagentHalted } from './messages.ts'

/** The parent of a halted subagent learns why it came back empty. */
export function tellParent(draft: Draft, halt: HaltedAgent): void {
  draft.memory = {
    ...draft.memory,
    halted: draft.memory.halted.filter((known) => known !== halt),
    running: draft.memory.running.filter((running) => running !== halt.agent),
  }
  draft.context.push(subagentHalted(halt.subject, halt.reason))
  // the client shows no message of a hook inside a subagent to the person: this is the place where they can read it
  draft.person.push(`Breakerbox halted subagent ${halt.agent}: ${halt.subject} ${halt.reason}.`)
}
