import { join } from 'node:path'
import type { Files } from '../system/system.ts'
import { InstallError } from './install-error.ts'
import { type InstallRecord, sha256 } from './record.ts'
import type { Step } from './steps.ts'

/** The second line of every bundle starts with one of these (the first is `#!`), so that one of any version is known as ours. */
export const bundleMark = '// breakerbox '
export const shellMark = '# breakerbox '

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

/** What stands where a file of ours goes: nothing, one of ours, or somebody else's. */
type FoundFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'ours'; readonly hash: string }
  | { readonly kind: 'foreign' }

/**
 * Steps that bring the hooks into a folder; what is there already, letter for letter, is kept.
 *
 * @param known hashes of what we wrote under a name.
 * @throws InstallError where somebody else's file has the name of one of them.
 */
export function copySteps(
  files: Files,
  folder: string,
  bundles: readonly Bundle[],
  known: (name: string) => readonly string[] = () => [],
): Step[] {
  const copies = bundles.map(({ name, content, hash }): Step => {
    const path = join(folder, name)
    const present = inspectFile(files, path, [...known(name), hash])
    if (present.kind === 'foreign') throw new InstallError(path, 'not a file of Breakerbox; move it away first')
    if (present.kind === 'ours' && present.hash === hash) return { kind: 'keep', path }
    return { kind: 'write', path, content, mode: 0o755, replaces: present.kind === 'ours' }
  })
  const isThere = files.facts(folder) !== undefined
  return isThere ? copies : [{ kind: 'folder', path: folder, mode: 0o755 }, ...copies]
}

/** Steps that remove those of the named files that are ours. */
export function removeSteps(
  files: Files,
  folder: string,
  names: readonly string[],
  known: (name: string) => readonly string[] = () => [],
): Step[] {
  return names.flatMap((name): Step[] => {
    const path = join(folder, name)
    return inspectFile(files, path, known(name)).kind === 'ours' ? [{ kind: 'remove', path }] : []
  })
}

/**
 * @param known hashes of what we wrote there; a file that carries our mark is ours as well, so that hooks of other versions
 * and of a clone, which has no record, are recognised.
 */
export function inspectFile(files: Files, path: string, known: readonly string[]): FoundFile {
  const facts = files.facts(path)
  if (facts === undefined) return { kind: 'absent' }
  const content = facts.kind === 'file' ? wholeFile(files, path) : undefined
  if (content === undefined) return { kind: 'foreign' }
  const hash = sha256(content)
  return known.includes(hash) || hasMark(content) ? { kind: 'ours', hash } : { kind: 'foreign' }
}

function hasMark(content: Uint8Array): boolean {
  const head = Buffer.from(content.subarray(0, 300)).toString('latin1')
  return head.split('\n', 2).some((line) => line.startsWith(bundleMark) || line.startsWith(shellMark))
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
