import { type Fields, integer, list, number, oneOf, type TypeOf, text, withDefault } from '../schema/schema.ts'
import { section } from './section.ts'

/**
 * The config file `circuit_breaker_config.json`, as one schema: types, defaults and validation come from here. Every field
 * has a default, so that an empty object is a complete config. A project may tune limits; no field can name a network
 * address or a regular expression, so a cloned repository can neither send anything out nor hang a hook.
 */

const names = list(text(1, 200), undefined, 200)
const seconds = (high: number) => number(0, high)

/** What a pattern may do when it trips: nothing, record it, tell the model, or refuse the call. */
const patternMode = oneOf('off', 'observe', 'warn', 'block')

/**
 * Where a loop's circuit holds: for the agent that loops, or for every agent of its session.
 */
const loopScope = withDefault(oneOf('agent', 'session'), 'agent')
/**
 * Who keeps a limit together: each agent its own, all of a session, all sessions of a project, or all machines that share a
 * Redis server (`redis` in the user's own config; without one, the project).
 */
const limitScope = withDefault(oneOf('agent', 'session', 'project', 'fleet'), 'project')

const pattern = <Shape extends Fields>(defaults: { mode?: PatternMode; cooldown?: number }, shape: Shape) =>
  section({
    mode: withDefault(patternMode, defaults.mode ?? 'block'),
    ...shape,
    /** First cooldown after a trip, seconds; each further one is the next rung of `cooldown_ladder_seconds` above it. */
    cooldown_base_seconds: withDefault(seconds(86_400), defaults.cooldown ?? 5),
  })

export const configSchema = section({
  version: withDefault(oneOf(1), 1),
  /** `observe` turns the whole suite into a recorder, `off` switches it off. */
  mode: withDefault(oneOf('enforce', 'observe', 'off'), 'enforce'),
  circuit_breakers: section({
    tool_failure: pattern(
      {},
      {
        scope: loopScope,
        /** Different turns in which the operation failed with the same error. */
        threshold: withDefault(integer(2, 100), 3),
        window_turns: withDefault(integer(1, 200), 5),
        /** `operation`: the same operation with the same error. `tool`: any failure of the tool. */
        match: withDefault(oneOf('operation', 'tool'), 'operation'),
        /** Rounds of edit and re-run with an unchanged error before the model is told; 0 never. */
        warn_after_edit_rounds: withDefault(integer(0, 200), 8),
      },
    ),
    repeated_call: pattern(
      {},
      {
        scope: loopScope,
        threshold: withDefault(integer(2, 100), 4),
        window_turns: withDefault(integer(1, 200), 30),
        /** Repeats at which the model is told; 0 never. */
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
        /** Median time between two polls below which they count as busy, seconds. */
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
        /** Agents running at the same time. */
        max_concurrent: withDefault(integer(1, 1000), 10),
      },
    ),
    external_api: pattern(
      { cooldown: 30 },
      {
        scope: limitScope,
        threshold: withDefault(integer(1, 10_000), 10),
        window_seconds: withDefault(number(1, 86_400), 60),
        /** Tool names that reach outside; `*` at the end stands for any rest. */
        tools: withDefault(names, ['WebFetch', 'WebSearch', 'mcp__*']),
        /** What a call of an MCP server counts for: many servers run on this machine. */
        mcp_weight: withDefault(number(0.01, 1), 0.5),
        /** Programs that reach outside when Bash runs them, as the words a command starts with. */
        commands: withDefault(names, ['curl', 'wget', 'http', 'https', 'xh']),
      },
    ),
    /** Its cooldown is how long a hook that blocks again and again is out of the way; a nested session stays refused. */
    hook_recursion: pattern(
      { cooldown: 300 },
      {
        /** Times that one guarded hook may block under one prompt. */
        threshold: withDefault(integer(1, 1000), 5),
        window_turns: withDefault(integer(1, 200), 10),
        /** Sessions in a line, each started by the one before; 1 lets no session start another. */
        max_depth: withDefault(integer(1, 100), 3),
      },
    ),
    /** Its cooldown is how long prompts of runs that nobody watches wait, 60 s at most; it does not climb. */
    llm_api: pattern(
      { cooldown: 30 },
      {
        scope: withDefault(oneOf('project', 'fleet'), 'project'),
        /** Turns in a row that ended because the model's API was overloaded, limited or broken. */
        threshold: withDefault(integer(1, 1000), 5),
        /** Turns in a row that have to end well, one after another, before it closes. */
        success_threshold: withDefault(integer(1, 100), 2),
      },
    ),
  }),
  /** Cooldowns, seconds, climbing. */
  cooldown_ladder_seconds: withDefault(list(number(0.001, 86_400), 1, 20), [5, 10, 30, 60, 300]),
  /** Refusals of one loop circuit, at most one counted per turn, after which the run is halted; 0 never. */
  halt_after_denials: withDefault(integer(0, 100), 3),
  /** A probe that has not reported back after this many seconds has expired. */
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
