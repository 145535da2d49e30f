import { flag, integer, list, number, object, oneOf, type TypeOf, text, withDefault } from '../schema/schema.ts'
import { section } from './section.ts'

/**
 * The user's own config, `~/.claude/breakerbox.json`: what concerns all projects of this person, and whatever reaches
 * another machine. No project's file is asked for an address.
 */

const pattern = text(1, 500)

/** Limits of the circuit around a hook. Absent in `hooks`, they are those of `hook_guard` itself. */
const hookLimits = {
  /** Failures in a row that take a hook out of the way. */
  failure_threshold: integer(1, 1000),
  /** How long it stays out of the way, seconds; then comes one trial. */
  cooldown_seconds: number(1, 86_400),
  /** Trials in a row that have to succeed before it is back. */
  success_threshold: integer(1, 100),
  /** Seconds after which a run is ended and counts as failed. */
  timeout_seconds: number(0.1, 3600),
  /** Output past which a run is ended and counts as failed, kB. */
  max_output_kb: integer(1, 1_000_000),
}

export const userConfigSchema = section({
  version: withDefault(oneOf(1), 1),
  redis: section({
    /**
     * Address of the Redis or Valkey server that machines share, `redis://[user][:password@]host[:port][/database]` or
     * `rediss://` for TLS; `BREAKERBOX_REDIS_URL` goes before it. Empty: none.
     */
    url: withDefault(text(undefined, 2000), ''),
    /** Starts the name of every key, so that several fleets can share a server. */
    prefix: withDefault(text(1, 100), 'breakerbox:'),
  }),
  tracking: section({
    /**
     * Address of the service that hears of patterns, `http://` or `https://`; `INTELLIGENCE_SERVICE_URL` goes before it. Empty: no
     * tracking.
     */
    url: withDefault(text(undefined, 2000), ''),
    /** `PATTERN_TRACKING_ENABLED` goes before it. */
    enabled: withDefault(flag(), true),
    /** Whether contents are sent, with secrets taken out; without them only names and hashes are. */
    content: withDefault(flag(), true),
  }),
  alerts: section({
    /** Address that incidents are posted to, `http://` or `https://`. Empty: none. */
    webhook: withDefault(text(undefined, 2000), ''),
    /** `slack`: the shape that Slack's incoming webhooks take. */
    format: withDefault(oneOf('json', 'slack'), 'json'),
  }),
  hook_guard: section({
    failure_threshold: withDefault(hookLimits.failure_threshold, 3),
    cooldown_seconds: withDefault(hookLimits.cooldown_seconds, 300),
    success_threshold: withDefault(hookLimits.success_threshold, 2),
    timeout_seconds: withDefault(hookLimits.timeout_seconds, 30),
    max_output_kb: withDefault(hookLimits.max_output_kb, 10_000),
    /** Commands that are never guarded; `*` stands for anything. */
    exclude: withDefault(list(pattern, undefined, 200), []),
    /** Limits of single hooks: the first entry whose `command` fits holds; `*` stands for anything. */
    hooks: withDefault(list(object({ command: pattern }, hookLimits), undefined, 200), []),
  }),
})

/** A complete user config, defaults filled in. */
export type UserConfig = TypeOf<typeof userConfigSchema>
