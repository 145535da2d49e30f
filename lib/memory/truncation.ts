import { cutSessionText, entriesOf } from './cut.ts'
import { packMember, unpackMember, wholeMembers } from './members.ts'
import {
  baseName,
  type CutField,
  cutFields,
  folderOf,
  parsePendingCutName,
  pendingCutName,
  temporaryName,
} from './names.ts'
import { absolute, ensureFolder, type Workshop } from './packing.ts'
import type { Action, MemoryLimits } from './plan.ts'

/**
 * Shortening the lists inside a session file that other programs own.
 *
 * 1. What is to be cut is written, packed, under a pending name that tells the file's size and time.
 * 2. The shortened text is written beside the file, with the file's own modification time, so that its age stays.
 * 3. If the file is still the one that was read (same identity, size and time), the shortened one is renamed over it.
 * 4. The pending archives get their final names.
 *
 * A run that dies before step 3 leaves pending archives of entries that are still in the file: the next run drops them. One
 * that dies after it leaves pending archives of entries that are nowhere else: the next run keeps them. Between the
 * comparison and the rename lie microseconds in which another program's write would be overwritten; no operation of the
 * file system joins the two, and the next write of that program, which replaces the whole file, mends it.
 */

export type Shortened =
  | { readonly kind: 'shortened'; readonly bytesBefore: number; readonly bytesAfter: number; readonly entries: number }
  /** Another program changed it meanwhile, or its text is not safe to cut: left for the next run. */
  | { readonly kind: 'left'; readonly because: string }

type Truncate = Extract<Action, { kind: 'truncate' }>

export async function shorten(shop: Workshop, action: Truncate): Promise<Shortened> {
  const { files } = shop.system
  const path = absolute(shop, action.path)
  const before = files.facts(path)
  if (before?.kind !== 'file') return { kind: 'left', because: 'it is gone' }
  const text = files.readText(path)
  // Bytes that are no UTF-8 would come back as something else.
  if (text.includes('\ufffd')) return { kind: 'left', because: 'it is not UTF-8 text' }
  const unchanged = () => {
    const now = files.facts(path)
    return now?.identity === before.identity && now.size === before.size && now.modifiedAt === before.modifiedAt
  }
  if (!unchanged()) return { kind: 'left', because: 'another program is writing to it' }
  const keep = Object.fromEntries(action.cuts.map(({ field, keep }) => [field, keep]))
  const result = cutSessionText(text, keep)
  if (result === undefined) return { kind: 'left', because: 'it is not valid JSON' }

  const compression = await shop.streams.compression()
  const pending: { path: string; archive: string }[] = []
  const dropPending = () => {
    for (const { path } of pending) files.remove(absolute(shop, path))
  }
  for (const { field, archive } of action.cuts) {
    const lines = result.cut[field]
    if (lines === undefined) continue
    ensureFolder(shop, folderOf(archive))
    const name = pendingCutName(archive, before.size, before.modifiedAt)
    const content = Buffer.from(`${lines.join('\n')}\n`)
    files.create(absolute(shop, name), packMember(compression, content, 6), { durable: true })
    pending.push({ path: name, archive })
  }
  const temporary = absolute(shop, temporaryName(action.path, shop.system.token()))
  files.create(temporary, result.text, { durable: true })
  files.touch(temporary, before.modifiedAt)
  if (!unchanged()) {
    files.remove(temporary)
    dropPending()
    return { kind: 'left', because: 'another program is writing to it' }
  }
  files.rename(temporary, path)
  for (const { path, archive } of pending) files.rename(absolute(shop, path), absolute(shop, archive))
  const entries = Object.values(result.cut).reduce((sum, lines) => sum + lines.length, 0)
  return { kind: 'shortened', bytesBefore: before.size, bytesAfter: Buffer.byteLength(result.text), entries }
}

/**
 * Decides about a pending archive that an earlier run left behind: dropped when its entries are still in the session file,
 * kept in every other case.
 */
export async function settleCut(shop: Workshop, path: string, limits: MemoryLimits): Promise<'kept' | 'dropped'> {
  const { files } = shop.system
  const pending = parsePendingCutName(baseName(path))
  if (pending === undefined) return 'dropped'
  if (await isStillInSession(shop, path, pending, limits)) {
    files.remove(absolute(shop, path))
    return 'dropped'
  }
  files.rename(absolute(shop, path), `${absolute(shop, folderOf(path))}/${pending.archive}`)
  return 'kept'
}

async function isStillInSession(
  shop: Workshop,
  path: string,
  pending: { session: string; field: CutField; size: number; modifiedAt: number },
  limits: MemoryLimits,
): Promise<boolean> {
  const { files } = shop.system
  const session = absolute(shop, `session_${pending.session}_state.json`)
  const facts = files.facts(session)
  if (facts?.kind !== 'file') return false
  // The shortened file has the same time, but never the same size.
  if (facts.size === pending.size && Math.floor(facts.modifiedAt) === pending.modifiedAt) return true
  const lines = await linesOf(shop, path)
  const entries = entriesOf(files.readText(session), pending.field) ?? []
  const longEnough = entries.length >= lines.length + limits[cutFields[pending.field]]
  return longEnough && lines.every((line, at) => entries[at] === line)
}

async function linesOf(shop: Workshop, path: string): Promise<string[]> {
  const compression = await shop.streams.compression()
  const archive = shop.streams.openSource(absolute(shop, path))
  try {
    const pieces = wholeMembers(archive).map((member) => unpackMember(compression, archive, member))
    return Buffer.concat(pieces).toString('utf8').split('\n').slice(0, -1)
  } finally {
    archive.close()
  }
}
