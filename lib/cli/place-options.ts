import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type Scope, scopes } from '../install/hook-table.ts'
import type { System } from '../system/system.ts'
import { isFolder } from './open-named-project.ts'
import { type CommandResult, misused } from './result.ts'

/** Options of every command that edits a settings file. */
export interface PlaceOptions {
  readonly project?: string
  readonly scope: Scope
  readonly dryRun?: boolean
}

export function placeOptions(command: Command): Command {
  return command
    .option('--project <folder>', 'the project (default: the current folder)')
    .addOption(new Option('--scope <scope>', 'which settings file').choices(scopes).default('project'))
    .option('--dry-run', 'print what would be done, without doing it')
}

/** Acts in the project's folder, an absolute path; says so where there is none. */
export function inFolder(
  system: System,
  { project: named = '.' }: PlaceOptions,
  act: (project: string) => CommandResult | Promise<CommandResult>,
): CommandResult | Promise<CommandResult> {
  const project = resolve(system.workingFolder, named)
  return isFolder(system, project) ? act(project) : misused(`error: --project: there is no folder ${project}`)
}
