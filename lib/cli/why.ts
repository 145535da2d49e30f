import { Chalk } from 'chalk'
import type { Command } from 'commander'
import type { Project } from '../session/project.ts'
import { nothingToExplain, type WhyChoice, whyReport, whyText } from '../status/why-report.ts'
import type { System } from '../system/system.ts'
import { openNamedProject } from './open-named-project.ts'
import { type CommandResult, failed, type Invocation, printed } from './result.ts'

interface Options extends WhyChoice {
  readonly project?: string
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
    .argument('[name]', 'the same as --circuit <name>')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option('--last', 'the last one of all (the default)')
    .option('--session <id>', 'the last one of this session')
    .option('--circuit <name>', 'the last one of a pattern, a subject, or pattern:subject')
    .option('--json', 'print the explanation as JSON')
    .action((name: string | undefined, options: Options) =>
      act(() => why(system, invocation, name === undefined ? options : { ...options, circuit: name })),
    )
}

async function why(system: System, invocation: Invocation, options: Options): Promise<CommandResult> {
  const project = openNamedProject(system, options.project)
  if ('exitCode' in project) return project
  const report = await whyReport(project, options)
  if (report === undefined) return failed(`breakerbox why: ${nothingToExplain(project, options)}`, ...absence(project))
  if (options.json === true) return printed(JSON.stringify(report.explanation, null, 2))
  return printed(...whyText(report, new Chalk({ level: invocation.colour ? 1 : 0 })))
}

/** The first session makes the spool: without it there is nothing to explain but that. */
const absence = ({ system, paths }: Project): string[] =>
  system.files.facts(paths.spool) === undefined
    ? ['No hook has run in this folder yet. If one should have: breakerbox doctor']
    : []
