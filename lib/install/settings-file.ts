import type { Files, System } from '../system/system.ts'
import type { Scope } from './hook-table.ts'
import { InstallError } from './install-error.ts'
import { type Place, placeOf } from './place.ts'
import { plainText } from './plain-text.ts'

/** A settings file as it is on disk. */
export interface SettingsFile {
  /** The path that the client reads. */
  readonly path: string
  /** Where the bytes are: another path than `path` where that is a link. Writing here keeps the link. */
  readonly target: string
  /** Undefined where there is no file. */
  readonly bytes: Uint8Array | undefined
  readonly text: string | undefined
  /** The text without what wraps commands of others: what install remembers and uninstall gives back. */
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
  return { path, target, bytes, text, plain: plainText(text), mode: targetFacts.mode }
}

/**
 * The place and the settings of a scope whose commands are to be wrapped.
 *
 * @throws InstallError where the settings of the user are meant by another name.
 */
export function openSettings(
  system: Pick<System, 'files' | 'env' | 'homeFolder'>,
  { scope, project }: { readonly scope: Scope; readonly project: string },
  freshMode: number,
): { readonly place: Place; readonly settings: SettingsFile } {
  const place = placeOf(system, scope, project)
  if (scope !== 'user' && placeOf(system, 'user', '').settings === place.settings) {
    throw new InstallError(place.settings, 'these are the settings of the user; say --scope user')
  }
  return { place, settings: readSettings(system.files, place.settings, freshMode) }
}

/** A text that differs from what the settings hold; undefined where it does not. */
export const changedText = (settings: SettingsFile, text: string | undefined): string | undefined =>
  settings.text === text ? undefined : text

function linkTarget(files: Files, path: string): string {
  try {
    return files.realPath(path)
  } catch {
    throw new InstallError(path, 'it is a link to nothing')
  }
}
