import type { ProjectPaths } from '../config/paths.ts'
import { KnownError } from '../system/known-error.ts'
import { nodeStreams } from '../system/node-streams.ts'
import type { ByteSink, ByteSource, Compression, Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import { folderProblem } from './glance.ts'
import { unpackMember, wholeMembers } from './members.ts'
import {
  archiveFolder,
  baseName,
  folderOf,
  isDate,
  isPlainName,
  packedEnding,
  parseStampedName,
  sessionArchiveFolder,
  timeStamp,
} from './names.ts'
import { megabyte } from './plan.ts'

/** A foreign archive, packed in one piece, is unpacked up to this size, bytes; ours of any size. */
const foreignMaximum = 64 * megabyte

export interface Restored {
  /** Relative to the memory folder. */
  readonly archive: string
  readonly file: string
  /** Bytes of the restored file. */
  readonly bytes: number
}

/**
 * Unpacks an archive beside the live files, as `<name>.restored.<time the archive was made>.<ending>`, and never over
 * anything. That name is no log and no session to the janitor, so what was restored stays until a person takes it away. The
 * archive stays as well.
 *
 * @param archive a path relative to the memory folder or below it, or an archive's name alone where only one has it.
 * @throws KnownError `EARCHIVE` for what is no archive of this folder, `EEXIST` where it was restored before, and what the
 *   disk says.
 */
export async function restore(
  system: System,
  paths: Pick<ProjectPaths, 'memory'>,
  archive: string,
  streams: Streams = nodeStreams(),
): Promise<Restored> {
  const { files } = system
  const root = paths.memory
  const problem = folderProblem(system, paths)
  if (problem !== undefined) throw new KnownError('restore', archive, problem, 'EARCHIVE')
  const path = archivePath(system, root, archive)
  const name = restoredName(path)
  const target = `${root}/${name}`
  if (files.facts(target)) throw new KnownError('restore', archive, `${name} is there already`, 'EEXIST')
  const temporary = `${root}/.${name}.${system.token()}.tmp`
  const source = streams.openSource(`${root}/${path}`)
  try {
    files.create(temporary, '')
    try {
      const sink = streams.openSink(temporary, 0)
      let bytes: number
      try {
        bytes = unpack(await streams.compression(), source, sink)
        sink.sync()
      } finally {
        sink.close()
      }
      // A second name, unlike a rename, never replaces what appeared meanwhile.
      files.link(temporary, target)
      return { archive: path, file: name, bytes }
    } finally {
      files.remove(temporary)
    }
  } finally {
    source.close()
  }
}

function unpack(compression: Compression, source: ByteSource, sink: ByteSink): number {
  const { size } = source.facts()
  const members = wholeMembers(source)
  const last = members.at(-1)
  if (last && last.position + last.length === size) {
    for (const member of members) sink.append(unpackMember(compression, source, member))
    return last.originalPosition + last.originalLength
  }
  if (size > foreignMaximum) throw new Error('it is damaged, or too large and not packed by this program')
  const packed = Buffer.alloc(size)
  source.read(packed, 0)
  const content = compression.gunzip(packed, foreignMaximum)
  sink.append(content)
  return content.length
}

/** The one archive that is meant; only names found in the archive folders are ever made into paths. */
function archivePath(system: System, root: string, wanted: string): string {
  const all = archivePaths(system, root)
  const slashes = wanted.replaceAll('\\', '/')
  const below = `${root.replaceAll('\\', '/')}/`
  const relative = slashes.startsWith(below) ? slashes.slice(below.length) : slashes
  const found = all.filter((path) => path === relative || baseName(path) === relative)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const cause = found.length > 1 ? `more than one: ${found.join(', ')}` : 'no archive of this memory folder'
  throw new KnownError('restore', wanted, cause, 'EARCHIVE')
}

/** All packed archives, relative paths, sorted. */
export function archivePaths({ files }: System, root: string): string[] {
  const namesIn = (folder: string) =>
    files.facts(`${root}/${folder}`)?.kind === 'folder' ? files.list(`${root}/${folder}`) : []
  const folders = [
    archiveFolder,
    ...namesIn(sessionArchiveFolder)
      .filter(isDate)
      .map((date) => `${sessionArchiveFolder}/${date}`),
  ]
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith(packedEnding) && isPlainName(name))
      .map((name) => `${folder}/${name}`)
      .filter((path) => files.facts(`${root}/${path}`)?.kind === 'file'),
  )
}

/** `a_telemetry.restored.20261121T120000000Z.jsonl`, `session_<id>_state.restored.2026-11-21.json`. */
function restoredName(path: string): string {
  const unpacked = baseName(path).slice(0, -packedEnding.length)
  const stamped = parseStampedName(unpacked)
  const original = stamped?.original ?? unpacked
  const of = path.startsWith(`${sessionArchiveFolder}/`) ? `session_${original}` : original
  const when = stamped ? timeStamp(stamped.at) : baseName(folderOf(path))
  const dot = of.lastIndexOf('.')
  return dot > 0 ? `${of.slice(0, dot)}.restored.${when}${of.slice(dot)}` : `${of}.restored.${when}`
}
