import type { Config } from './schema.ts'
import type { UserConfig } from './user-schema.ts'

/**
 * What each field of both configs means, for people: `docs/configuration.md` and the JSON Schemas in `config/` are made of it. The
 * compiler asks for the words of a new field. Nothing that runs imports this: no hook pays for it.
 */

/** One field. Its default and what is allowed stand in the schema. */
export interface FieldWords {
  /** A sentence or two, as it stands in a table. */
  readonly means: string
  readonly unit?: 'seconds' | 'turns' | 'days' | 'kB of 1,000 bytes' | 'kB of 1,024 bytes' | 'MB of 1,024 kB'
}

/** A field that holds a list of objects. */
export type ListWords<Item> = FieldWords & { readonly entry: FieldsWords<Item> }

/** An object of fields. */
export interface SectionWords<T> {
  readonly means: string
  readonly fields: FieldsWords<T>
}

type WordsOn<T> = T extends readonly (infer Item)[]
  ? Item extends object
    ? ListWords<Item>
    : FieldWords
  : T extends object
    ? SectionWords<T>
    : FieldWords
type FieldsWords<T> = { readonly [Key in keyof T]-?: WordsOn<NonNullable<T[Key]>> }

const version = { means: 'The format of this file.' }

// What patterns have in common is worded once: by that the paper knows it.
const mode = {
  means:
    'What a trip does: `"block"` refuses the call, `"warn"` tells the model, `"observe"` only records it, `"off"` looks at nothing.',
}
const loopScope = {
  means: 'Where the circuit holds: for the `"agent"` that loops, or for all agents of its `"session"`.',
}
const limitScope = {
  means:
    'Who is counted and refused together: each `"agent"`, all agents of a `"session"`, all sessions of a `"project"`, or a `"fleet"`: all machines with the same Redis server ([fleet.md](fleet.md)), and without a server the project.',
}
const windowTurns = {
  means: 'How far back is counted. A turn is one response of the model with all tool calls that it asked for.',
  unit: 'turns',
} as const
const cooldown = {
  means:
    'How long the first trip keeps the circuit open; each further one takes the next rung of `cooldown_ladder_seconds` above it.',
  unit: 'seconds',
} as const
const warnAt = { means: 'Repeats at which the model is told; 0 never.' }

export const configWords: SectionWords<Config> = {
  means: 'Limits and modes of one project.',
  fields: {
    version,
    mode: {
      means:
        '`"enforce"` acts, `"observe"` decides and records but never blocks or warns, `"off"` switches all breakers and the cleanup off.',
    },
    circuit_breakers: {
      means: 'What is looked for, one section for each pattern.',
      fields: {
        tool_failure: {
          means: 'The same operation fails with the same error in several turns, with no progress in between.',
          fields: {
            mode,
            scope: loopScope,
            threshold: { means: 'Turns with that failure at which it trips.' },
            window_turns: windowTurns,
            match: {
              means:
                '`"operation"` counts the same operation with the same error. `"tool"` counts any failure of the tool, which trips in most healthy sessions.',
            },
            warn_after_edit_rounds: {
              means:
                'Rounds of edit and re-run with an unchanged error after which the model is told; it is never blocked. 0 never.',
            },
            cooldown_base_seconds: cooldown,
          },
        },
        repeated_call: {
          means:
            'The same call gives the same result again and again, with no progress in between; also in cycles such as A-B-A-B.',
          fields: {
            mode,
            scope: loopScope,
            threshold: { means: 'Turns with that result at which it trips.' },
            window_turns: windowTurns,
            warn_at: warnAt,
            cooldown_base_seconds: cooldown,
          },
        },
        busy_polling: {
          means: 'The same call gives the same result but for its numbers, at short intervals.',
          fields: {
            mode,
            scope: loopScope,
            threshold: { means: 'Polls at which it trips.' },
            window_turns: windowTurns,
            warn_at: warnAt,
            max_spacing_seconds: {
              means: 'The median time between two polls from which on they are no longer busy.',
              unit: 'seconds',
            },
            cooldown_base_seconds: cooldown,
          },
        },
        sequential_tools: {
          means: 'One tool is used very often in one turn.',
          fields: {
            mode,
            threshold: { means: 'Uses that are still allowed.' },
            window_turns: windowTurns,
            cooldown_base_seconds: cooldown,
          },
        },
        agent_spawn: {
          means: 'Many agents are started.',
          fields: {
            mode,
            scope: limitScope,
            threshold: { means: 'Starts that are still allowed.' },
            window_turns: windowTurns,
            max_concurrent: { means: 'Agents of one session that may run at the same time.' },
            cooldown_base_seconds: cooldown,
          },
        },
        external_api: {
          means: 'Many calls leave the machine in a short time.',
          fields: {
            mode,
            scope: limitScope,
            threshold: { means: 'Calls that are still allowed.' },
            window_seconds: { means: 'How far back is counted.', unit: 'seconds' },
            tools: { means: 'Tools that reach outside; `*` stands for anything.' },
            mcp_weight: { means: 'What a call of an MCP server counts for: many servers run on this machine.' },
            commands: {
              means: 'Programs that reach outside when Bash runs them, as the words that a command starts with.',
            },
            cooldown_base_seconds: cooldown,
          },
        },
        hook_recursion: {
          means:
            'Claude Code starts Claude Code starts Claude Code; or a guarded hook blocks the end of the work again and again.',
          fields: {
            mode,
            threshold: { means: 'Times that one guarded hook may block under one prompt.' },
            window_turns: windowTurns,
            max_depth: {
              means: 'Sessions in a line, each started by the one before; 1 lets no session start another.',
            },
            cooldown_base_seconds: {
              means:
                'How long a hook that blocks again and again is out of the way. A session that is too deep stays refused.',
              unit: 'seconds',
            },
          },
        },
        llm_api: {
          means: 'Turn after turn ends because the API of the model is overloaded, limits or breaks.',
          fields: {
            mode,
            scope: {
              means: 'Who knows of it: all sessions of a `"project"`, or all machines of a `"fleet"`.',
            },
            threshold: { means: 'Turns in a row that ended so, at which it trips.' },
            success_threshold: { means: 'Turns in a row that have to end well before it closes.' },
            cooldown_base_seconds: {
              means: 'How long prompts of runs that nobody watches wait, 60 s at most. It does not climb.',
              unit: 'seconds',
            },
          },
        },
      },
    },
    cooldown_ladder_seconds: { means: 'How long a circuit stays open, trip after trip, climbing.', unit: 'seconds' },
    halt_after_denials: {
      means:
        'Turns in which a loop was refused after which the run is ended; progress and a new prompt count anew. 0 never.',
    },
    probe_timeout_seconds: {
      means: 'The one call that is let through after a cooldown is given up when it has not come back after this time.',
      unit: 'seconds',
    },
    memory_limits: {
      means:
        'What the janitor keeps the memory folder inside of, when a session starts and with `breakerbox clean`; where nothing but age has changed, up to an hour later. No breakers: they hold in mode `"observe"` too.',
      fields: {
        telemetry_max_lines: { means: 'Lines past which a log is packed into `archives/`.' },
        telemetry_max_kb: { means: 'Size past which it is packed, too.', unit: 'kB of 1,024 bytes' },
        telemetry_max_age_days: { means: 'Age of its first entry past which it is packed, too.', unit: 'days' },
        telemetry_keep_rotations: { means: 'Packed logs that stay, for each log.' },
        telemetry_files: { means: 'What a log is called; `*` stands for anything. With commas in the environment.' },
        session_max_active: {
          means:
            'Session files that stay unpacked, the most recent ones; none is packed within an hour of its last change.',
        },
        session_max_age_days: {
          means: 'A `session_ID_state.json` that is untouched for longer is packed into `session_archives/`.',
          unit: 'days',
        },
        evidence_ledger_max: {
          means: 'Entries of that list that stay in a session file; older ones are packed and summarised.',
        },
        tool_history_max: { means: 'The same for that other list.' },
        archive_keep_count: { means: 'Packed logs that stay, of all logs together.' },
        total_max_mb: {
          means: 'Ceiling of the whole folder; from 80 % of it on the oldest archives are deleted.',
          unit: 'MB of 1,024 kB',
        },
      },
    },
  },
}

