import type { HookHealth } from '../guard/hook-states.ts'
import { patternNames } from '../patterns/patterns.ts'
import { expositionText, type Family, type Sample } from './exposition.ts'
import { countsOf } from './history.ts'
import { quantile } from './hook-report.ts'
import type { PastIncidents } from './past-incidents.ts'
import { day } from './quantities.ts'
import type { CircuitReport, StatusReport } from './status-report.ts'

/** What the metrics are made of. */
export interface MetricFacts {
  /** Absolute path. */
  readonly project: string
  readonly version: string
  readonly status: StatusReport
  readonly halted: boolean
  /** All that is still on disk. */
  readonly past: PastIncidents
  readonly hooks: HookHealth
}

/**
 * A project's metrics as text for Prometheus. Names and labels are promised; families may be added.
 *
 * The incident log is rotated, and its oldest parts are deleted. A count of what is on disk therefore falls, and Prometheus
 * would take each fall for a counter that began anew and count everything once more. So incidents are gauges of the last 24
 * hours, with the moment from which they are counted beside them; counters are only what is never forgotten. No operation,
 * command or session is a label: they are many, and none of the monitoring's business.
 *
 * @param now milliseconds since 1970.
 */
export function prometheusText(facts: MetricFacts, now: number): string {
  const { project, version } = facts
  const families: readonly Family[] = [
    gauge('breakerbox_build_info', 'The version that made this report; always 1.', [{ labels: { version }, value: 1 }]),
    ...statusFamilies(facts),
    ...incidentFamilies(facts, now),
    ...memoryFamilies(facts.status),
    ...hookFamilies(facts.hooks),
  ]
  return expositionText(families, { project })
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
})
const counter = (name: string, help: string, value: number): Family => ({
  name,
  type: 'counter',
  help,
  samples: [{ value }],
})
const one = (value: number): readonly Sample[] => [{ value }]

const modes = ['enforce', 'observe', 'off'] as const
const states = ['open', 'half_open', 'forced_open', 'disabled'] as const satisfies readonly CircuitReport['state'][]

function statusFamilies({ status, halted }: MetricFacts): Family[] {
  const api = status.llmApi === undefined ? [] : [{ pattern: 'llm_api' as const, state: status.llmApi.state }]
  const circuits = [...status.circuits, ...api]
  const { fleet } = status
  return [
    gauge(
      'breakerbox_mode',
      'The mode of the config: 1 for the one in force. In observe and off nothing is refused.',
      modes.map((mode) => ({ labels: { mode }, value: Number(status.mode === mode) })),
    ),
    gauge(
      'breakerbox_circuits',
      'Circuits that are not closed. Those that machines share through Redis are reported by every project that sees them.',
      patternNames.flatMap((pattern) =>
        states.map((state) => ({
          labels: { pattern, state },
          value: circuits.filter((circuit) => circuit.pattern === pattern && circuit.state === state).length,
        })),
      ),
    ),
    gauge(
      'breakerbox_halted',
      'Whether the last run was halted and nobody has answered yet: 1 or 0.',
      one(Number(halted)),
    ),
    gauge(
      'breakerbox_config_problems',
      'Values in the config or the environment that cannot be used, and documents that cannot be read.',
      one(status.configProblems?.length ?? 0),
    ),
    ...(fleet?.reachable === undefined || fleet.reachable === null
      ? []
      : [
          gauge(
            'breakerbox_fleet_reachable',
            'Whether the Redis server that machines share answers: 1 or 0. Absent where none is configured.',
            one(Number(fleet.reachable)),
          ),
        ]),
  ]
}

/** Kinds that belong to a circuit, and those that do not. */
const circuitKinds = [
  'trip',
  'reopen',
  'denial',
  'probe',
  'recovery',
  'bypass',
  'reset',
  'halt',
  'warning',
  'observed',
  'eased',
] as const
const otherKinds = ['bypass_rejected', 'error', 'tamper', 'cleanup'] as const

