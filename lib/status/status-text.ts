import { clean } from '../calls/result.ts'
import {
  apiNext,
  closeCommand,
  closeFor,
  fleetName,
  fleetWords,
  holder,
  sharedBy,
  stateNames,
  tripPlace,
  whatNext,
} from './circuit-words.ts'
import type { Paint } from './paint.ts'
import { moment, size } from './quantities.ts'
import type { ApiReport, CircuitReport, StatusReport } from './status-report.ts'

export interface StatusOptions {
  /** Whether each part of the memory folder is shown against its limit. */
  readonly memory: boolean
  /** What stands before a command's name at the prompt of a session, `/` or a plugin's; absent for a reader in a terminal. */
  readonly atPrompt?: string
}

/** The report for a person: what is refused first, then that all else is well, then memory. */
export function statusText(
  report: StatusReport,
  project: string,
  paint: Paint,
  { memory, atPrompt }: StatusOptions,
): string[] {
  const { circuits, mode, llmApi, fleet } = report
  const refusing = circuits.filter(({ state }) => state !== 'closed')
  const lines = [`Breakerbox in ${clean(project, 200)}${mode === 'enforce' ? '' : ` (mode: ${mode})`}`, '']
  const around = { mode, server: fleetName(report), paint, atPrompt }
  for (const circuit of refusing) lines.push(...circuitLines(circuit, around), '')
  if (llmApi !== undefined) lines.push(...apiLines(llmApi, around), '')
  lines.push(
    refusing.length === 0 && (llmApi === undefined || llmApi.state === 'closed')
      ? paint.green('Active breakers: none (all systems operational)')
      : paint.dim('All others: CLOSED (normal operation)'),
  )
  if (fleet !== undefined) lines.push('', fleetLine(fleet, paint))
  const incidents = Object.entries(report.incidents24h).sort(([, a], [, b]) => b - a)
  if (incidents.length > 0) {
    lines.push('', `Last 24 hours: ${incidents.map(([kind, count]) => `${count} × ${clean(kind, 30)}`).join(', ')}`)
  }
  lines.push('', ...memoryLines(report, paint, memory))
  for (const problem of report.configProblems ?? []) lines.push('', `${paint.yellow('Config:')} ${clean(problem, 300)}`)
  return lines
}

/** What the lines of one circuit need to know besides. */
interface Around {
  readonly mode: StatusReport['mode']
  readonly server: string
  readonly paint: Paint
  readonly atPrompt: string | undefined
}

function circuitLines(circuit: CircuitReport, { mode, server, paint, atPrompt }: Around): string[] {
  const { state, pattern, subject, lastTrip } = circuit
  const details = [
    `trip ${circuit.trips}, level ${circuit.level}${circuit.denials > 0 ? `, refused ${circuit.denials} × since` : ''}`,
    `last trip ${tripPlace(circuit)} at ${moment(lastTrip.at)}: ${clean(lastTrip.reason, 240)}`,
    holder(circuit, server),
    closeLine(circuit.scope, pattern, atPrompt),
  ]
  return [
    `${stateName(state, paint)}  ${paint.bold(clean(subject, 120))}  ${paint.dim(pattern)}  ${mode === 'enforce' ? whatNext(circuit) : `nothing is refused in mode ${mode}`}`,
    ...details.map((detail) => `  ${detail}`),
  ]
}

function stateName(state: CircuitReport['state'], paint: Paint): string {
  const colour =
    state === 'half_open' || state === 'disabled' ? paint.yellow : state === 'closed' ? paint.green : paint.red
  return colour(paint.bold(stateNames[state]))
}

const closeLine = (scope: CircuitReport['scope'], pattern: string, atPrompt: string | undefined): string =>
  `${closeFor(scope)}: ${closeCommand(scope, pattern, atPrompt)}`

function apiLines(api: ApiReport, { mode, server, paint, atPrompt }: Around): string[] {
  const { state, scope, failures, reason } = api
  return [
    `${stateName(state, paint)}  ${paint.bold('the model API')}  ${paint.dim('llm_api')}  ${mode === 'enforce' ? apiNext(api) : `nothing waits in mode ${mode}`}`,
    ...(state === 'closed' ? [`  ${failures} failures in a row`] : []),
    ...(reason === null ? [] : [`  ${clean(reason, 240)}`]),
    `  ${sharedBy(scope, server)}`,
    `  ${closeLine(scope, 'llm_api', atPrompt)}`,
  ]
}

function fleetLine(fleet: NonNullable<StatusReport['fleet']>, paint: Paint): string {
  const { answers, text } = fleetWords(fleet)
  return answers ? `Fleet       ${text}` : `${paint.yellow('Fleet:')} ${text}`
}

function memoryLines({ memory }: StatusReport, paint: Paint, all: boolean): string[] {
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
  paint: Paint,
  show: (value: number) => string = String,
): string {
  const share = limit === 0 ? 1 : value / limit
  const filled = Math.min(width, Math.round(share * width))
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
  const colour = share >= 1 ? paint.red : share >= 0.8 ? paint.yellow : paint.green
  return `${label.padEnd(12)}${colour(bar)} ${Math.round(share * 100)} % (${show(value)} of ${show(limit)})`
}

const days = (value: number): string => `${value} ${value === 1 ? 'day' : 'days'}`
