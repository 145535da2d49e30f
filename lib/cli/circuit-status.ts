import { dirname } from 'node:path'
import { Chalk } from 'chalk'
import { type ProjectPaths, projectPaths } from '../config/paths.ts'
import { type HaltRecord, haltKind } from '../session/documents.ts'
import type { Project } from '../session/project.ts'
import { haltText } from '../status/halt-text.ts'
import type { Paint } from '../status/paint.ts'
import { projectStatus } from '../status/project-status.ts'
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
  const made = await projectStatus(project)
  if (options.json === true) return printed(JSON.stringify(made, null, 2))
  const paint = new Chalk({ level: colour ? 1 : 0 })
  const text = statusText(made, project.paths.project, paint, { memory: options.memory === true })
  return printed(...text, ...absence(project, paint))
}

/** Nothing here is not the same as all is well: a folder where no hook has ever run is told apart. */
function absence({ system, paths }: Project, paint: Paint): string[] {
  if (hasHooks(system, paths)) return []
  const above = foldersAbove(paths.project).find((folder) => hasHooks(system, projectPaths(folder, {})))
  const hint =
    above === undefined
      ? 'Install it: breakerbox install'
      : `It is at work in ${above}: circuit-status --project ${above}`
  return ['', `${paint.yellow('Not installed here:')} no hook has run in this folder. ${hint}`]
}

/**
 * Whether hooks guard a project: install has left its config, or a session has begun there and its hooks, which may be the
 * user's own or those of a plugin, have made the spool.
 */
const hasHooks = ({ files }: System, { config, spool }: ProjectPaths): boolean =>
  files.facts(config) !== undefined || files.facts(spool) !== undefined

const foldersAbove = (folder: string): string[] =>
  dirname(folder) === folder ? [] : [dirname(folder), ...foldersAbove(dirname(folder))]

async function reportHalt(project: Project, options: Options): Promise<CommandResult> {
  const { document } = await project.store.read(haltKind)
  const counts = document.at !== undefined && (options.session === undefined || options.session === document.session)
  const halt: HaltRecord | null = counts ? document : null
  const lines = options.json === true ? [JSON.stringify(halt, null, 2)] : haltText(halt)
  return { ...printed(...lines), exitCode: counts ? haltedExitCode : 0 }
}
