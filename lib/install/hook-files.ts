import { join } from 'node:path'
import type { Files } from '../system/system.ts'
import { InstallError } from './install-error.ts'
import { type InstallRecord, sha256 } from './record.ts'

/** The second line of every bundle starts with this (the first is `#!`), so that one of any version is known as ours. */
export const bundleMark = '// breakerbox '

export interface Bundle {
  readonly name: string
  readonly content: Uint8Array
  readonly hash: string
}

/** The built hooks that are copied into a project. */
export function readBundles(files: Files, folder: string, names: readonly string[]): Bundle[] {
  return names.map((name) => {
    const path = join(folder, name)
    const content = wholeFile(files, path)
    if (content === undefined) throw new InstallError(path, 'the built hook is missing; run `npm run build` first')
    return { name, content, hash: sha256(content) }
  })
}

/** What stands where a hook goes: nothing, a hook of ours, or somebody else's file. */
export type HookFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'ours'; readonly hash: string }
  | { readonly kind: 'foreign' }

/**
 * @param known hashes of what we wrote there; a file that carries our mark is ours as well, so that hooks of other versions
 * and of a clone, which has no record, are recognised.
 */
export function inspectHook(files: Files, path: string, known: readonly string[]): HookFile {
  const facts = files.facts(path)
  if (facts === undefined) return { kind: 'absent' }
  const content = facts.kind === 'file' ? wholeFile(files, path) : undefined
  if (content === undefined) return { kind: 'foreign' }
  const hash = sha256(content)
  return known.includes(hash) || hasMark(content) ? { kind: 'ours', hash } : { kind: 'foreign' }
}

function hasMark(content: Uint8Array): boolean {
  const head = Buffer.from(content.subarray(0, 300)).toString('latin1')
  return head.split('\n', 2).some((line) => line.startsWith(bundleMark))
}

function wholeFile(files: Files, path: string): Uint8Array | undefined {
  const facts = files.facts(path)
  if (facts === undefined) return undefined
  // A bundle folder may be linked in (npm link); what counts is the file behind the link.
  const size = facts.kind === 'link' ? files.facts(files.realPath(path))?.size : facts.size
  return files.readHead(path, size ?? 0)
}

export function knownHashes(record: InstallRecord | undefined, name: string): readonly string[] {
  return record?.hooks.find(({ file }) => file === name)?.sha256 ?? []
}
