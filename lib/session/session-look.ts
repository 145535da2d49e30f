import type { BreakerDocument } from '../breaker/breaker-document.ts'
import type { Circuit } from '../engine/circuit.ts'
import { fileReader } from '../store/file-reader.ts'
import type { Damage, DocumentKind } from '../store/store.ts'
import type { Files } from '../system/system.ts'
import { circuitStateKind, type HaltRecord, haltKind, sharedKind } from './documents.ts'
import { shortId } from './hook-events.ts'
import { modelApiKind } from './model-api.ts'

/** What may hold one session back, as far as its project's own files know. */
export interface SessionLook {
  /** Its own circuits. */
  readonly circuits: readonly Circuit[]
  /** Those that the sessions of the project keep together. */
  readonly shared: readonly Circuit[]
  /** Until when a limit refuses that machines share, as last seen from here, ISO 8601 UTC. */
  readonly fleetUntil?: string
  /** The circuit around the model's API. */
  readonly api: BreakerDocument
  /** Why its run was ended; absent once the person has answered. */
  readonly halt?: HaltRecord
  readonly damage: readonly Damage[]
}

/** Reads what is there. It takes no lock, changes nothing, and asks no server: for what is asked for several times a second. */
export async function lookAtSession(files: Files, memory: string, sessionId: string): Promise<SessionLook> {
  const session = shortId(sessionId)
  const reader = fileReader(files, memory)
  const damage: Damage[] = []
  const read = async <T>(kind: DocumentKind<T>): Promise<T> => {
    const found = await reader.read(kind)
    if (found.damage !== undefined) damage.push(found.damage)
    return found.document
  }
  const { circuits, fleetUntil } = await read(circuitStateKind)
  const shared = await read(sharedKind)
  const api = await read(modelApiKind)
  const halt = await read(haltKind)
  return {
    circuits: circuits.filter((circuit) => circuit.session === session),
    shared: shared.circuits,
    ...(fleetUntil === undefined ? {} : { fleetUntil }),
    api,
    ...(halt.at !== undefined && halt.session === session ? { halt } : {}),
    damage,
  }
}
