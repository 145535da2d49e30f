import { clean } from '../calls/result.ts'
import { type Explanation, explain } from '../engine/explain.ts'
import type { Incident } from '../engine/incident.ts'
import { goesBy } from '../engine/reset.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import { sessionKind } from '../session/documents.ts'
import type { Project } from '../session/project.ts'
import type { Paint } from './paint.ts'
import { moment } from './quantities.ts'

/** Which trip or warning is meant: the last one that fits; the last of all where nothing is said. */
export interface WhyChoice {
  readonly session?: string
  /** A pattern, a subject, or `pattern:subject`. */
  readonly circuit?: string
}

export interface WhyReport {
  readonly explanation: Explanation
  /** What happened to the same circuit since then, oldest first. */
  readonly after: readonly Incident[]
}

/** What was behind a trip or a warning; undefined where none is meant. Changes nothing. */
export async function whyReport(project: Project, choice: WhyChoice): Promise<WhyReport | undefined> {
  const { incidents } = readIncidents(project.system, project.paths.incidents)
  const found = incidents.findLast((incident) => isMeant(incident, choice))
  if (found === undefined) return undefined
  const { document } = await project.store.read(sessionKind(found.session ?? ''))
  return {
    explanation: explain(found, document, project.config),
    after: incidents.slice(incidents.indexOf(found) + 1).filter((each) => isAbout(each, found)),
  }
}

const explained = new Set<Incident['kind']>(['trip', 'warning', 'observed'])

function isMeant(incident: Incident, { session, circuit }: WhyChoice): boolean {
  if (!explained.has(incident.kind) || incident.pattern === undefined) return false
  if (session !== undefined && incident.session !== session) return false
  return circuit === undefined || goesBy({ pattern: incident.pattern, subject: incident.subject ?? '' }, circuit)
}

const isAbout = (incident: Incident, trip: Incident): boolean =>
  incident.pattern === trip.pattern && incident.subject === trip.subject && incident.session === trip.session

/** Said where there is nothing to report. */
export const nothingToExplain = ({ paths }: Project, choice: WhyChoice): string =>
  `no trip or warning ${describeChoice(choice)} in ${paths.incidents}`

function describeChoice({ session, circuit }: WhyChoice): string {
  if (circuit !== undefined) return `of ${JSON.stringify(clean(circuit, 120))}`
  return session === undefined ? 'yet' : `of session ${JSON.stringify(clean(session, 80))}`
}

const words: Partial<Record<Incident['kind'], string>> = {
  trip: 'tripped',
  warning: 'was warned about',
  observed: 'would have tripped',
}

/** The report for a person: what, where and why, the chain of calls behind it, and what came of it. */
export function whyText({ explanation, after }: WhyReport, paint: Paint): string[] {
  const { incident, windowMovedOn, chain } = explanation
  const subject = clean(incident.subject ?? 'a call', 120)
  const agent = incident.agent === undefined || incident.agent === 'main' ? '' : `, agent ${clean(incident.agent, 40)}`
  const lines = [
    `${paint.bold(subject)} ${words[incident.kind]}  ${paint.dim(incident.pattern ?? '')}`,
    `  in turn ${incident.turn} at ${moment(incident.at)} (session ${clean(incident.session ?? 'unknown', 60)}${agent})`,
    `  because it ${clean(incident.reason ?? 'looped', 300)}`,
  ]
  if (windowMovedOn) lines.push('', 'The window of that session has moved on; the chain of calls is no longer known.')
  if (chain.length > 0) lines.push('')
  for (const { entry, counted } of chain) {
    const name = counted ? subject : clean(entry.tool, 60)
    const line = `  turn ${String(entry.turn).padStart(3)}  ${moment(entry.at)}  ${entry.outcome.padEnd(9)}  ${name}`
    lines.push(counted ? `${line}  ${paint.red('← counted')}` : paint.dim(line))
  }
  if (after.length > 0) lines.push('', 'Since then:')
  for (const each of after.slice(-20)) {
    lines.push(`  ${moment(each.at)}  ${each.kind}${each.turn === undefined ? '' : ` in turn ${each.turn}`}`)
  }
  return lines
}
