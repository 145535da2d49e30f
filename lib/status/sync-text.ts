import type { ChalkInstance } from 'chalk'
import { clean } from '../calls/result.ts'
import type { FlushReport, SpoolReport } from '../resilience/contracts.ts'
import type { ServiceStatus } from '../resilience/service.ts'

/** What `breakerbox sync` tells: what waits, what became of it, and how the services are. */
export interface SyncReport {
  /** Where events wait. */
  readonly folder: string
  readonly spool: SpoolReport
  /** Only those that the user has named. */
  readonly services: Partial<Record<'patterns' | 'alerts', ServiceStatus>>
  /** Wrong values in the settings, one line each. */
  readonly problems: readonly string[]
  /** What was delivered now; absent where only the state was asked for. */
  readonly delivered?: FlushReport
}

/** @param now milliseconds since 1970. */
export function syncText(report: SyncReport, now: number, paint: ChalkInstance): string[] {
  const { spool, services, delivered, problems, folder } = report
  const routes = (['patterns', 'alerts'] as const).flatMap((route) => {
    const status = services[route]
    return status === undefined ? [] : [serviceLine(route, status, now, paint)]
  })
  const none =
    'No service is named: INTELLIGENCE_SERVICE_URL, or tracking.url and alerts.webhook in ~/.claude/breakerbox.json.'
  return [
    ...(delivered === undefined ? [] : [deliveredLine(delivered, paint)]),
    ...(routes.length === 0 ? [none] : routes),
    waitingLine(spool, now),
    `Ever: ${spool.sent} sent, ${spool.rejected} not accepted, ${spool.droppedForAge} dropped for age, ${spool.droppedForSize} dropped for size.`,
    ...(spool.lastError === undefined
      ? []
      : [`Last error, ${ago(spool.lastError.at, now)}: ${clean(spool.lastError.cause, 300)}`]),
    `Kept in ${folder}`,
    ...problems.map((problem) => `${paint.yellow('Note:')} ${clean(problem, 400)}`),
  ]
}

function deliveredLine({ sent, rejected, left, isBusy }: FlushReport, paint: ChalkInstance): string {
  if (isBusy) return paint.yellow('Another process is delivering just now; nothing was done here.')
  if (sent + rejected + left === 0) return 'Nothing was waiting.'
  const parts = [`${sent} delivered`]
  if (rejected > 0) parts.push(`${rejected} not accepted and given up`)
  if (left > 0) parts.push(`${left} still waiting`)
  const line = `${parts.join(', ')}.`
  return left + rejected === 0 ? paint.green(line) : paint.yellow(line)
}

function serviceLine(route: string, status: ServiceStatus, now: number, paint: ChalkInstance): string {
  const { address, health, circuit, pausedUntil } = status
  const found =
    health === undefined
      ? 'health not asked yet'
      : `${health.up ? paint.green('up') : paint.red(`down (${clean(health.cause ?? 'no cause is known', 120)})`)}, asked ${ago(health.checkedAt, now)}`
  const parts = [
    ...(route === 'patterns' ? [found] : []),
    ...(health?.components ?? []).map(({ name, status: state }) => `${clean(name, 40)} ${clean(state, 40)}`),
    `circuit ${circuit.state.toUpperCase().replace('_', '-')}${circuit.retryAt === undefined ? '' : `, tried again ${until(circuit.retryAt, now)}`}`,
    ...(pausedUntil === undefined ? [] : [`asked to be left alone, until ${until(pausedUntil, now)}`]),
  ]
  return `${route}: ${address}: ${parts.join('; ')}`
}

const waitingLine = ({ pending, bytes, oldest }: SpoolReport, now: number): string =>
  pending === 0
    ? 'Nothing waits.'
    : `${pending} waiting (${(bytes / 1000).toFixed(1)} kB), the oldest since ${ago(oldest ?? '', now)}.`

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const

function span(seconds: number): string {
  const [name, size] = units.find(([, each]) => seconds >= each) ?? ['s', 1]
  return `${Math.floor(seconds / size)} ${name}`
}

const ago = (at: string, now: number): string => `${span(Math.max(0, (now - Date.parse(at)) / 1000) || 0)} ago`

const until = (at: string, now: number): string => {
  const seconds = (Date.parse(at) - now) / 1000
  return seconds > 0 ? `in ${span(Math.ceil(seconds))}` : 'now'
}
