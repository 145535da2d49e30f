import { join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { Project } from './project.ts'
import { seenKind } from './seen.ts'
import { marksFolder } from './session-marks.ts'

/**
 * In the folder of marks: that the start of a session looked around and found all well. While nothing in sight has changed since, the
 * next start needs no look of its own and no Node; a shell compares times and counts files.
 * - `look` bears the time of the look, and holds how many JSON files lay in the memory folder, at least 1: one more or less is a change.
 * - `look-ends` bears the time at which it ends, since what is due by age shows in no file's time, and a shell has no clock.
 */
export const lookName = 'look'
export const lookEndName = 'look-ends'

/** Milliseconds that a look holds. */
const holdsFor = 3_600_000

/** Lets starts of sessions pass without Node, until something changes and for an hour at most. */
export function holdLook({ system: { files }, paths: { memory }, now }: Project): void {
  const folder = join(memory, marksFolder)
  try {
    // a link leads elsewhere
    if (files.facts(folder)?.kind !== 'folder') return
    const documents = files.list(memory).filter((name) => /^[^.].*\.json$/.test(name))
    const leave = (name: string, text: string, time: number): void => {
      const path = join(folder, name)
      if (files.facts(path) !== undefined) files.remove(path)
      files.create(path, text)
      files.touch(path, time)
    }
    leave(lookName, `${Math.max(1, documents.length)}\n`, now)
    leave(lookEndName, '', now + holdsFor)
    // Written by this look, and no change since it.
    files.touch(join(memory, `${seenKind.key}.json`), now)
  } catch (error) {
    // without them the next start looks itself
    if (errorCode(error) === undefined) throw error
  }
}
