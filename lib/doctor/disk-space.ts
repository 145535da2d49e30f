import { foldersAbove } from '../config/paths.ts'
import { describeBytes, megabyte } from '../memory/plan.ts'
import type { Volume } from '../system/machine.ts'
import { fine, note, problem, type Told } from './finding.ts'
import { type Check, type Look, ownCommand } from './look.ts'

/** Bytes below which the next write may fail: a state, a log and a few batches. */
const fullBytes = 5_000_000
/** Bytes below which it is worth a word. */
const lowBytes = 100_000_000
/** Files that may still be made, below which the next lock may fail. */
const fullFiles = 100
const lowFiles = 5000

/**
 * Numbers that Linux gives file systems whose renames another machine carries out: locks and commits rest on a rename that
 * happens once (statfs(2), linux/magic.h).
 */
const network: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4266872130: 'SMB',
  4283649346: 'CIFS',
  16914839: '9P',
  12805120: 'Ceph',
  1702057286: 'FUSE',
}

/** Room on the disk of the memory folder, and whether its file system keeps what locks need. */
export const diskSpace: Check = {
  id: 'disk',
  group: 'Memory',
  examine(look) {
    const { system, machine, project } = look
    const { memory } = project.paths
    const there = [memory, ...foldersAbove(memory)].find((folder) => system.files.facts(folder) !== undefined)
    const volume = there === undefined ? undefined : machine.volumeOf(there)
    if (volume === undefined) return [fine('disk', 'the file system does not tell its room')]
    return judgeVolume(look, volume)
  },
}

/** Pure. */
export function judgeVolume(look: Look, { freeBytes, freeFiles, type }: Volume): Told[] {
  const { memory } = look.project.paths
  const files = freeFiles ?? Number.POSITIVE_INFINITY
  // How many files fit is of interest only where few do.
  const room = `${describeRoom(freeBytes)}${files < lowFiles ? ` and ${files} files` : ''} free on the disk of ${memory}`
  const told: Told[] = []
  const command = ownCommand(look, 'clean')
  if (freeBytes < fullBytes || files < fullFiles) {
    const detail = ['What hooks cannot write they let pass: nothing is counted or refused then.']
    told.push(problem('disk-full', `${room}: too little`, { detail, command }))
  } else if (freeBytes < lowBytes || files < lowFiles) told.push(note('disk-low', room, { command }))
  const kind = look.machine.platform === 'linux' ? network[type >>> 0] : undefined
  if (kind !== undefined) {
    const title = `${memory} is on ${kind}: another machine may carry out its renames, on which locks rest`
    const detail = ['BREAKERBOX_MEMORY_DIR in the environment of Claude Code names a folder on a disk of this machine.']
    told.push(note('network-file-system', title, { detail }))
  }
  return told.length > 0 ? told : [fine('disk', room)]
}

const gigabyte = 1024 * megabyte

const describeRoom = (bytes: number): string =>
  bytes < gigabyte ? describeBytes(bytes) : `${(bytes / gigabyte).toFixed(bytes < 10 * gigabyte ? 1 : 0)} GB`
