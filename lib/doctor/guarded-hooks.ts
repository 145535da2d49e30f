import { clean } from '../calls/result.ts'
import { commandLine, quoted } from '../guard/guard-command.ts'
import { hookKey } from '../guard/hook-key.ts'
import { hookStates } from '../guard/hook-states.ts'
import { readGuarded, runsGuard } from '../install/guard-wrap.ts'
import { counted } from '../status/quantities.ts'
import { fine, note, problem } from './finding.ts'
import type { Check, Look } from './look.ts'

/** Longest command that is typed again rather than named by `--all`, characters. */
const longest = 100

/** Hooks of others that are guarded and out of the way. */
export const guardedHooks: Check = {
  id: 'guards',
  group: 'History',
  async examine(look) {
    const { hooks, disabled } = await hookStates(look.system).health()
    const count = Object.keys(hooks).length
    if (disabled.length === 0)
      return [
        fine(
          'guards',
          count === 0 ? 'no hook of others is guarded' : `${counted(count, 'guarded hook')}, none is down`,
        ),
      ]
    return disabled.map((key) => {
      const { disabled_at: since, last_error: error, retry_after: retry } = hooks[key] ?? {}
      const isUsed = isGuardedHere(look, key)
      const which = isUsed
        ? 'a guarded hook'
        : 'a hook that no settings guard here, but perhaps those of another project,'
      const title = `${which} is down since ${since ?? 'an unknown time'}: ${clean(key, longest)}`
      const detail = [
        ...(error ? [`last error: ${clean(error, 200)}`] : []),
        ...(retry ? [`it is tried again at its next run after ${retry}`] : []),
      ]
      return (isUsed ? problem : note)('guarded-hook-down', title, {
        detail,
        command: `hook-health reset ${key.length > longest ? '--all' : quoted(clean(key, longest))}`,
      })
    })
  },
}

/** Whether a settings file that the client reads here still runs this hook under the guard, by our hand or another. */
function isGuardedHere({ hooks }: Look, key: string): boolean {
  return hooks.some(({ command, args }) => {
    const guarded = readGuarded(command, args)
    if (guarded !== undefined) return hookKey(commandLine(guarded.original)) === key
    const line = commandLine(args === undefined ? command : [command, ...args])
    return runsGuard(line) && line.includes(key)
  })
}
