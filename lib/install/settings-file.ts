import type { Files } from '../system/system.ts'
import { unguarded } from './guard-plan.ts'
import { InstallError } from './install-error.ts'

/** A settings file as it is on disk. */
export interface SettingsFile {
  /** The path that the client reads. */
  readonly path: string
  /** Where the bytes are: another path than `path` where that is a link. Writing here keeps the link. */
  readonly target: string
  /** Undefined where there is no file. */
  readonly bytes: Uint8Array | undefined
  readonly text: string | undefined
  /** The text as it would be without guarded hooks: what install remembers and uninstall gives back. */
  readonly plain: string | undefined
  /** Permission bits to keep. */
  readonly mode: number
}

/** @param freshMode permission bits for a file that is not there yet. */
export function readSettings(files: Files, path: string, freshMode: number): SettingsFile {
  const facts = files.facts(path)
  if (facts === undefined)
    return { path, target: path, bytes: undefined, text: undefined, plain: undefined, mode: freshMode }
  const target = facts.kind === 'link' ? linkTarget(files, path) : path
  const targetFacts = files.facts(target)
  if (targetFacts?.kind !== 'file') throw new InstallError(path, 'it is not a file')
  const bytes = files.readHead(target, targetFacts.size)
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw new InstallError(path, 'not UTF-8 text')
  return { path, target, bytes, text, plain: unguarded(text), mode: targetFacts.mode }
}

function linkTarget(files: Files, path: string): string {
  try {
    return files.realPath(path)
  } catch {
    throw new InstallError(path, 'it is a link to nothing')
  }
}
