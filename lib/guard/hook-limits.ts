import { matchesName } from '../config/name-pattern.ts'
import type { UserConfig } from '../config/user-schema.ts'
import type { HookLimits } from './hook-circuit.ts'

type GuardConfig = UserConfig['hook_guard']

/** Limits of one run. */
export interface RunLimits extends HookLimits {
  readonly max_output_kb: number
}

/** How a shell may run a hook without Node; `never` where it cannot keep what the user's config asks for. */
type ShellTerms = 'never' | { readonly seconds?: number }

/**
 * The limits of one hook: what its own entry in the user's config says, then its command line, then the rest of the config.
 * The command line stands in settings that may have come with a project, or were written when the config said something
 * else; the entry is what this person wants of this hook.
 *
 * @returns undefined where the hook is not to be guarded.
 */
export function limitsOf(
  command: string,
  config: GuardConfig,
  commandLine: Readonly<Record<string, number>> = {},
): RunLimits | undefined {
  if (isExcluded(command, config)) return undefined
  const { exclude: _none, hooks: _single, ...common } = config
  const { command: _pattern, ...own } = entryOf(command, config)
  return { ...common, ...commandLine, ...own }
}

/** The front's own command line has a time-out, which an entry in the user's config may replace; it has no cap on output. */
export function shellTerms(command: string, config: GuardConfig): ShellTerms {
  const { timeout_seconds: seconds, max_output_kb } = entryOf(command, config)
  if (max_output_kb !== undefined || isExcluded(command, config)) return 'never'
  return seconds === undefined ? {} : { seconds }
}

const isExcluded = (command: string, { exclude }: GuardConfig): boolean =>
  exclude.some((pattern) => matchesName(pattern, command))

const entryOf = (command: string, { hooks }: GuardConfig): GuardConfig['hooks'][number] =>
  hooks.find((each) => matchesName(each.command, command)) ?? { command: '' }