const hookLimits = {
  failure_threshold: { means: 'Failures in a row that take a hook out of the way.' },
  cooldown_seconds: { means: 'How long it stays out of the way; then comes one trial.', unit: 'seconds' },
  success_threshold: { means: 'Trials in a row that have to succeed before it is back.' },
  timeout_seconds: { means: 'A run that takes longer is ended and has failed.', unit: 'seconds' },
  max_output_kb: { means: 'A run that writes more is ended and has failed.', unit: 'kB of 1,000 bytes' },
} as const

export const userConfigWords: SectionWords<UserConfig> = {
  means: 'What concerns all projects of one person, and whatever reaches another machine.',
  fields: {
    version,
    redis: {
      means: 'The Redis or Valkey server where many machines keep their limits together ([fleet.md](fleet.md)).',
      fields: {
        url: {
          means:
            'Its address, `redis://[user][:password@]host[:port][/database]`, or `rediss://` for TLS. Empty: none, and nothing leaves the machine.',
        },
        prefix: { means: 'Starts the name of every key, so that several fleets can share a server.' },
      },
    },
    tracking: {
      means:
        'The service that hears what Write and Edit do, where hooks for that are installed ([tracking.md](tracking.md)).',
      fields: {
        url: { means: 'Its address, `http://` or `https://`. Empty: no tracking.' },
        enabled: { means: '`false` turns tracking off and keeps the address.' },
        content: { means: 'Whether contents are sent, secrets taken out; with `false` names and hashes are.' },
      },
    },
    alerts: {
      means: 'Who is told of third trips, halts and hooks that are down ([tracking.md](tracking.md#alerts)).',
      fields: {
        webhook: { means: 'Address that messages are posted to, `http://` or `https://`. Empty: nobody.' },
        format: { means: '`"slack"` is the shape that Slack\'s incoming webhooks take.' },
      },
    },
    hook_guard: {
      means: 'Limits of the circuit breaker around hooks of others ([hook-guard.md](hook-guard.md)).',
      fields: {
        ...hookLimits,
        exclude: { means: 'Commands that are never guarded; `*` stands for anything.' },
        hooks: {
          means: 'Limits of single hooks: the first entry whose `command` fits holds.',
          entry: { command: { means: 'The whole command; `*` stands for anything.' }, ...hookLimits },
        },
      },
    },
  },
}
