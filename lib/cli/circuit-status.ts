import { Chalk } from 'chalk'
import { Option } from 'commander'
import { foldersAbove, type ProjectPaths, projectPaths } from '../config/paths.ts'
import { quoted } from '../guard/guard-command.ts'
import type { Project } from '../session/project.ts'
import { haltText } from '../status/halt-text.ts'
import { lookAtHalt, lookAtStatus, statusSince } from '../status/look-at-status.ts'
import { readPast } from '../status/past-incidents.ts'
import { statusText } from '../status/status-text.ts'
import type { System } from '../system/system.ts'
import { harmlessJson } from './harmless-json.ts'
import { openNamedProject } from './open-named-project.ts'
import { newProgram, parseWords } from './program.ts'
import { type CommandResult, type Invocation, misused, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly json?: boolean
  readonly memory?: boolean
  readonly html?: string
  readonly prometheus?: boolean
  readonly halted?: boolean
  readonly session?: string
  readonly statusline?: boolean
}

/** Each gives the whole answer in another form than these. */
const otherForms = ['json', 'memory', 'halted']

/** Exit code of `--halted` when a run was ended and nobody has answered yet. */
const haltedExitCode = 3

/** `circuit-status`: what is refused, until when and why. Changes nothing. */
export function circuitStatus(system: System, invocation: Invocation): Promise<CommandResult> {
  let result: Promise<CommandResult> | undefined
  const program = newProgram('circuit-status', 'What the circuit breakers refuse, until when and why. Changes nothing.')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option('--json', 'print the report as JSON')
    .option('--memory', 'show each part of the memory folder against its limit')
    .addOption(
      new Option('--html <file>', 'write a page for a browser; - for stdout').conflicts([...otherForms, 'prometheus']),
    )
    .addOption(new Option('--prometheus', 'print metrics for Prometheus').conflicts(otherForms))
    .option('--halted', `say whether a run was halted: exit code ${haltedExitCode} if so, 0 if not`)
    .option('--session <id>', 'with --halted: only a halt of this session counts')
    .option(
      '--statusline',
      'alone: read the client’s status-line input on stdin and print one short segment, or nothing',
    )
    .action((options: Options) => {
      // Alone it has led elsewhere: see ops/circuit-status.ts.
      if (options.statusline === true) {
        result = Promise.resolve(misused('error: --statusline goes with no other option'))
        return
      }
      const project = openNamedProject(system, options.project)
      result = 'exitCode' in project ? Promise.resolve(project) : answer(project, options, invocation.colour)
    })
  return parseWords(program, invocation.words, () => result)
}

function answer(project: Project, options: Options, colour: boolean): Promise<CommandResult> {
  if (options.halted === true) return reportHalt(project, options)
  if (options.html !== undefined) return page(project, options.html)
  return options.prometheus === true ? metrics(project) : report(project, options, colour)
}

// Brought in only when they are asked for: they are most of this bundle, and a status is to be quick.
const page = async (project: Project, file: string): Promise<CommandResult> =>
  (await import('./status-page.ts')).writePage(project, file, absence(project))
const metrics = async (project: Project): Promise<CommandResult> =>
  (await import('./status-metrics.ts')).printMetrics(project)

async function report(project: Project, options: Options, colour: boolean): Promise<CommandResult> {
  const { system, paths, now } = project
  const made = await lookAtStatus(project, await readPast(system, paths, statusSince(now)))
  if (options.json === true) return printed(harmlessJson(made))
  const paint = new Chalk({ level: colour ? 1 : 0 })
  const text = statusText(made, paths.project, paint, { memory: options.memory === true })
  const hint = absence(project)
  return printed(
    ...text,
    ...(hint === undefined ? [] : ['', `${paint.yellow('No hook has run in this folder yet.')} ${hint}`]),
  )
}

/** Nothing here is not the same as all is well: a folder where no hook has ever run is told apart. */
function absence({ system, paths }: Project): string | undefined {
  if (hasHooks(system, paths)) return undefined
  const above = foldersAbove(paths.project).find((folder) => hasHooks(system, projectPaths(folder, {})))
  return above === undefined
    ? 'Is it installed? Ask breakerbox doctor. To install it: breakerbox install'
    : `It is at work in ${above}: circuit-status --project ${quoted(above)}`
}

/**
 * Whether hooks guard a project: install has left its config, or a session has begun there and its hooks, which may be the
 * user's own or those of a plugin, have made the spool.
 */
const hasHooks = ({ files }: System, { config, spool }: ProjectPaths): boolean =>
  files.facts(config) !== undefined || files.facts(spool) !== undefined

async function reportHalt(project: Project, options: Options): Promise<CommandResult> {
  const halt = await lookAtHalt(project, options.session)
  const lines = options.json === true ? [harmlessJson(halt)] : haltText(halt)
  return { ...printed(...lines), exitCode: halt === null ? 0 : haltedExitCode }
}
