import { redact } from '../calls/redact.ts'
import { clean } from '../calls/result.ts'

/** What a team is told of. */
export interface Alert {
  readonly kind: 'circuit_tripped' | 'run_halted' | 'hook_down'
  /** ISO 8601 UTC. */
  readonly at: string
  readonly machine: string
  /** The project's folder name; absent for a hook, which serves many projects. */
  readonly project?: string
  readonly session_id?: string
  readonly pattern?: string
  /** What is refused, or the hook's command. */
  readonly subject: string
  /** Trips, refusals or failures so far. */
  readonly count: number
  /** Why, one line. */
  readonly reason: string
}

const longest = 600
const line = (text: string): string => clean(redact(text), longest)

/** What is posted: the fields and the sentence, or what Slack's incoming webhooks take. */
export function alertBody(alert: Alert, format: 'json' | 'slack'): Readonly<Record<string, unknown>> {
  const told = { ...alert, subject: line(alert.subject), reason: line(alert.reason) }
  const text = alertText(told)
  return format === 'slack' ? { text: forSlack(text) } : { ...told, text }
}

function alertText({ kind, machine, project, pattern, subject, count, reason }: Alert): string {
  const where = project === undefined ? machine : `${project} on ${machine}`
  const why = reason === '' ? '' : ` (${reason})`
  switch (kind) {
    case 'circuit_tripped':
      return `Breakerbox, ${where}: ${subject} is blocked, for the ${ordinal(count)} time, by ${pattern}${why}. See it there: circuit-status`
    case 'run_halted':
      return `Breakerbox, ${where}: a run was halted; it asked for ${subject} ${count} times after ${pattern} had refused it${why}. How to go on: circuit-status --halted`
    case 'hook_down':
      return `Breakerbox, ${where}: the hook ${JSON.stringify(subject)} is down after ${count} failures in a row${why}. See it there: hook-health`
    default:
      return kind satisfies never
  }
}

/** The three characters that Slack's text gives a meaning; escaped, nobody can be mentioned and no link be hidden. */
const forSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function ordinal(n: number): string {
  const tens = n % 100
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${ending}`
}
