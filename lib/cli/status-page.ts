import { dirname, resolve } from 'node:path'
import { defaultConfig } from '../config/load.ts'
import { perform } from '../install/steps.ts'
import type { Project } from '../session/project.ts'
import { changedLimits } from '../status/changed-limits.ts'
import { firstMoment, historyReport, usualDays } from '../status/history.ts'
import { lookAtHooks } from '../status/look-at-hooks.ts'
import { lookAtHalt, lookAtStatus, statusSince } from '../status/look-at-status.ts'
import { isPage, pageHeadBytes, statusPage } from '../status/page.ts'
import { readPast } from '../status/past-incidents.ts'
import type { System } from '../system/system.ts'
import { isFolder } from './open-named-project.ts'
import { type CommandResult, failed, misused, printed } from './result.ts'
import { version } from './version.ts'

/** What a shell and many programs take for stdout. */
const stdoutName = '-'

/**
 * `circuit-status --html FILE`: the page, put into place whole and readable by its owner alone. A file that is not such a page
 * is left as it is: a mistyped path must not cost anybody a file. An empty one has nothing to lose.
 *
 * @param absence why there may be nothing to see.
 */
export async function writePage(project: Project, named: string, absence: string | undefined): Promise<CommandResult> {
  const { system } = project
  const path = resolve(system.workingFolder, named)
  const problem = named === stdoutName ? undefined : whyNot(system, path)
  if (problem !== undefined) return problem
  const text = await pageOf(project, absence)
  if (named === stdoutName) return { ...printed(), out: text }
  // Once more: making the page takes a while.
  const meanwhile = whyNot(system, path)
  if (meanwhile !== undefined) return meanwhile
  perform(system, [{ kind: 'write', path, content: text, mode: 0o600, replaces: true }])
  return printed(path)
}

async function pageOf(project: Project, absence: string | undefined): Promise<string> {
  const { system, paths, config, now } = project
  const past = await readPast(system, paths, Math.min(firstMoment(usualDays, now), statusSince(now)))
  const facts = {
    project: paths.project,
    version,
    status: await lookAtStatus(project, past),
    halt: await lookAtHalt(project),
    lately: past.incidents.filter(({ at }) => Date.parse(at) > statusSince(now)),
    history: historyReport(past, config, usualDays, now),
    hooks: await lookAtHooks(system, usualDays, paths.project),
    changedLimits: changedLimits(config, defaultConfig()),
    absence,
  }
  return statusPage(facts, now)
}

/** Why nothing may be written there; undefined where it may. */
function whyNot(system: System, path: string): CommandResult | undefined {
  const folder = dirname(path)
  if (!isFolder(system, folder)) return misused(`error: --html: there is no folder ${folder}`)
  const facts = system.files.facts(path)
  if (facts === undefined) return undefined
  if (facts.kind === 'file') {
    if (facts.size === 0 || isPage(system.files.readHead(path, pageHeadBytes).toString('utf8'))) return undefined
    return failed(
      `error: --html: ${path} is not a page of circuit-status, and is left as it is; name another file, or remove it first`,
    )
  }
  const what = facts.kind === 'other' ? 'no regular file' : `a ${facts.kind}`
  return failed(`error: --html: ${path} is ${what}; name another file`)
}
