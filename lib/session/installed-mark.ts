import { join } from 'node:path'
import { errorCode } from '../system/known-error.ts'
import type { Project } from './project.ts'

/**
 * In the memory folder: a mark for each session in which an installed copy is at work, which is how a plugin of the same name, whose
 * hooks run as well, knows that it may leave everything to that copy. Named after the session and its client, so that no other
 * run is ever meant.
 */
export const installedFolder = 'circuit_breaker_installed'

/** With so many marks those of the last hour stay; a session that loses its own is only looked after twice. */
const mostMarks = 100
const shortestStay = 60 * 60 * 1000

const isMark = (name: string): boolean => /^[\da-f-]{36}-\d+$/.test(name)

/** Leaves the mark of this session. A plugin leaves none, nor a client that does not say which session it is. */
export function markInstalled({ system: { env, files }, paths, now }: Project): void {
  const name = `${env['CLAUDE_CODE_SESSION_ID']}-${env['CLAUDE_PID']}`
  const folder = join(paths.memory, installedFolder)
  if (env['CLAUDE_PLUGIN_ROOT'] !== undefined || !isMark(name) || files.facts(paths.memory)?.kind !== 'folder') return
  try {
    if (files.facts(folder) === undefined) files.makeFolder(folder)
    // a link leads elsewhere
    if (files.facts(folder)?.kind !== 'folder') return
    const marks = files.list(folder).filter(isMark)
    for (const path of marks.length < mostMarks ? [] : marks.map((mark) => join(folder, mark))) {
      if (now - (files.facts(path)?.modifiedAt ?? now) > shortestStay) files.remove(path)
    }
    files.create(join(folder, name), '')
  } catch (error) {
    // without the mark the plugin works too; one that is there, or was made or removed by another session meanwhile, is as good
    if (errorCode(error) === undefined) throw error
  }
}
