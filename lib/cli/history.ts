import { Chalk } from 'chalk'
import type { Command } from 'commander'
import { clean } from '../calls/result.ts'
import { firstMoment, historyReport, mostDays, usualDays } from '../status/history.ts'
import { historyText } from '../status/history-text.ts'
import { readPast } from '../status/past-incidents.ts'
import type { System } from '../system/system.ts'
import { daysOption } from './days-option.ts'
import { harmlessJson } from './harmless-json.ts'
import { openNamedProject } from './open-named-project.ts'
import { type CommandResult, type Invocation, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly days: number
  readonly json?: boolean
}

/** Adds `history` to a program. */
export function addHistory(
  program: Command,
  system: System,
  invocation: Invocation,
  act: (run: () => Promise<CommandResult>) => void,
): void {
  program
    .command('history')
    .description('show what tripped in the last days, what it cost, and which limits are worth changing')
    .option('--project <folder>', 'the project (default: the current folder)')
    .addOption(daysOption('calendar days in UTC, today included', usualDays, { most: mostDays, whole: true }))
    .option('--json', 'print the report as JSON')
    .action((options: Options) => act(() => history(system, invocation, options)))
}

/** Changes nothing. Exit code 0 whatever it finds, as long as there is such a project. */
async function history(
  system: System,
  invocation: Invocation,
  { project: named, days, json }: Options,
): Promise<CommandResult> {
  const project = openNamedProject(system, named)
  if ('exitCode' in project) return project
  const { paths, config, now } = project
  const report = historyReport(await readPast(system, paths, firstMoment(days, now)), config, days, now)
  const problems = project.configProblems.map((problem) => `${clean(problem, 300)}\n`).join('')
  if (json === true) return { ...printed(harmlessJson(report)), err: problems }
  const text = historyText(report, paths.project, new Chalk({ level: invocation.colour ? 1 : 0 }))
  return { ...printed(...text), err: problems }
}
