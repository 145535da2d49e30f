import type { ChalkInstance } from 'chalk'
import { clean } from '../calls/result.ts'
import type { CircuitReport, StatusReport } from './status-report.ts'

/** The report for a person: what is refused first, then that all else is well, then memory. */
export function statusText(
  report: StatusReport,
  project: string,
  paint: ChalkInstance,
  options: { memory: boolean },
): string[] {
  const { circuits, mode } = report
  const refusing = circuits.filter(({ state }) => state !== 'closed')
  const lines = [`Breakerbox in ${clean(project, 200)}${mode === 'enforce' ? '' : ` (mode: ${mode})`}`, '']
  for (const circuit of refusing) lines.push(...circuitLines(circuit, mode, paint), '')
  lines.push(
    refusing.length === 0
      ? paint.green('Active breakers: none (all systems operational)')
      : paint.dim('All others: CLOSED (normal operation)'),
  )
  const incidents = Object.entries(report.incidents24h).sort(([, a], [, b]) => b - a)
  if (incidents.length > 0) {
    lines.push('', `Last 24 hours: ${incidents.map(([kind, count]) => `${count} × ${clean(kind, 30)}`).join(', ')}`)
  }
  lines.push('', ...memoryLines(report, paint, options.memory))
  for (const problem of report.configProblems ?? []) lines.push('', `${paint.yellow('Config:')} ${clean(problem, 300)}`)
  return lines
}

const names: Record<CircuitReport['state'], string> = {
  open: 'OPEN',
  half_open: 'HALF-OPEN',
  forced_open: 'FORCED OPEN',
  disabled: 'DISABLED',
  closed: 'CLOSED',
}

function circuitLines(circuit: CircuitReport, mode: StatusReport['mode'], paint: ChalkInstance): string[] {
  const { state, pattern, subject, lastTrip } = circuit
  const colour =
    state === 'half_open' || state === 'disabled' ? paint.yellow : state === 'closed' ? paint.green : paint.red
  const agent =
    circuit.agent === 'main' ? '' : circuit.agent === '*' ? ', all agents' : `, agent ${clean(circuit.agent, 40)}`
  const details = [
    `trip ${circuit.trips}, level ${circuit.level}${circuit.denials > 0 ? `, refused ${circuit.denials} × since` : ''}`,
    `last trip in turn ${lastTrip.turn} at ${lastTrip.at.slice(0, 19).replace('T', ' ')} UTC: ${clean(lastTrip.reason, 240)}`,
    `session ${clean(circuit.session, 60)}${agent}`,
    `close it: reset-circuit --circuit ${pattern}`,
  ]
  return [
    `${colour(paint.bold(names[state]))}  ${paint.bold(clean(subject, 120))}  ${paint.dim(pattern)}  ${mode === 'enforce' ? whatNext(circuit) : `nothing is refused in mode ${mode}`}`,
    ...details.map((detail) => `  ${detail}`),
  ]
}

function whatNext({ state, cooldownRemainingSeconds, retryAt }: CircuitReport): string {
  switch (state) {
    case 'open':
      return `refused for ${cooldownRemainingSeconds} s more (until ${retryAt?.slice(11, 19)} UTC), then one probe`
    case 'half_open':
      return 'the next call is let through as a probe'
    case 'forced_open':
      return 'refused until a person closes it'
    case 'disabled':
      return 'never refused; set by hand'
    case 'closed':
      return ''
    default:
      return state satisfies never
  }
}

function memoryLines({ memory }: StatusReport, paint: ChalkInstance, all: boolean): string[] {
  if (memory.problem !== undefined) return [`${paint.yellow('Memory:')} ${clean(memory.problem, 300)}`]
  const lines = [barLine('Memory', memory.totalBytes, memory.limitBytes, paint, size)]
  if (!all) return lines
  const { telemetry, sessions, archives, sessionArchives, own, limitBytes } = memory
  for (const log of telemetry) {
    lines.push(
      `  ${clean(log.file, 80)}`,
      barLine('    lines', log.lines, log.limitLines, paint),
      barLine('    size', log.bytes, log.limitBytes, paint, size),
      barLine('    age', log.ageDays, log.limitDays, paint, days),
    )
  }
  lines.push(
    '  session files of other tools',
    barLine('    files', sessions.active, sessions.limit, paint),
    '  archives of logs',
    barLine('    files', archives.count, archives.limit, paint),
    barLine('    size', archives.bytes, limitBytes, paint, size),
    `  archives of sessions: ${sessionArchives.count}`,
    barLine('    size', sessionArchives.bytes, limitBytes, paint, size),
    '  our own',
    barLine('    state', own.state.bytes, own.state.limitBytes, paint, size),
    `${barLine('    windows', own.windows.mostEntries, own.windows.limitEntries, paint)} calls in the longest of ${own.windows.count}`,
    barLine('    spool', own.spool.count, own.spool.limit, paint),
    ...(memory.next.length === 0
      ? ['  The next cleanup has nothing to do.']
      : ['  The next cleanup:', ...memory.next.map((action) => `    ${clean(action, 160)}`)]),
  )
  return lines
}

const width = 20

function barLine(
  label: string,
  value: number,
  limit: number,
  paint: ChalkInstance,
  show: (value: number) => string = String,
): string {
  const share = limit === 0 ? 1 : value / limit
  const filled = Math.min(width, Math.round(share * width))
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
  const colour = share >= 1 ? paint.red : share >= 0.8 ? paint.yellow : paint.green
  return `${label.padEnd(12)}${colour(bar)} ${Math.round(share * 100)} % (${show(value)} of ${show(limit)})`
}

function size(bytes: number): string {
  return bytes < 1024 * 100 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

const days = (value: number): string => `${value} ${value === 1 ? 'day' : 'days'}`
