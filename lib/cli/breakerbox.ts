import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { initialFiles } from '../config/initial-files.ts'
import { hasPosixShell, type Scope, scopes } from '../install/hook-table.ts'
import { prepareInstall } from '../install/install.ts'
import { prepareUninstall } from '../install/uninstall.ts'
import type { System } from '../system/system.ts'
import { addClean } from './clean.ts'
import { installReport, uninstallReport } from './install-report.ts'
import { carryOut } from './install-run.ts'
import { isFolder } from './open-named-project.ts'
import { newProgram, parseWords } from './program.ts'
import { addReplay } from './replay.ts'
import { addRestore } from './restore.ts'
import { type CommandResult, type Invocation, misused } from './result.ts'
import { addWhy } from './why.ts'

interface PlaceOptions {
  readonly project?: string
  readonly scope: Scope
  readonly dryRun?: boolean
}

/** `breakerbox`: installs the hooks and takes them out again, replays recorded sessions, cleans the memory folder. */
export function breakerbox(system: System, invocation: Invocation): Promise<CommandResult> {
  const program = newProgram(
    'breakerbox',
    'Circuit breakers for Claude Code: install the hooks, take them out again, replay recorded sessions, clean up.',
  )
  let result: CommandResult | Promise<CommandResult> | undefined
  const inFolder = (options: PlaceOptions, act: (project: string) => CommandResult) => {
    const project = resolve(system.workingFolder, options.project ?? '.')
    result = isFolder(system, project) ? act(project) : misused(`error: --project: there is no folder ${project}`)
  }

  placeOptions(program.command('install'), 'what would be done, without doing it')
    .description('copy the hooks into .claude/hooks and register them in the settings')
    .option('--no-deny', 'add no permission rules that keep the model off the state and the hooks')
    .action((options: PlaceOptions & { deny: boolean }) =>
      inFolder(options, (project) => {
        const { scope, deny } = options
        const prepare = () =>
          prepareInstall(system, {
            scope,
            project,
            deny,
            shell: hasPosixShell(system.env),
            bundles: invocation.folder,
            initialFiles,
          })
        return carryOut(system, prepare, options.dryRun ?? false, installReport(invocation.colour))
      }),
    )

  placeOptions(program.command('uninstall'), 'what would be done, without doing it')
    .description('take the hooks out and give back the settings as they were')
    .option('--purge', 'remove config, state, incidents and sessions as well')
    .action((options: PlaceOptions & { purge?: boolean }) =>
      inFolder(options, (project) => {
        const { scope, purge = false } = options
        const prepare = () => prepareUninstall(system, { scope, project, purge })
        return carryOut(system, prepare, options.dryRun ?? false, uninstallReport(invocation.colour, purge))
      }),
    )

  const later = (run: () => Promise<CommandResult>) => {
    result = run()
  }
  addReplay(program, system, invocation, later)
  addWhy(program, system, invocation, later)
  addClean(program, system, later)
  addRestore(program, system, later)

  return parseWords(program, invocation.words, () => result)
}

function placeOptions(command: Command, dryRun: string): Command {
  return command
    .option('--project <folder>', 'the project (default: the current folder)')
    .addOption(new Option('--scope <scope>', 'which settings file').choices(scopes).default('project'))
    .option('--dry-run', `print ${dryRun}`)
}
