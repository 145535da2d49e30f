import { relative } from 'node:path'
import { Chalk, type ChalkInstance } from 'chalk'
import { Argument, type Command } from 'commander'
import { clean } from '../calls/result.ts'
import { hasPosixShell } from '../install/hook-table.ts'
import { prepareStatusLine, prepareStatusLineRelease, type StatusLineChange } from '../install/status-line.ts'
import type { StatusLineFate } from '../install/status-line-plan.ts'
import type { System } from '../system/system.ts'
import { diffLines, marked, stepLine } from './install-report.ts'
import { carryOut, type Report } from './install-run.ts'
import { inFolder, type PlaceOptions, placeOptions } from './place-options.ts'
import type { CommandResult, Invocation } from './result.ts'

/** Adds `statusline` to a program. */
export function addStatusLine(
  program: Command,
  system: System,
  { folder, colour }: Invocation,
  act: (run: () => CommandResult | Promise<CommandResult>) => void,
): void {
  placeOptions(program.command('statusline'))
    .description('show what is held back in the status line, after your own; uninstall gives it back as it was')
    .addArgument(new Argument('<action>').choices(['install', 'uninstall']))
    .action((action: 'install' | 'uninstall', options: PlaceOptions) =>
      act(() =>
        inFolder(system, options, (project) => {
          const { scope, dryRun = false } = options
          const prepare = () =>
            action === 'install'
              ? prepareStatusLine(system, { scope, project, bundles: folder, shell: hasPosixShell(system.env) })
              : prepareStatusLineRelease(system, { scope, project })
          return carryOut(system, prepare, dryRun, statusLineReport(new Chalk({ level: colour ? 1 : 0 })))
        }),
      ),
    )
}

const statusLineReport =
  (paint: ChalkInstance): Report<StatusLineChange> =>
  (change, done) => {
    const { place, settings, notes, fate } = change
    const where = `${relative(place.root, settings.path)} of ${place.root} (${place.scope} scope)`
    const isDry = done === undefined
    const steps = done ?? change.steps
    const isSame = settings.before === settings.after
    return [
      ...(isDry ? ['A dry run; nothing is changed.', ...diffLines(change, paint)] : []),
      ...steps.map((step) => stepLine(step, place.root, paint, isDry)),
      ...(isDry ? [] : [ending(fate, where)]),
      ...marked(notes, paint),
      ...(isDry || isSame ? [] : ['Next: restart Claude Code, if the change does not show by itself.']),
    ]
  }

function ending(fate: StatusLineFate, where: string): string {
  switch (fate.kind) {
    case 'added':
      return `The status line in ${where} shows what is held back, and nothing while all is well.`
    case 'joined':
      return `Your status line in ${where} goes on to show ${clean(fate.original, 160)}; what is held back comes after it.`
    case 'there already':
      return `The status line in ${where} shows what is held back already; the settings stay as they are.`
    case 'given back':
      return `Your status line in ${where} is ${clean(fate.original, 160)} again.`
    case 'taken out':
      return `The status line is taken out of ${where}.`
    case 'not there':
      return `The status line in ${where} shows nothing of ours; the settings stay as they are.`
    default:
      return fate satisfies never
  }
}
