import { initialFiles } from '../config/initial-files.ts'
import { hasPosixShell } from '../install/hook-table.ts'
import { prepareInstall } from '../install/install.ts'
import type { TrackingWish } from '../install/reporting-need.ts'
import { prepareUninstall } from '../install/uninstall.ts'
import type { System } from '../system/system.ts'
import { addClean } from './clean.ts'
import { addDoctor } from './doctor.ts'
import { addGuardHooks } from './guard-hooks.ts'
import { addHistory } from './history.ts'
import { installReport, uninstallReport } from './install-report.ts'
import { carryOut, carryOutRelease } from './install-run.ts'
import { inFolder, type PlaceOptions, placeOptions } from './place-options.ts'
import { newProgram, parseWords } from './program.ts'
import { addReplay } from './replay.ts'
import { addRestore } from './restore.ts'
import type { CommandResult, Invocation } from './result.ts'
import { addStatusLine } from './statusline.ts'
import { addSync } from './sync.ts'
import { addWhy } from './why.ts'

/** `breakerbox`: installs the hooks and takes them out again, guards other hooks, replays recorded sessions, cleans the memory folder. */
export function breakerbox(system: System, invocation: Invocation): Promise<CommandResult> {
  const program = newProgram(
    'breakerbox',
    'Circuit breakers for Claude Code: install the hooks, take them out again, guard other hooks, replay recorded sessions, clean up.',
  )
  let result: CommandResult | Promise<CommandResult> | undefined
  const now = (run: () => CommandResult | Promise<CommandResult>) => {
    result = run()
  }
  const inProject = (options: PlaceOptions, act: (project: string) => CommandResult | Promise<CommandResult>) =>
    now(() => inFolder(system, options, act))

  placeOptions(program.command('install'))
    .description('copy the hooks into .claude/hooks and register them in the settings')
    .option('--no-deny', 'add no permission rules that keep the model off the state and the hooks')
    .option('--tracking', 'report what Write and Edit do to the service that you have named')
    .option('--no-tracking', 'no longer report it')
    .option('--content', 'with --tracking: report contents, secrets taken out, besides names and hashes')
    .option('--no-content', 'with --tracking: report names and hashes alone')
    .action((options: PlaceOptions & TrackingWish & { deny: boolean }) =>
      inProject(options, (project) => {
        const { scope, deny, tracking, content } = options
        const prepare = () =>
          prepareInstall(system, {
            scope,
            project,
            deny,
            shell: hasPosixShell(system.env),
            ...(tracking === undefined ? {} : { tracking }),
            ...(content === undefined ? {} : { content }),
            bundles: invocation.folder,
            initialFiles,
          })
        return carryOut(system, prepare, options.dryRun ?? false, installReport(invocation.colour))
      }),
    )

  placeOptions(program.command('uninstall'))
    .description('take the hooks out and give back the settings as they were')
    .option('--purge', 'remove config, state, incidents and sessions as well')
    .action((options: PlaceOptions & { purge?: boolean }) =>
      inProject(options, (project) => {
        const { scope, purge = false } = options
        const prepare = () => prepareUninstall(system, { scope, project, purge })
        return carryOutRelease(system, prepare, options.dryRun ?? false, uninstallReport(invocation.colour, purge))
      }),
    )

  addGuardHooks(program, system, invocation, now)
  addStatusLine(program, system, invocation, now)

  const later = (run: () => Promise<CommandResult>) => {
    result = run()
  }
  addReplay(program, system, invocation, later)
  addWhy(program, system, invocation, later)
  addHistory(program, system, invocation, later)
  addClean(program, system, later)
  addRestore(program, system, later)
  addSync(program, system, invocation, later)
  addDoctor(program, system, invocation, later)

  return parseWords(program, invocation.words, () => result)
}
