import { loadUserConfig } from '../config/user-config.ts'
import { hookStates } from '../guard/hook-states.ts'
import { runsGuard } from '../install/guard-wrap.ts'
import { ownCommands, pluginEntries, scopes } from '../install/hook-table.ts'
import type { System } from '../system/system.ts'
import { type HookReport, hookReport } from './hook-report.ts'
import { readHookRuns } from './hook-transcripts.ts'
import { day } from './quantities.ts'

/** How the user's hooks are. @param project absolute path: of those without a guard, only what ran in its sessions. */
export async function lookAtHooks(system: System, days: number, project?: string): Promise<HookReport> {
  const now = system.clock()
  const own = new Set([
    ...scopes.flatMap((scope) => [...ownCommands(scope)]),
    ...pluginEntries().map(({ hook }) => hook.command),
  ])
  return hookReport(
    {
      health: await hookStates(system).health(),
      transcripts: await readHookRuns(system, {
        since: now - days * day,
        ...(project === undefined ? {} : { project: system.files.realPath(project) }),
      }),
      days,
      isKnown: (command) => own.has(command) || runsGuard(command),
      configProblems: loadUserConfig(system).problems.map(({ message }) => message),
    },
    now,
  )
}
