import type { Files } from '../system/system.ts'
import { knownHashes } from './hook-files.ts'
import { fileStep } from './install.ts'
import { type Place, placeOf, type Surroundings, sharingScope } from './place.ts'
import { type InstallRecord, readRecord, recordText, sha256, withHash } from './record.ts'
import type { Step } from './steps.ts'

/**
 * Where Breakerbox is installed, its record knows what wrapping commands of others changes, so that the hooks raise no alarm; first,
 * as always.
 *
 * @param names of the files that it brings or takes away.
 * @param text what becomes of the settings; undefined where they stay.
 * @param hashesOf which hashes of such a file are good from now on; none where it is not in use.
 */
export function recordSteps(
  files: Files,
  place: Place,
  names: readonly string[],
  text: string | undefined,
  hashesOf: (name: string, known: readonly string[]) => readonly string[],
): Step[] {
  const record = readRecord(files, place)
  if (record === undefined) return []
  const used = names
    .map((file) => ({ file, sha256: [...hashesOf(file, knownHashes(record, file))] }))
    .filter((each) => each.sha256.length > 0)
  const next: InstallRecord = {
    ...record,
    hooks: [...record.hooks.filter(({ file }) => !names.includes(file)), ...used],
    ...(text === undefined ? {} : { guarded: withHash(record.guarded, sha256(text)) }),
  }
  return fileStep(files, place.record, recordText(next))
}

/** Such files are no longer in use by the scope that shares the hooks folder either. */
export function sharedRecordSteps(system: Surroundings, { scope, root }: Place, names: readonly string[]): Step[] {
  const sharing = sharingScope(scope)
  return sharing === undefined
    ? []
    : recordSteps(system.files, placeOf(system, sharing, root), names, undefined, () => [])
}
