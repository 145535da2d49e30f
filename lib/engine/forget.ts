import { isFailure } from '../calls/outcome.ts'
import { longestWindow } from '../patterns/patterns.ts'
import type { CallEntry, Entry } from '../windows/entry.ts'
import type { Draft } from './draft.ts'
import { type AgentProgress, mainAgent, type SessionMemory } from './memory.ts'

/** Turns that a round of changing something and running it again may take: rounds are counted over more than a window. */
const turnsPerRound = 15
/** A subagent that has stopped may be sent on for this long as if it had not, milliseconds. */
const afterStop = 10 * 60 * 1000

/**
 * The memory without what no pattern looks at any more. Every hook reads all of it, so what nobody needs is paid for with each
 * event. Called where a turn begins; the same object where nothing is forgotten.
 *
 * - A call goes when every window of turns has left it behind, a failure when the rounds that are counted have.
 * - A subagent's calls go ten minutes after it has stopped: its turns do not go on, so they would never get old.
 * - A call to the outside stays for the seconds in which those are counted.
 * - A prompt goes when every call before it has gone: it parts nothing.
 *
 * @param begun the turn that begins.
 */
export function withoutOld(
  { memory, config, now }: Pick<Draft, 'memory' | 'config' | 'now'>,
  begun: Pick<AgentProgress, 'agent' | 'turn'>,
): SessionMemory {
  const limits = config.circuit_breakers
  const turns = longestWindow(limits)
  const rounds = Math.max(turns, limits.tool_failure.warn_after_edit_rounds * turnsPerRound)
  const ageOf = ({ at }: CallEntry): number => now - Date.parse(at)
  const isOld = (entry: CallEntry): boolean => {
    if (entry.outside !== undefined && ageOf(entry) < limits.external_api.window_seconds * 1000) return false
    if (entry.agent !== begun.agent) return hasStopped(memory, entry.agent) && ageOf(entry) > afterStop
    // What is pending holds an agent's slot.
    const staysLonger = isFailure(entry.outcome) || entry.outcome === 'pending'
    return entry.turn <= begun.turn - (staysLonger ? rounds : turns)
  }
  const young = memory.entries.filter((entry) => !isCall(entry) || !isOld(entry))
  const first = young.findIndex(isCall)
  const entries = first < 0 ? [] : young.slice(first)
  return entries.length === memory.entries.length ? memory : { ...memory, entries }
}

const isCall = (entry: Entry): entry is CallEntry => entry.kind === 'call'

const hasStopped = ({ running }: SessionMemory, agent: string): boolean =>
  agent !== mainAgent && !running.includes(agent)
