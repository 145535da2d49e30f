import { dirname } from 'node:path'
import { Chalk, type ChalkInstance } from 'chalk'
import { projectPaths } from '../config/paths.ts'
import { readIncidents } from '../incidents/read-incidents.ts'
import { memoryLimits } from '../memory/limits.ts'
import { memoryReport } from '../memory/memory-report.ts'
import { circuitStateKind, type HaltRecord, haltKind, mostStateBytes } from '../session/documents.ts'
import type { Project } from '../session/project.ts'
import { lookAtShared } from '../session/shared-look.ts'
import { haltText } from '../status/halt-text.ts'
import { statusReport } from '../status/status-report.ts'
import { statusText } from '../status/status-text.ts'
import type { System } from '../system/system.ts'
import { openNamedProject } from './open-named-project.ts'
import { newProgram, parseWords } from './program.ts'
import { type CommandResult, type Invocation, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly json?: boolean
  readonly memory?: boolean
  readonly halted?: boolean
  readonly session?: string
}

/** Exit code of `--halted` when a run was ended and nobody has answered yet. */
const haltedExitCode = 3

/** `circuit-status`: what is refused, until when and why. Changes nothing. */
export function circuitStatus(system: System, invocation: Invocation): Promise<CommandResult> {
  let result: Promise<CommandResult> | undefined
  const program = newProgram('circuit-status', 'What the circuit breakers refuse, until when and why. Changes nothing.')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option('--json', 'print the report as JSON')
    .option('--memory', 'show each part of the memory folder against its limit')
    .option('--halted', `say whether a run was halted: exit code ${haltedExitCode} if so, 0 if not`)
    .option('--session <id>', 'with --halted: only a halt of this session counts')
    .action((options: Options) => {
      const project = openNamedProject(system, options.project)
      if ('exitCode' in project) result = Promise.resolve(project)
      else result = options.halted === true ? reportHalt(project, options) : report(project, options, invocation.colour)
    })
  return parseWords(program, invocation.words, () => result)
}

async function report(project: Project, options: Options, colour: boolean): Promise<CommandResult> {
  const { system, config, paths, now } = project
  const { document, damage } = await project.store.read(circuitStateKind)
  const { limits, problems } = memoryLimits(config.memory_limits, system.env)
  const shared = await lookAtShared(project)
  const memory = await memoryReport(system, paths, limits, mostStateBytes)
  const configProblems = [
    ...project.configProblems,
    ...problems.map(({ name, value, cause }) => `${name}=${value}: ${cause}`),
    ...[damage, ...shared.damage].flatMap((each) =>
      each === undefined ? [] : [`${each.key}.json cannot be read (${each.cause}); it is replaced at the next event`],
    ),
  ]
  const { incidents } = readIncidents(system, paths.incidents)
  const made = statusReport({ config, configProblems, circuits: document.circuits, shared, memory, incidents }, now)
  if (options.json === true) return printed(JSON.stringify(made, null, 2))
  const paint = new Chalk({ level: colour ? 1 : 0 })
  const text = statusText(made, paths.project, paint, { memory: options.memory === true })
  return printed(...text, ...absence(project, paint))
}

/** Nothing here is not the same as all is well: a folder where no hook has ever run is told apart. */
function absence({ system, paths }: Project, paint: ChalkInstance): string[] {
  if (system.files.facts(paths.config) !== undefined) return []
  const above = foldersAbove(paths.project).find(
    (folder) => system.files.facts(projectPaths(folder, {}).config) !== undefined,
  )
  const hint =
    above === undefined
      ? 'Install it: breakerbox install'
      : `It is at work in ${above}: circuit-status --project ${above}`
  return ['', `${paint.yellow('Not installed here:')} no hook has run in this folder. ${hint}`]
}

const foldersAbove = (folder: string): string[] =>
  dirname(folder) === folder ? [] : [dirname(folder), ...foldersAbove(dirname(folder))]

async function reportHalt(project: Project, options: Options): Promise<CommandResult> {
  const { document } = await project.store.read(haltKind)
  const counts = document.at !== undefined && (options.session === undefined || options.session === document.session)
  const halt: HaltRecord | null = counts ? document : null
  const lines = options.json === true ? [JSON.stringify(halt, null, 2)] : haltText(halt)
  return { ...printed(...lines), exitCode: counts ? haltedExitCode : 0 }
}
