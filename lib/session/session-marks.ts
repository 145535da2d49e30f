import { join } from 'node:path'
import type { Streak } from '../engine/streak.ts'
import { errorCode } from '../system/known-error.ts'
import type { Project } from './project.ts'
import { setShortcut } from './shortcut.ts'

/**
 * In the memory folder: empty files by which shells know something about a running session. Named after the session and its
 * client, so that no other run is ever meant.
 * - `<session>-<client>`: an installed copy is at work in it. A plugin of the same name, whose hooks run as well, may leave everything to
 *   that copy.
 * - the same with `.first`: its start has looked around and found nothing that its first prompt would have to be told, so that this prompt needs
 *   no Node of its own and can wait in the spool like a batch. The shell takes the mark away with the prompt.
 * - `<session>.streak`: a streak has begun in it, so that its batches are taken in one by one and not when several have gathered.
 */
export const marksFolder = 'circuit_breaker_marks'
export const firstPromptEnding = '.first'
export const streakEnding = '.streak'

/** With so many marks those of the last hour stay; a session that loses its own is looked after twice, or more slowly. */
const mostMarks = 100
const shortestStay = 3_600_000

const isMark = (name: string): boolean => /^[\da-f-]{36}(?:-\d+(?:\.first)?|\.streak)$/.test(name)

/** Leaves the mark of an installed copy; a plugin leaves none. */
export function markInstalled(project: Project): void {
  if (project.system.env['CLAUDE_PLUGIN_ROOT'] === undefined) leaveMark(project, '')
}

/** Lets the first prompt of this session pass without Node. */
export const markFirstPrompt = (project: Project): void => leaveMark(project, firstPromptEnding)

/** Has the batches of these sessions taken in one by one where a streak has begun, and gather where none has. */
export function markStreaks({ system: { files }, paths }: Project, streaks: ReadonlyMap<string, Streak>): void {
  const folder = join(paths.memory, marksFolder)
  if (files.facts(folder)?.kind !== 'folder') return
  for (const [session, streak] of streaks) {
    const name = session + streakEnding
    if (isMark(name)) setShortcut(files, join(folder, name), streak !== 'none')
  }
}

/** None where the client does not say which session it is. */
function leaveMark({ system: { env, files }, paths, now }: Project, ending: string): void {
  const name = `${env['CLAUDE_CODE_SESSION_ID']}-${env['CLAUDE_PID']}${ending}`
  const folder = join(paths.memory, marksFolder)
  if (!isMark(name) || files.facts(paths.memory)?.kind !== 'folder') return
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
    // without a mark everything works too; one that is there, or was made or removed by another session meanwhile, is as good
    if (errorCode(error) === undefined) throw error
  }
}
