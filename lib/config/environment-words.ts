/**
 * The environment variables that are read, and what they mean; those of `memory_limits` are made of their fields' names. A test
 * asks for the words of a new one. Nothing that runs imports this.
 */

export interface VariableWords {
  readonly means: string
  /** What has to be there for it to count, as it stands in a table; where the schema of its field does not say it. */
  readonly allowed?: string
  /** The value that holds without it. */
  readonly usual?: string
  /** Dotted name of the field in `~/.claude/breakerbox.json` that it goes before. */
  readonly field?: string
}

type Variables = Readonly<Record<string, VariableWords>>

const path = 'an absolute path'

/** Where files are. */
export const placeVariables: Variables = {
  BREAKERBOX_MEMORY_DIR: {
    means: "The memory folder, with the project's config in it.",
    allowed: path,
    usual: '`.claude/memory` in the project',
  },
  BREAKERBOX_CONFIG: {
    means: 'Your own config.',
    allowed: path,
    usual: '`~/.claude/breakerbox.json`',
  },
  BREAKERBOX_HOOK_STATE: {
    means: 'The state of guarded hooks ([hook-guard.md](hook-guard.md#state)).',
    allowed: `${path} that ends in \`NAME.json\`, its name of letters, digits, \`_\` and \`-\``,
    usual: '`~/.claude/hook_state.json`',
  },
}

/** What reaches another machine, and how long it waits for that. */
export const serviceVariables: Variables = {
  BREAKERBOX_REDIS_URL: { means: 'The Redis server of the fleet; empty: none.', field: 'redis.url' },
  INTELLIGENCE_SERVICE_URL: { means: 'Where patterns go; empty: nowhere.', field: 'tracking.url' },
  PATTERN_TRACKING_ENABLED: {
    means: '`false` turns tracking off.',
    allowed: '`true`, `yes`, `on`, `1`, `false`, `no`, `off`, `0`',
    field: 'tracking.enabled',
  },
  PATTERN_CACHE_DIR: {
    means: 'Where events wait for their delivery.',
    allowed: path,
    usual: '`~/.claude/hooks/.cache/patterns`',
  },
  PATTERN_CACHE_MAX_AGE_DAYS: { means: 'How long an event waits at most.' },
  PATTERN_CACHE_MAX_SIZE_MB: { means: 'How much waits at most, in megabytes of 1,000,000 bytes.' },
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: { means: 'Failed deliveries in a row after which a service is left alone.' },
  CIRCUIT_BREAKER_TIMEOUT: { means: 'For how long it is left alone.' },
  HEALTH_CHECK_INTERVAL: { means: 'How long an answer about its health holds.' },
  HEALTH_CHECK_TIMEOUT: { means: 'How long such an answer may take.' },
}

/** Set by others, and read. */
export const foreignVariables: Variables = {
  CLAUDE_PROJECT_DIR: { means: 'Set by Claude Code: the project. Without it the working folder is.' },
  CLAUDE_ENV_FILE: {
    means: 'Set by Claude Code at a session start: the file that gets the line with `BREAKERBOX_DEPTH`.',
  },
  CLAUDE_CODE_SESSION_ID: { means: 'Set by Claude Code: the session whose files `breakerbox clean` leaves alone.' },
  CLAUDE_CODE_SESSION_ATTENDED: { means: 'Set by Claude Code: `0` where nobody watches the run.' },
  CLAUDE_PID: {
    means:
      'Set by Claude Code: its process, which with the session names the mark by which a plugin steps aside for an installed copy.',
  },
  CLAUDE_PLUGIN_ROOT: { means: 'Set by Claude Code for hooks of a plugin: its folder.' },
  BREAKERBOX_DEPTH: {
    means:
      'Set by Breakerbox, in the Bash commands of a session and for guarded hooks: how deep the session is, for `hook_recursion`.',
  },
  CLAUDE_CONFIG_DIR: { means: 'Moves your own settings of Claude Code: `breakerbox doctor` looks there.' },
  CLAUDE_CODE_SIMPLE: { means: 'Claude Code then runs without hooks: `breakerbox doctor` says so.' },
  CLAUDE_CODE_SAFE_MODE: { means: 'The same.' },
  PATH: { means: 'Where `breakerbox doctor` looks for `node` and `claude`.' },
  EDITOR: { means: 'Stands in commands that `breakerbox doctor` proposes for files of your own.' },
  HOME: { means: 'Your home folder; `USERPROFILE` where it is not set.' },
  USERPROFILE: { means: 'The home folder on Windows.' },
  PWD: { means: 'Read only where the working folder is gone.' },
  NO_COLOR: { means: 'Set to anything: commands print no colours. They print none into a pipe either.' },
  TERM: { means: '`dumb`: the same.' },
  OS: {
    means: '`Windows_NT`, with neither `SHELL` nor `MSYSTEM` set: install registers commands that need no POSIX shell.',
  },
  SHELL: { means: 'See `OS`.' },
  MSYSTEM: { means: 'See `OS`.' },
}
