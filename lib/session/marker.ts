import { join } from 'node:path'
import type { EngineEvent } from '../engine/event.ts'
import type { CircuitState } from './documents.ts'
import type { Project } from './project.ts'
import { setShortcut } from './shortcut.ts'

/** The file whose presence makes the shell entries start Node. A shortcut, never the truth: see `armed`. */
export const markerName = 'circuit_breaker_armed'

/** A circuit that has not tripped for this long is asked only when something else wakes the hooks, milliseconds. */
export const longestWatch = 60 * 60 * 1000

/**
 * Whether the next call has to be asked about: a circuit, or one that is shared, is not closed, or a streak is one step from
 * tripping. Circuits of sessions that have ended, or that have not tripped for an hour (their cooldown is long over, their next call would run
 * anyway), do not slow down the others; the first event of such a session arms the marker again.
 */
export function armed(state: CircuitState, now: number): boolean {
  const { circuits, near = [], ended = [], sharedUntil = '', fleetUntil = '' } = state
  if (near.length > 0 || Date.parse(sharedUntil) > now || Date.parse(fleetUntil) > now) return true
  return circuits.some(({ status, session, lastTrip }) => {
    if (status.state === 'forced_open') return true
    return !ended.includes(session) && !(now - Date.parse(lastTrip.at) > longestWatch)
  })
}

/** Puts the marker there, or takes it away. */
export const setMarker = ({ system, paths, now }: Project, state: CircuitState): void =>
  setShortcut(system.files, join(paths.memory, markerName), armed(state, now))

/** Sessions that are remembered as near or ended. */
const mostSessions = 20

/**
 * The state after an event of a session: whether a streak of it is near, and whether its client is still there. The same
 * object where nothing changed.
 *
 * @param near undefined where that was not looked at.
 */
export function watched(
  state: CircuitState,
  session: string,
  event: EngineEvent | undefined,
  near: boolean | undefined,
): CircuitState {
  const isOver = event?.kind === 'session_ended'
  const hasCircuits = state.circuits.some((circuit) => circuit.session === session)
  const nears = near === undefined ? state.near : listed(state.near, session, near && !isOver)
  const ended = listed(state.ended, session, isOver && hasCircuits)
  return nears === state.near && ended === state.ended ? state : { ...state, near: nears, ended }
}

/** Undefined for none, which JSON leaves out. */
function listed(
  sessions: readonly string[] | undefined,
  session: string,
  wanted: boolean,
): readonly string[] | undefined {
  if ((sessions?.includes(session) ?? false) === wanted) return sessions
  const others = (sessions ?? []).filter((other) => other !== session)
  if (wanted) return [...others, session].slice(-mostSessions)
  return others.length > 0 ? others : undefined
}
