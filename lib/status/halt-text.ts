import { clean } from '../calls/result.ts'

/** What `circuit-status --halted` says, line by line. */
export function haltText(
  halt: {
    readonly at?: string | undefined
    readonly session?: string | undefined
    readonly agent?: string | undefined
    readonly subject?: string | undefined
    readonly reason?: string | undefined
    readonly denials?: number | undefined
    readonly howToContinue?: readonly string[]
  } | null,
): string[] {
  if (halt === null) return ['Not halted.']
  const who = halt.agent === undefined || halt.agent === 'main' ? 'The run' : `Subagent ${clean(halt.agent, 60)}`
  return [
    `${who} was halted at ${clean(halt.at ?? 'an unknown time', 40)} (session ${clean(halt.session ?? 'unknown', 60)}).`,
    `${clean(halt.subject ?? 'A call', 120)} ${clean(halt.reason ?? 'looped', 300)}; asked again ${halt.denials ?? 0} times.`,
    ...(halt.howToContinue ?? []).map((way) => `- ${clean(way, 300)}`),
    '- In a terminal: reset-circuit --all',
  ]
}
