import type { PatternName } from '../patterns/finding.ts'

/**
 * Something worth a line in the incident log.
 * - `trip`, `reopen`: a circuit opened, or opened again after a failed probe;
 * - `probe`, `recovery`: one call was let through; it closed the circuit;
 * - `denial`: a call was refused; `bypass`: it was let through because a person said so;
 * - `warning`: the model was told; `halt`: the run, or the subagent, was ended;
 * - `eased`: an edit ended a cooldown early;
 * - `observed`: a trip in observe mode, nothing was done;
 * - `reset`, `error`, `cleanup`, `tamper`: from outside the engine.
 */
export type IncidentKind =
  | 'trip'
  | 'reopen'
  | 'probe'
  | 'recovery'
  | 'denial'
  | 'bypass'
  | 'bypass_rejected'
  | 'warning'
  | 'halt'
  | 'eased'
  | 'observed'
  | 'reset'
  | 'error'
  | 'cleanup'
  | 'tamper'

export interface Incident {
  /** ISO 8601 UTC. */
  readonly at: string
  readonly kind: IncidentKind
  readonly session?: string
  readonly pattern?: PatternName
  readonly subject?: string
  readonly agent?: string
  readonly turn?: number
  readonly toolUseId?: string
  /** What happened, with its numbers, one line. */
  readonly reason?: string
  /** Calls or refusals counted so far. */
  readonly count?: number
  /** Of a trip: when the first of the counted calls settled or was asked for, ISO 8601 UTC. */
  readonly since?: string
  readonly level?: number
  readonly cooldownSeconds?: number
  /** What was done about it. */
  readonly action?: 'block' | 'warn' | 'advise' | 'halt' | 'observe'
}