function incidentFamilies({ past }: MetricFacts, now: number): Family[] {
  const { incidents, damaged } = past
  const recent = incidents.filter(({ at }) => now - Date.parse(at) < day)
  const from = Math.max(now - day, Date.parse(incidents[0]?.at ?? '') || 0)
  const lastOf = (kind: string): Sample[] => {
    const last = incidents.findLast((incident) => incident.kind === kind)
    return last === undefined ? [] : [{ labels: { kind }, value: Date.parse(last.at) / 1000 }]
  }
  return [
    gauge(
      'breakerbox_incidents_24h',
      'Incidents of circuits in the 24 hours before this report, by kind and pattern: trip, reopen (a failed probe), denial (a refused call), probe, recovery, bypass, reset, halt, warning, observed, eased. A sliding window, no counter: it falls as incidents grow old.',
      patternNames.flatMap((pattern) => {
        const counts = countsOf(recent.filter((incident) => incident.pattern === pattern))
        return circuitKinds.map((kind) => ({ labels: { pattern, kind }, value: counts[kind] ?? 0 }))
      }),
    ),
    gauge(
      'breakerbox_other_incidents_24h',
      'Incidents of no circuit in the 24 hours before this report, by kind. A sliding window, no counter.',
      otherKinds.map((kind) => ({ labels: { kind }, value: countsOf(recent)[kind] ?? 0 })),
    ),
    gauge(
      'breakerbox_incidents_counted_from_timestamp_seconds',
      'Unix time from which the log, with its rotated parts, is still on disk, at most 24 hours ago: what was before it is in no count.',
      one(from / 1000),
    ),
    gauge(
      'breakerbox_last_incident_timestamp_seconds',
      'Unix time of the last incident of a kind that is still on disk; absent where there is none.',
      [...circuitKinds, ...otherKinds].flatMap(lastOf),
    ),
    gauge(
      'breakerbox_incident_log_damaged_lines',
      'Lines of the incident log and its rotated parts that are no incidents, and files that could not be read to their end.',
      one(damaged),
    ),
  ]
}

function memoryFamilies({ memory }: StatusReport): Family[] {
  const { archives, sessionArchives, sessions, own, telemetry } = memory
  const logs = telemetry.reduce((sum, { bytes }) => sum + bytes, 0)
  const parts = [
    ['logs', logs],
    ['archives', archives.bytes],
    ['session_archives', sessionArchives.bytes],
    ['state', own.state.bytes],
    ['windows', own.windows.bytes],
    ['spool', own.spool.bytes],
  ] as const
  const files = [
    ['sessions', sessions.active, sessions.limit],
    ['archives', archives.count, archives.limit],
    ['spool', own.spool.count, own.spool.limit],
  ] as const
  return [
    gauge(
      'breakerbox_memory_bytes',
      'Size of the memory folder, files of other programs included.',
      one(memory.totalBytes),
    ),
    gauge(
      'breakerbox_memory_limit_bytes',
      'Ceiling of the memory folder (memory_limits.total_max_mb).',
      one(memory.limitBytes),
    ),
    gauge(
      'breakerbox_memory_part_bytes',
      'Size of parts of the memory folder; they do not add up to the whole.',
      parts.map(([part, value]) => ({ labels: { part }, value })),
    ),
    gauge(
      'breakerbox_memory_files',
      'Files of a kind in the memory folder: session files of other tools, packed logs, waiting inputs.',
      files.map(([part, value]) => ({ labels: { part }, value })),
    ),
    gauge(
      'breakerbox_memory_files_limit',
      'How many files of that kind may stay.',
      files.map(([part, , value]) => ({ labels: { part }, value })),
    ),
    gauge(
      'breakerbox_memory_cleanup_actions',
      'What the next cleanup, at the next session start, would do; many of them for long say that no session starts.',
      one(memory.next.length),
    ),
  ]
}

const hookStates = ['closed', 'open', 'half_open'] as const
const ofUser = 'Of this user, not of the project: the same in the report of every project.'

function hookFamilies({ hooks, global_stats }: HookHealth): Family[] {
  const all = Object.values(hooks)
  const durations = all.flatMap(({ durations_ms }) => durations_ms)
  const stats = [
    ['median', 0.5],
    ['p95', 0.95],
    ['max', 1],
  ] as const
  const updated = Date.parse(global_stats.last_updated ?? '')
  return [
    gauge(
      'breakerbox_guarded_hooks',
      `Guarded hooks by the state of their circuit. ${ofUser}`,
      hookStates.map((state) => ({ labels: { state }, value: all.filter((hook) => hook.state === state).length })),
    ),
    counter(
      'breakerbox_hook_runs_total',
      `Runs of guarded hooks, ever; skipped ones are none. ${ofUser}`,
      global_stats.total_executions,
    ),
    counter(
      'breakerbox_hook_failures_total',
      `Failed runs of guarded hooks, ever. ${ofUser}`,
      global_stats.total_failures,
    ),
    gauge(
      'breakerbox_hook_recent_run_seconds',
      `Run times of the latest runs of guarded hooks, at most 50 of each. ${ofUser}`,
      durations.length === 0
        ? []
        : stats.map(([stat, share]) => ({ labels: { stat }, value: (quantile(durations, share) ?? 0) / 1000 })),
    ),
    gauge(
      'breakerbox_hook_state_updated_timestamp_seconds',
      `Unix time at which runs of guarded hooks were last counted in. ${ofUser}`,
      Number.isNaN(updated) ? [] : one(updated / 1000),
    ),
  ]
}
