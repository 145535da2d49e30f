import { forgetHooks } from '../guard/forget-hooks.ts'
import type { Change } from '../install/install.ts'
import { InstallError } from '../install/install-error.ts'
import { perform, type Step } from '../install/steps.ts'
import type { System } from '../system/system.ts'
import { type CommandResult, failed, printed } from './result.ts'

/** The lines for a change that was done or, on a dry run, would be. */
export type Report<C extends Change = Change> = (change: C, done: readonly Step[] | undefined) => readonly string[]

/** Prepares a change, does it unless this is a dry run, and reports. */
export function carryOut<C extends Change>(
  system: System,
  prepare: () => C,
  dryRun: boolean,
  report: Report<C>,
): CommandResult {
  try {
    const change = prepare()
    return printed(...report(change, dryRun ? undefined : perform(system, change.steps)))
  } catch (error) {
    const line = errorLine(error)
    if (line === undefined) throw error
    return failed(`breakerbox: ${line}`)
  }
}

/** The same for a change that may give guarded hooks back; then what is known of them is forgotten. */
export async function carryOutRelease<C extends Change>(
  system: System,
  prepare: () => C,
  dryRun: boolean,
  report: Report<C>,
): Promise<CommandResult> {
  let released: readonly string[] = []
  const result = carryOut(system, prepare, dryRun, (change, done) => {
    if (done !== undefined) released = change.released ?? []
    return report(change, done)
  })
  const why = await forgetHooks(system, released)
  return why === undefined ? result : { ...result, out: `${result.out}Note: ${why}.\n` }
}

/** One line for an error of ours or of the file system; undefined for any other, which is a defect. */
function errorLine(error: unknown): string | undefined {
  if (error instanceof InstallError) return error.message
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  const again = 'Once that is mended, running the command again completes what was begun.'
  return `${error.message}. ${again}`
}
