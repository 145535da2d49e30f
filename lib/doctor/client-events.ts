import { compareVersions } from './versions.ts'

/** Since when the client fires an event, as far as a source says so. */
interface Known {
  /** Introduced with it. */
  readonly since?: string
  /** There with it; when it came is not told anywhere. */
  readonly seenIn?: string
}

/**
 * `since`: the client's own changelog names the version. `seenIn`: the changelog speaks of the event as something that is there
 * (`PostToolUseFailure`), or the event was recorded with that version (`PostToolBatch`).
 */
const events: Readonly<Record<string, Known>> = {
  PreToolUse: { since: '1.0.38' },
  PostToolUse: { since: '1.0.38' },
  Stop: { since: '1.0.38' },
  SubagentStop: { since: '1.0.41' },
  UserPromptSubmit: { since: '1.0.54' },
  SessionStart: { since: '1.0.62' },
  SessionEnd: { since: '1.0.85' },
  SubagentStart: { since: '2.0.43' },
  StopFailure: { since: '2.1.78' },
  PostToolUseFailure: { seenIn: '2.1.119' },
  PostToolBatch: { seenIn: '2.1.330' },
}

export type Firing = 'fires' | 'does not fire' | 'not known'

/** Whether a version of the client fires an event. Pure. */
export function firing(event: string, version: string): Firing {
  const { since, seenIn } = events[event] ?? {}
  if (since !== undefined) return compareVersions(version, since) < 0 ? 'does not fire' : 'fires'
  return seenIn !== undefined && compareVersions(version, seenIn) >= 0 ? 'fires' : 'not known'
}

/** The version that brought an event; undefined where that is not known. */
export const broughtBy = (event: string): string | undefined => events[event]?.since
