import { timesInTurns } from './finding.ts'

export interface HookRecursionLimits {
  readonly threshold: number
  readonly window_turns: number
  readonly max_depth: number
}

/** Where a session stands in a line of sessions, each of which has started the next. */
export interface Nesting {
  /** 1 for a session that no other one has started. */
  readonly depth: number
  /** The line from the outermost session inwards, as a person would write it, secrets taken out. */
  readonly chain: string
}

/** Why a session is nested too deeply, as it follows the session's name; undefined where it is not. */
export const tooDeep = (
  { depth, chain }: Nesting,
  { max_depth }: Pick<HookRecursionLimits, 'max_depth'>,
): string | undefined => (depth > max_depth ? `is ${depth} deep, more than ${max_depth}: ${chain}` : undefined)

/** A time that a hook has held back the end of an agent's work, which then goes on and ends anew. */
export interface HookBlock {
  /** The agent's turn, in its own count. */
  readonly turn: number
}

/**
 * Why a hook holds an agent in a loop, as it follows the hook's name; undefined where it does not. Work between two blocks
 * takes turns, so a hook that keeps an agent at work is none.
 *
 * @param blocks of one hook and one agent under one prompt, oldest first, the latest included.
 */
export function blocksTooOften(
  blocks: readonly HookBlock[],
  { threshold, window_turns }: Omit<HookRecursionLimits, 'max_depth'>,
): string | undefined {
  const last = blocks.at(-1)?.turn ?? 0
  const recent = blocks.filter(({ turn }) => turn > last - window_turns)
  if (recent.length <= threshold) return undefined
  return `blocked ${timesInTurns(recent.length, last - (recent[0]?.turn ?? last) + 1)} of one prompt, more than ${threshold} times in ${window_turns}`
}

/** The environment variable by which what a session starts knows how deep that session is. */
export const depthVariable = 'BREAKERBOX_DEPTH'

/** A session's depth as far as its environment tells: one more than that of the session it was started in. */
export function depthByEnvironment(env: Readonly<Record<string, string | undefined>>): number {
  const outer = env[depthVariable] ?? ''
  return /^\d{1,3}$/.test(outer) ? Number(outer) + 1 : 1
}
