import { Chalk, type ChalkInstance } from 'chalk'
import type { Command } from 'commander'
import { clean } from '../calls/result.ts'
import { type Explanation, explain } from '../engine/explain.ts'
import type { Incident } from '../engine/incident.ts'
import { goesBy } from '../engine/reset.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import { sessionKind } from '../session/documents.ts'
import type { System } from '../system/system.ts'
import { openNamedProject } from './open-named-project.ts'
import { type CommandResult, failed, type Invocation, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly session?: string
  readonly circuit?: string
  readonly json?: boolean
}

/** Adds `why` to a program. */
export function addWhy(
  program: Command,
  system: System,
  invocation: Invocation,
  act: (run: () => Promise<CommandResult>) => void,
): void {
  program
    .command('why')
    .description('show the chain of calls behind the last trip or warning')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option('--last', 'the last one of all (the default)')
    .option('--session <id>', 'the last one of this session')
    .option('--circuit <name>', 'the last one of a pattern, a subject, or pattern:subject')
    .option('--json', 'print the explanation as JSON')
    .action((options: Options) => act(() => why(system, invocation, options)))
}

async function why(system: System, invocation: Invocation, options: Options): Promise<CommandResult> {
  const project = openNamedProject(system, options.project)
  if ('exitCode' in project) return project
  const { incidents } = readIncidents(system, project.paths.incidents)
  const found = incidents.findLast((incident) => isMeant(incident, options))
  if (found === undefined)
    return failed(`breakerbox why: no trip or warning ${describeChoice(options)} in ${project.paths.incidents}`)
  const { document } = await project.store.read(sessionKind(found.session ?? ''))
  const explanation = explain(found, document, project.config)
  if (options.json === true) return printed(JSON.stringify(explanation, null, 2))
  const after = incidents.slice(incidents.indexOf(found) + 1).filter((each) => isAbout(each, found))
  return printed(...explanationText(explanation, after, new Chalk({ level: invocation.colour ? 1 : 0 })))
}

const explained = new Set<Incident['kind']>(['trip', 'warning', 'observed'])

function isMeant(incident: Incident, { session, circuit }: Options): boolean {
  if (!explained.has(incident.kind) || incident.pattern === undefined) return false
  if (session !== undefined && incident.session !== session) return false
  return circuit === undefined || goesBy({ pattern: incident.pattern, subject: incident.subject ?? '' }, circuit)
}

const isAbout = (incident: Incident, trip: Incident): boolean =>
  incident.pattern === trip.pattern && incident.subject === trip.subject && incident.session === trip.session

function describeChoice({ session, circuit }: Options): string {
  if (circuit !== undefined) return `of ${JSON.stringify(clean(circuit, 120))}`
  return session === undefined ? 'yet' : `of session ${JSON.stringify(clean(session, 80))}`
}

const words: Partial<Record<Incident['kind'], string>> = {
  trip: 'tripped',
  warning: 'was warned about',
  observed: 'would have tripped',
}

function explanationText(
  { incident, windowMovedOn, chain }: Explanation,
  after: readonly Incident[],
  paint: ChalkInstance,
): string[] {
  const subject = clean(incident.subject ?? 'a call', 120)
  const agent = incident.agent === undefined || incident.agent === 'main' ? '' : `, agent ${clean(incident.agent, 40)}`
  const lines = [
    `${paint.bold(subject)} ${words[incident.kind]}  ${paint.dim(incident.pattern ?? '')}`,
    `  in turn ${incident.turn} at ${clock(incident.at)} (session ${clean(incident.session ?? 'unknown', 60)}${agent})`,
    `  because it ${clean(incident.reason ?? 'looped', 300)}`,
  ]
  if (windowMovedOn) lines.push('', 'The window of that session has moved on; the chain of calls is no longer known.')
  if (chain.length > 0) lines.push('')
  for (const { entry, counted } of chain) {
    const name = counted ? subject : clean(entry.tool, 60)
    const line = `  turn ${String(entry.turn).padStart(3)}  ${clock(entry.at)}  ${entry.outcome.padEnd(9)}  ${name}`
    lines.push(counted ? `${line}  ${paint.red('← counted')}` : paint.dim(line))
  }
  if (after.length > 0) lines.push('', 'Since then:')
  for (const each of after.slice(-20)) {
    lines.push(`  ${clock(each.at)}  ${each.kind}${each.turn === undefined ? '' : ` in turn ${each.turn}`}`)
  }
  return lines
}

const clock = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`
