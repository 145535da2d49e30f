import { type Fields, integer, list, number, oneOf, type TypeOf, text, withDefault } from '../schema/schema.ts'
import { section } from './section.ts'

/**
 * The config file `circuit_breaker_config.json`, as one schema: types, defaults and validation come from here; what each
 * field means stands in `schema-words.ts`. Every field has a default, so that an empty object is a complete config. A project
 * may tune limits; no field can name a network address or a regular expression, so a cloned repository can neither send
 * anything out nor hang a hook.
 */

const names = list(text(1, 200), undefined, 200)
const seconds = (high: number) => number(0, high)

const patternMode = oneOf('off', 'observe', 'warn', 'block')

const loopScope = withDefault(oneOf('agent', 'session'), 'agent')
/** For a fleet, `redis` in the user's own config has to say where it meets; without that, it is the project. */
const limitScope = withDefault(oneOf('agent', 'session', 'project', 'fleet'), 'project')

const pattern = <Shape extends Fields>(defaults: { mode?: PatternMode; cooldown?: number }, shape: Shape) =>
  section({
    mode: withDefault(patternMode, defaults.mode ?? 'block'),
    ...shape,
    cooldown_base_seconds: withDefault(seconds(86_400), defaults.cooldown ?? 5),
  })

export const configSchema = section({
  version: withDefault(oneOf(1), 1),
  mode: withDefault(oneOf('enforce', 'observe', 'off'), 'enforce'),
  circuit_breakers: section({
    tool_failure: pattern(
      {},
      {
        scope: loopScope,
        threshold: withDefault(integer(2, 100), 3),
        window_turns: withDefault(integer(1, 200), 5),
        match: withDefault(oneOf('operation', 'tool'), 'operation'),
        warn_after_edit_rounds: withDefault(integer(0, 200), 8),
      },
    ),
    repeated_call: pattern(
      {},
      {
        scope: loopScope,
        threshold: withDefault(integer(2, 100), 4),
        window_turns: withDefault(integer(1, 200), 30),
        warn_at: withDefault(integer(0, 100), 3),
      },
    ),
    busy_polling: pattern(
      {},
      {
        scope: loopScope,
        threshold: withDefault(integer(2, 100), 6),
        window_turns: withDefault(integer(1, 200), 30),
        warn_at: withDefault(integer(0, 100), 4),
        max_spacing_seconds: withDefault(seconds(3600), 15),
      },
    ),
    sequential_tools: pattern(
      { mode: 'warn' },
      {
        threshold: withDefault(integer(1, 1000), 10),
        window_turns: withDefault(integer(1, 200), 1),
      },
    ),
    agent_spawn: pattern(
      { cooldown: 30 },
      {
        scope: limitScope,
        threshold: withDefault(integer(1, 1000), 5),
        window_turns: withDefault(integer(1, 200), 10),
        max_concurrent: withDefault(integer(1, 1000), 10),
      },
    ),
    external_api: pattern(
      { cooldown: 30 },
      {
        scope: limitScope,
        threshold: withDefault(integer(1, 10_000), 10),
        window_seconds: withDefault(number(1, 86_400), 60),
        tools: withDefault(names, ['WebFetch', 'WebSearch', 'mcp__*']),
        mcp_weight: withDefault(number(0.01, 1), 0.5),
        commands: withDefault(names, ['curl', 'wget', 'http', 'https', 'xh']),
      },
    ),
    hook_recursion: pattern(
      { cooldown: 300 },
      {
        threshold: withDefault(integer(1, 1000), 5),
        window_turns: withDefault(integer(1, 200), 10),
        max_depth: withDefault(integer(1, 100), 3),
      },
    ),
    llm_api: pattern(
      { cooldown: 30 },
      {
        scope: withDefault(oneOf('project', 'fleet'), 'project'),
        threshold: withDefault(integer(1, 1000), 5),
        success_threshold: withDefault(integer(1, 100), 2),
      },
    ),
  }),
  cooldown_ladder_seconds: withDefault(list(number(0.001, 86_400), 1, 20), [5, 10, 30, 60, 300]),
  halt_after_denials: withDefault(integer(0, 100), 3),
  probe_timeout_seconds: withDefault(number(1, 3600), 120),
  memory_limits: section({
    telemetry_max_lines: withDefault(integer(1, 10_000_000), 1000),
    telemetry_max_kb: withDefault(integer(1, 10_000_000), 50),
    telemetry_max_age_days: withDefault(integer(1, 3650), 7),
    telemetry_keep_rotations: withDefault(integer(1, 1000), 5),
    telemetry_files: withDefault(names, ['*_telemetry.jsonl', 'circuit_breaker_incidents.jsonl']),
    session_max_active: withDefault(integer(1, 10_000), 10),
    session_max_age_days: withDefault(integer(1, 3650), 7),
    evidence_ledger_max: withDefault(integer(1, 1_000_000), 100),
    tool_history_max: withDefault(integer(1, 1_000_000), 50),
    archive_keep_count: withDefault(integer(1, 10_000), 20),
    total_max_mb: withDefault(number(0.1, 100_000), 5),
  }),
})

/** A complete config, defaults filled in. */
export type Config = TypeOf<typeof configSchema>
export type PatternMode = TypeOf<typeof patternMode>
