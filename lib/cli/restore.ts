import { resolve, sep } from 'node:path'
import type { Command } from 'commander'
import { clean } from '../calls/result.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { describeBytes } from '../memory/plan.ts'
import { archivePaths, restore } from '../memory/restore.ts'
import type { Project } from '../session/project.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { openNamedProject } from './open-named-project.ts'
import { type CommandResult, failed, misused, printed } from './result.ts'

interface Options {
  readonly project?: string
}

/** Adds `restore [ARCHIVE]` to a program. */
export function addRestore(program: Command, system: System, act: (run: () => Promise<CommandResult>) => void): void {
  program
    .command('restore')
    .description('unpack an archived log or session beside the live one, never over it')
    .argument('[archive]', 'its name or path; without one, the archives that are there are listed')
    .option('--project <folder>', 'the project (default: the current folder)')
    .action((archive: string | undefined, options: Options) => act(() => runRestore(system, archive, options)))
}

/** Exit code 2, with a list of what is there, where no archive or none of this folder is named; 1 where restoring fails. */
async function runRestore(system: System, archive: string | undefined, options: Options): Promise<CommandResult> {
  const project = openNamedProject(system, options.project)
  if ('exitCode' in project) return project
  if (archive === undefined) return misused('error: which archive?', ...archiveList(project))
  try {
    const { archive: source, file, bytes } = await restore(system, project.paths, inFolder(project, archive))
    const at = new Date(project.now).toISOString()
    const reason = `restored from ${source}`
    appendIncidents(system, project.paths.incidents, [{ at, kind: 'cleanup', subject: file, reason }])
    return printed(
      `${source} is back as ${resolve(project.paths.memory, file)} (${describeBytes(bytes)}).`,
      'The live file and the archive are as they were. The restored one is never cleaned up: remove it when you are done.',
    )
  } catch (error) {
    if (errorCode(error) === 'EARCHIVE') return misused(`error: ${(error as Error).message}`, ...archiveList(project))
    return failed(
      `error: ${errorCode(error) === 'EEXIST' ? causeLine(error) : `cannot restore ${archive}: ${causeLine(error)}`}`,
    )
  }
}

/** A path from where the person stands, as a shell completes it, is as good as one from the memory folder. */
function inFolder({ system, paths }: Project, archive: string): string {
  const path = resolve(system.workingFolder, archive)
  return path.startsWith(paths.memory + sep) && system.files.facts(path)?.kind === 'file' ? path : archive
}

function archiveList({ system, paths }: Project): string[] {
  const { files } = system
  const all = files.facts(paths.memory)?.kind === 'folder' ? archivePaths(system, paths.memory) : []
  if (all.length === 0) return [`There are no archives in ${paths.memory}.`]
  return [
    `Archives in ${paths.memory}:`,
    ...all.map((path) => `  ${clean(path, 240)}  ${describeBytes(files.facts(`${paths.memory}/${path}`)?.size ?? 0)}`),
  ]
}
