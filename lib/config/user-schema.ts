import { flag, integer, list, number, object, oneOf, type TypeOf, text, withDefault } from '../schema/schema.ts'
import { section } from './section.ts'

/**
 * The user's own config, `~/.claude/breakerbox.json`: what concerns all projects of this person, and whatever reaches
 * another machine. No project's file is asked for an address. What each field means stands in `schema-words.ts`.
 */

const pattern = text(1, 500)

/** Limits of the circuit around a hook. Absent in `hooks`, they are those of `hook_guard` itself. */
const hookLimits = {
  failure_threshold: integer(1, 1000),
  cooldown_seconds: number(1, 86_400),
  success_threshold: integer(1, 100),
  timeout_seconds: number(0.1, 3600),
  max_output_kb: integer(1, 1_000_000),
}

export const userConfigSchema = section({
  version: withDefault(oneOf(1), 1),
  redis: section({
    url: withDefault(text(undefined, 2000), ''),
    prefix: withDefault(text(1, 100), 'breakerbox:'),
  }),
  tracking: section({
    url: withDefault(text(undefined, 2000), ''),
    enabled: withDefault(flag(), true),
    content: withDefault(flag(), true),
  }),
  alerts: section({
    webhook: withDefault(text(undefined, 2000), ''),
    format: withDefault(oneOf('json', 'slack'), 'json'),
  }),
  hook_guard: section({
    failure_threshold: withDefault(hookLimits.failure_threshold, 3),
    cooldown_seconds: withDefault(hookLimits.cooldown_seconds, 300),
    success_threshold: withDefault(hookLimits.success_threshold, 2),
    timeout_seconds: withDefault(hookLimits.timeout_seconds, 30),
    max_output_kb: withDefault(hookLimits.max_output_kb, 10_000),
    exclude: withDefault(list(pattern, undefined, 200), []),
    hooks: withDefault(list(object({ command: pattern }, hookLimits), undefined, 200), []),
  }),
})

/** A complete user config, defaults filled in. */
export type UserConfig = TypeOf<typeof userConfigSchema>
