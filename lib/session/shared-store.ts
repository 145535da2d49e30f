import type { FleetAddress } from '../config/fleet-address.ts'
import type { SharedScope } from '../engine/shared-config.ts'
import type { Store } from '../store/store.ts'
import { partIfThere } from '../system/part.ts'
import type { Project } from './project.ts'

/** A store that several sessions share. */
export interface SharedStore {
  readonly store: Store
  /** Ends what was opened; what the person is to be told: once that the server is gone, once that it is back. */
  close(): Promise<readonly string[]>
}

/** What came of asking the fleet's server. */
export type FleetAnswer<T> = {
  /** Its address as it may be shown. */
  readonly server: string
} & (
  | {
      readonly reached: true
      readonly found: T /** The server's clock, milliseconds since 1970. */
      readonly at: number
    }
  /** `since`: ISO 8601 UTC, when a hook found out; absent where none has yet. */
  | { readonly reached: false; readonly cause: string; readonly since?: string }
)

/** What the part exports; `fleet.ts` says what each does. */
interface Fleet {
  fleetAddress(system: Project['system']): FleetAddress | undefined
  openFleet(project: Project): Promise<SharedStore | undefined>
  askFleet<T>(
    project: Project,
    use: (store: Store) => Promise<T>,
    milliseconds?: number,
  ): Promise<FleetAnswer<T> | undefined>
}

/** File name, without its ending, of the part that knows the fleet's server. */
export const fleetPart = 'fleet-store'

/** The store of a scope: the project's files, or the fleet's server. Without a server the fleet is this project. */
export async function openShared(project: Project, scope: SharedScope): Promise<SharedStore> {
  const fleet = scope === 'fleet' ? await loadFleet(project)?.openFleet(project) : undefined
  return fleet ?? { store: project.store, close: async () => [] }
}

/** Undefined where it is not installed, as in every install without a server. */
export const loadFleet = ({ system }: Pick<Project, 'system'>): Fleet | undefined => partIfThere(system, fleetPart)
