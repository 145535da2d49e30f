import { isLoop } from '../engine/circuit.ts'
import type { Incident } from '../engine/incident.ts'
import type { PatternName } from '../patterns/finding.ts'

/** One circuit from its trip to its end, as far as the incidents tell. Times are milliseconds since 1970. */
export interface Episode {
  readonly pattern: PatternName
  readonly subject: string
  readonly session: string
  readonly trippedAt: number
  /** From the first counted call to the trip; absent where the trip does not say since when it counted. */
  readonly loopMs?: number
  /** One round of the loop, on average; absent where that is, or where only one call was counted. */
  readonly roundMs?: number
  readonly refused: number
  readonly probes: number
  /** Failed probes. */
  readonly reopened: number
  /** Edits that ended a cooldown early. */
  readonly eased: number
  readonly bypassed: number
  readonly halts: number
  /** How it closed; absent while it is open, and where its session just ended. */
  readonly end?: { readonly at: number; readonly by: 'recovery' | 'reset' }
}

type Growing = { -readonly [Field in keyof Episode]: Episode[Field] } & { readonly agent: string | undefined }

/** The episodes whose trip is among these incidents, in order of their trips. @param incidents in order of time. */
export function episodesOf(incidents: readonly Incident[]): Episode[] {
  const all: Growing[] = []
  const running = new Map<string, Growing[]>()
  for (const incident of incidents) {
    const { pattern, kind, agent } = incident
    if (pattern === undefined) continue
    const key = circuitOf(pattern, incident)
    const there = running.get(key) ?? []
    if (kind === 'trip') {
      const begun = begin(pattern, incident)
      all.push(begun)
      // The same agent's last one has ended without a word.
      running.set(key, [...there.filter((each) => !isSameAgent(each.agent, agent)), begun])
      continue
    }
    const episode = there.findLast((each) => isSameAgent(each.agent, agent))
    if (episode === undefined) continue
    take(episode, incident)
    if (episode.end !== undefined) {
      const left = there.filter((each) => each !== episode)
      running.set(key, left)
    }
  }
  return all.map(({ agent: _agent, ...episode }) => episode)
}

/** What a circuit is known by in the log. A limit is shared by sessions, and told of by each under its own name. */
const circuitOf = (pattern: PatternName, { session, subject }: Incident): string =>
  isLoop(pattern) || pattern === 'hook_recursion' ? [pattern, session, subject].join('\n') : pattern

/** A circuit of a whole session names no agent when it closes. */
const isSameAgent = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === b

function begin(pattern: PatternName, { at, subject = '', session = '', agent, since, count = 0 }: Incident): Growing {
  const trippedAt = Date.parse(at)
  const loopMs = trippedAt - Date.parse(since ?? '')
  return {
    pattern,
    subject,
    session,
    // Who shares a limit has no say in when it ends.
    agent: isLoop(pattern) ? agent : undefined,
    trippedAt,
    ...(loopMs >= 0 ? { loopMs, ...(count > 1 ? { roundMs: loopMs / (count - 1) } : {}) } : {}),
    refused: 0,
    probes: 0,
    reopened: 0,
    eased: 0,
    bypassed: 0,
    halts: 0,
  }
}

function take(episode: Growing, { kind, at }: Incident): void {
  switch (kind) {
    case 'denial':
      episode.refused += 1
      break
    case 'probe':
      episode.probes += 1
      break
    case 'reopen':
      episode.reopened += 1
      break
    case 'eased':
      episode.eased += 1
      break
    case 'bypass':
      episode.bypassed += 1
      break
    case 'halt':
      episode.halts += 1
      break
    case 'recovery':
    case 'reset':
      episode.end = { at: Date.parse(at), by: kind }
      break
  }
}

/** A reset so soon after the trip says that a person did not want the refusal, milliseconds. */
export const soonMs = 10 * 60_000

/**
 * What speaks against a refusal:
 * - `bypassed`: a person's words let a call through the open circuit;
 * - `reset`: a person closed it within ten minutes of the trip, and no run was halted;
 * - `passed`: a loop was no more when its first probe came, and nothing had been edited. (A limit's probe always passes.)
 */
export type Sign = 'bypassed' | 'reset' | 'passed'

/** The strongest sign that an episode was a false alarm; undefined where nothing speaks for that. */
export function signOf({
  pattern,
  trippedAt,
  bypassed,
  probes,
  reopened,
  eased,
  halts,
  end,
}: Episode): Sign | undefined {
  if (bypassed > 0) return 'bypassed'
  if (end === undefined) return undefined
  // After a halt it is how a person goes on.
  if (end.by === 'reset') return halts === 0 && end.at - trippedAt <= soonMs ? 'reset' : undefined
  return isLoop(pattern) && probes === 1 && reopened === 0 && eased === 0 ? 'passed' : undefined
}
