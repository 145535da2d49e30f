import { quoted } from '../guard/guard-command.ts'
import type { Project } from '../session/project.ts'
import { isRealFolder } from '../store/real-folder.ts'
import type { Machine } from '../system/machine.ts'
import type { System } from '../system/system.ts'
import type { FindingId, Group, Told } from './finding.ts'
import type { RegisteredHook, SettingsSource } from './settings-sources.ts'

/** What every check may look at. Looking changes nothing. */
export interface Look {
  readonly system: System
  readonly machine: Machine
  readonly project: Project
  /** Folder of the built hooks that belong to this command. */
  readonly bundles: string
  /** Of this command, such as `0.1.0`. */
  readonly version: string
  /** The lowest Node that it runs on, such as `20`. */
  readonly lowestNode: string
  /** Every settings file that a client started in the project reads, and those of an enabled plugin of ours. */
  readonly sources: readonly SettingsSource[]
  /** Every hook in them. */
  readonly hooks: readonly RegisteredHook[]
  /** No hook is to be run: whoever asks has no second to wait. */
  readonly quick: boolean
}

/** One thing that is looked at: independent of all others. */
export interface Check {
  readonly id: FindingId
  readonly group: Group
  /** At least one finding. */
  examine(look: Look): Promise<readonly Told[]> | readonly Told[]
}

/** A command of ours for this project, as it can be typed in the folder where this one was. */
export function ownCommand({ system, project }: Look, words: string): string {
  const { project: folder } = project.paths
  return `breakerbox ${words}${folder === system.workingFolder ? '' : ` --project ${quoted(folder)}`}`
}

/** Opens a file for a person; what to change in it is said beside it. */
export const editCommand = ({ machine }: Look, path: string): string =>
  machine.platform === 'win32' ? `notepad ${quoted(path)}` : `"\${EDITOR:-vi}" ${quoted(path)}`

/** Whether the memory folder is there and can be looked into; what stands in its way is told by a check of its own. */
export function hasMemory({ system, project, machine }: Look): boolean {
  const { memory } = project.paths
  try {
    if (!isRealFolder(system.files, memory)) return false
    return machine.platform === 'win32' || ((system.files.facts(memory)?.mode ?? 0) & 0o500) === 0o500
  } catch {
    return false
  }
}
