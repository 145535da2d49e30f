import { clean } from '../calls/result.ts'
import { quoted } from '../guard/guard-command.ts'
import { hookStates } from '../guard/hook-states.ts'
import { counted } from '../status/quantities.ts'
import { fine, problem } from './finding.ts'
import type { Check } from './look.ts'

/** Longest command that is typed again rather than named by `--all`, characters. */
const longest = 100

/** Hooks of others that are guarded and out of the way. */
export const guardedHooks: Check = {
  id: 'guards',
  group: 'History',
  async examine({ system }) {
    const { hooks, disabled } = await hookStates(system).health()
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
      const title = `a guarded hook is down since ${since ?? 'an unknown time'}: ${clean(key, longest)}`
      const detail = [
        ...(error ? [`last error: ${clean(error, 200)}`] : []),
        ...(retry ? [`it is tried again at its next run after ${retry}`] : []),
      ]
      return problem('guarded-hook-down', title, {
        detail,
        command: `hook-health reset ${key.length > longest ? '--all' : quoted(clean(key, longest))}`,
      })
    })
  },
}
