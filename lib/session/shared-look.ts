import { join } from 'node:path'
import type { BreakerDocument } from '../breaker/breaker-document.ts'
import type { Circuit } from '../engine/circuit.ts'
import { modeOf } from '../engine/draft.ts'
import { isShared, limitNames, patternsIn, type SharedScope } from '../engine/shared-config.ts'
import type { PatternName } from '../patterns/finding.ts'
import type { Damage, Store } from '../store/store.ts'
import { sharedKind } from './documents.ts'
import { modelApiKind } from './model-api.ts'
import type { Project } from './project.ts'
import { type FleetAnswer, fleetPart, loadFleet } from './shared-store.ts'

/** Who keeps something together, and what time it is there, milliseconds since 1970. */
export interface Keeper {
  readonly scope: SharedScope
  readonly at: number
}

/** How it stands with the fleet's server. */
export interface FleetLook {
  /** Address as it may be shown; null where none is configured. */
  readonly server: string | null
  /** Null where there is nothing to reach. */
  readonly reachable: boolean | null
  /** Since when the hooks do without it, ISO 8601 UTC; null while it answers, and where no hook has missed it yet. */
  readonly awaySince: string | null
  /** Why it cannot be reached; null while it answers. */
  readonly cause: string | null
  /** Whether hooks are installed here without the part that knows the server. */
  readonly partIsMissing: boolean
}

/** What holds here of what sessions and machines keep together. */
export interface SharedLook {
  readonly circuits: readonly (Keeper & { readonly circuit: Circuit })[]
  /** The circuit around the model's API; absent while it is off. */
  readonly api?: Keeper & { readonly document: BreakerDocument }
  /** Absent where nobody asked for a fleet. */
  readonly fleet?: FleetLook
  readonly damage: readonly Damage[]
}

/** What one store holds. */
interface Kept extends Keeper {
  readonly circuits: readonly Circuit[]
  readonly api: BreakerDocument
  readonly damage: readonly Damage[]
}

/**
 * Looks at what this project's sessions share, and changes nothing. The fleet's server is asked only where one is configured for
 * something, and for no longer than by a hook; while it is away, what holds is in the project's files.
 */
export async function lookAtShared(project: Project): Promise<SharedLook> {
  const { config } = project
  const inFleet = patternsIn('fleet', config)
  const answer =
    inFleet.length === 0
      ? undefined
      : await loadFleet(project)?.askFleet(project, (store) => keptIn(store, { scope: 'fleet', at: project.now }))
  const partIsMissing = answer !== undefined && hooksLackPart(project)
  const here = await keptIn(project.store, { scope: 'project', at: project.now })
  const there = answer?.reached === true && !partIsMissing ? { ...answer.found, at: answer.at } : undefined
  const keptBy = (pattern: PatternName): Kept => (there !== undefined && inFleet.includes(pattern) ? there : here)
  const circuits = limitNames
    .filter((name) => isShared(config, name))
    .flatMap((name) => {
      const { circuits, scope, at } = keptBy(name)
      return circuits.filter(({ pattern }) => pattern === name).map((circuit) => ({ scope, at, circuit }))
    })
  const { api, scope, at } = keptBy('llm_api')
  return {
    circuits,
    ...(modeOf(config, 'llm_api') === 'off' ? {} : { api: { document: api, scope, at } }),
    ...(inFleet.length === 0 ? {} : { fleet: fleetLook(answer, partIsMissing) }),
    damage: [...here.damage, ...(there?.damage ?? [])],
  }
}

async function keptIn(store: Store, keeper: Keeper): Promise<Kept> {
  const limits = await store.read(sharedKind)
  const api = await store.read(modelApiKind)
  const damage = [limits.damage, api.damage].filter((each) => each !== undefined)
  return { ...keeper, circuits: limits.document.circuits, api: api.document, damage }
}

function fleetLook(answer: FleetAnswer<unknown> | undefined, partIsMissing: boolean): FleetLook {
  if (answer === undefined) return { server: null, reachable: null, awaySince: null, cause: null, partIsMissing }
  const { server, reached: reachable } = answer
  if (answer.reached) return { server, reachable, awaySince: null, cause: null, partIsMissing }
  return { server, reachable, awaySince: answer.since ?? null, cause: answer.cause, partIsMissing }
}

/** Whether hooks stand where this project's, or the user's, stand, and the part does not stand beside them. */
function hooksLackPart({ system, paths }: Project): boolean {
  const has = (folder: string, file: string): boolean => system.files.facts(join(folder, file)) !== undefined
  return [paths.project, system.homeFolder]
    .map((folder) => join(folder, '.claude', 'hooks'))
    .some((hooks) => has(hooks, 'circuit-breaker-gate.cjs') && !has(hooks, `${fleetPart}.cjs`))
}
