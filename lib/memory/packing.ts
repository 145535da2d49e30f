import { errorCode } from '../system/known-error.ts'
import type { ByteSource, Compression, Streams } from '../system/streams.ts'
import type { System } from '../system/system.ts'
import { type Member, packMember, pieceBytes, unpackMember, wholeMembers } from './members.ts'
import { folderOf, packedEnding, packingEnding } from './names.ts'
import { megabyte } from './plan.ts'

/**
 * Setting a file aside and packing it, without losing or doubling a byte while other programs append to it.
 *
 * 1. The name of the archive is reserved with an empty file, and the live file is renamed over it: one step, so that a
 *    program that opens the log for each line writes either into the old file or into a fresh one. Nothing is copied.
 * 2. What was set aside is packed piece by piece into `….gz.part`. Each piece is on the disk before the next is begun; an
 *    interrupted run is continued behind the last whole piece.
 * 3. When everything is packed, no program has the file open for writing, and it has not grown since, the part gets its
 *    final name and the unpacked file is removed.
 *
 * A program that keeps its handle goes on writing into the file that was set aside. As long as it has it open, the file
 * stays, unpacked and growing, and is packed by the first run after the program has let go: nothing is lost, but its lines
 * are found in `archives/` until then. Who has a file open is known on Linux and, through `lsof`, on macOS, for the
 * processes of the same user that this machine's process list shows. Where that cannot be told (Windows, a writer in
 * another container that shares the folder), the file must have been untouched for `quietWhenUnknown`, and a writer that
 * keeps its handle for longer than that between two lines can lose the later ones.
 *
 * Between the last two steps both files are there: readers of archives prefer the packed one, the next run removes the other.
 */

export interface Workshop {
  readonly system: System
  readonly streams: Streams
  /** Absolute path of the memory folder. */
  readonly root: string
  /** False when the time is used up; asked between pieces. */
  readonly goOn: () => boolean
}

/** Milliseconds that a file must have been untouched before it is packed, in case its writer is only between two lines. */
const quietMilliseconds = 250
/** The same where nobody can say who has it open. */
export const quietWhenUnknown = 10 * 60_000

export const absolute = ({ root }: Workshop, path: string): string => `${root}/${path}`

/**
 * Renames a file of the memory folder to `archive`, whose folder is made where it is missing.
 *
 * @returns false when the name is taken, so that nothing was done.
 */
export function setAside(shop: Workshop, path: string, archive: string): boolean {
  const { files } = shop.system
  const target = absolute(shop, archive)
  ensureFolder(shop, folderOf(archive))
  if (files.facts(target + packedEnding)) return false
  try {
    files.create(target, '')
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
  try {
    files.rename(absolute(shop, path), target)
  } catch (error) {
    files.remove(target)
    throw error
  }
  return true
}

/** Makes a folder inside the memory folder; a link on the way there could lead outside and is refused (ELOOP). */
export function ensureFolder(shop: Workshop, folder: string): void {
  let path = shop.root
  for (const part of folder.split('/')) {
    path += `/${part}`
    const kind = shop.system.files.facts(path)?.kind
    if (kind === undefined) shop.system.files.makeFolders(path)
    else if (kind !== 'folder') throw Object.assign(new Error(`${path} is a ${kind}, not a folder`), { code: 'ELOOP' })
  }
}

export type Packed =
  | { readonly kind: 'packed'; readonly bytesBefore: number; readonly bytesAfter: number }
  /** Another program still writes to it, or may: it stays as it is for the next run. */
  | { readonly kind: 'growing' }
  /** Out of time; the next run goes on where this one stopped. */
  | { readonly kind: 'unfinished' }
  /** Nothing there any more, or not what was expected. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Packs files that were set aside, the first at least by a piece; the result has an entry for each path given. */
export async function packAll(shop: Workshop, staged: readonly string[]): Promise<Map<string, Packed>> {
  const results = new Map<string, Packed>()
  if (staged.length === 0) return results
  const { streams } = shop
  const compression = await streams.compression()
  const inProgress = staged.filter((path) => shop.system.files.facts(absolute(shop, path) + packingEnding))
  const busyParts = await streams.openForWriting(inProgress.map((path) => absolute(shop, path) + packingEnding))
  const parts = new Map<string, Part>()
  for (const path of staged) {
    try {
      // Another janitor is at it: one whose lock was taken for dead.
      if (busyParts?.has(absolute(shop, path) + packingEnding)) results.set(path, { kind: 'growing' })
      else if (results.size + parts.size > 0 && !shop.goOn()) results.set(path, { kind: 'unfinished' })
      else {
        const part = pack(shop, compression, path, busyParts !== undefined)
        if ('kind' in part) results.set(path, part)
        else parts.set(path, part)
      }
    } catch (error) {
      results.set(path, { kind: 'failed', error })
    }
  }
  const complete = [...parts.keys()]
  const held = await streams.openForWriting(complete.map((path) => absolute(shop, path)))
  for (const [path, part] of parts) {
    try {
      results.set(
        path,
        held?.has(absolute(shop, path)) ? { kind: 'growing' } : settle(shop, path, part, held !== undefined),
      )
    } catch (error) {
      results.set(path, { kind: 'failed', error })
    }
  }
  return results
}

/** A part that holds everything its original held when it was packed. */
interface Part {
  readonly originalIdentity: string
  readonly originalBytes: number
  readonly identity: string
  readonly bytes: number
}

function pack(shop: Workshop, compression: Compression, path: string, mayResume: boolean): Part | Packed {
  const { files } = shop.system
  const original = absolute(shop, path)
  const part = original + packingEnding
  const facts = files.facts(original)
  if (facts !== undefined && facts.kind !== 'file') return { kind: 'gone' }
  if (facts === undefined) return adoptOrphan(shop, original)
  if (facts.size === 0) return dropReservation(shop, original, facts.modifiedAt)
  // A run died between naming the archive and removing the original, which may have grown since.
  if (files.facts(original + packedEnding)) {
    if (files.facts(part)) return { kind: 'gone' }
    files.rename(original + packedEnding, part)
  }
  // A part that somebody might still be writing must not be written by two.
  if (!mayResume && files.facts(part)) files.remove(part)

  const source = shop.streams.openSource(original)
  try {
    const start = files.facts(part) ? resume(shop, compression, part, source) : undefined
    const sink = shop.streams.openSink(part, start?.partEnd ?? 0)
    try {
      let packed = start?.end ?? 0
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(1, source.facts().size - packed)))
      // Speed matters for what takes minutes, size for what stays small.
      const level = facts.size > 8 * megabyte ? 1 : 6
      for (;;) {
        const got = source.read(piece, packed)
        if (got === 0) break
        sink.append(packMember(compression, piece.subarray(0, got), level))
        sink.sync()
        packed += got
        if (!shop.goOn() && packed < source.facts().size) return { kind: 'unfinished' }
      }
      const { identity, size } = sink.facts()
      return { originalIdentity: source.facts().identity, originalBytes: packed, identity, bytes: size }
    } finally {
      sink.close()
    }
  } finally {
    source.close()
  }
}

/**
 * How far an earlier run came: bytes of the original that are packed, and of the part that hold them. All members but the
 * last were on the disk before the next was begun; the last is compared with the original, in case the machine went down
 * meanwhile.
 */
function resume(shop: Workshop, compression: Compression, part: string, original: ByteSource) {
  const archive = shop.streams.openSource(part)
  try {
    const members = wholeMembers(archive)
    const last = members.at(-1)
    if (last && !isSound(compression, archive, last, original)) members.pop()
    const sound = members.at(-1)
    const end = sound ? sound.originalPosition + sound.originalLength : 0
    // An original that became shorter is not what was packed: begin again.
    if (sound === undefined || end > original.facts().size) return undefined
    return { end, partEnd: sound.position + sound.length }
  } finally {
    archive.close()
  }
}

function isSound(compression: Compression, archive: ByteSource, member: Member, original: ByteSource): boolean {
  if (member.originalLength > pieceBytes) return false
  const expected = Buffer.alloc(member.originalLength)
  if (original.read(expected, member.originalPosition) < expected.length) return false
  try {
    return expected.equals(unpackMember(compression, archive, member))
  } catch {
    return false
  }
}

/** Gives the part its final name and removes the original, if the original is still what was packed. */
function settle(shop: Workshop, path: string, part: Part, holdersKnown: boolean): Packed {
  const { files, clock } = shop.system
  const original = absolute(shop, path)
  const facts = files.facts(original)
  if (facts === undefined) return { kind: 'gone' }
  const quiet = clock() - facts.modifiedAt
  if (facts.size !== part.originalBytes) return { kind: 'growing' }
  if (Math.abs(quiet) < (holdersKnown ? quietMilliseconds : quietWhenUnknown)) return { kind: 'growing' }
  if (!isSame(shop, original, part.originalIdentity, part.originalBytes)) return { kind: 'growing' }
  if (!isSame(shop, original + packingEnding, part.identity, part.bytes)) return { kind: 'growing' }
  files.rename(original + packingEnding, original + packedEnding)
  files.remove(original)
  return { kind: 'packed', bytesBefore: part.originalBytes, bytesAfter: part.bytes }
}

function isSame(shop: Workshop, path: string, identity: string, size: number): boolean {
  const source = shop.streams.openSource(path)
  try {
    const facts = source.facts()
    return facts.identity === identity && facts.size === size
  } finally {
    source.close()
  }
}

/** A part whose original somebody took away: what is whole of it is worth keeping. */
function adoptOrphan(shop: Workshop, original: string): Packed {
  const { files } = shop.system
  const part = original + packingEnding
  if (!files.facts(part) || files.facts(original + packedEnding)) return { kind: 'gone' }
  const archive = shop.streams.openSource(part)
  let end = 0
  try {
    const last = wholeMembers(archive).at(-1)
    end = last ? last.position + last.length : 0
  } finally {
    archive.close()
  }
  if (end === 0) {
    files.remove(part)
    return { kind: 'gone' }
  }
  const sink = shop.streams.openSink(part, end)
  sink.sync()
  sink.close()
  files.rename(part, original + packedEnding)
  return { kind: 'packed', bytesBefore: end, bytesAfter: end }
}

/** An empty file is a name that a run reserved before it died, or is just about to use. */
function dropReservation(shop: Workshop, original: string, modifiedAt: number): Packed {
  if (shop.system.clock() - modifiedAt > 60_000) shop.system.files.remove(original)
  return { kind: 'gone' }
}
