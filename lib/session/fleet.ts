import { type FleetAddress, fleetAddress, shownAddress } from '../config/fleet-address.ts'
import { object, oneOf, text, time } from '../schema/schema.ts'
import { fallbackStore } from '../store/fallback-store.ts'
import { connectRedis } from '../store/redis-connection.ts'
import { redisStore } from '../store/redis-store.ts'
import type { DocumentKind, Store } from '../store/store.ts'
import { causeLine, errorCode } from '../system/known-error.ts'
import type { Project } from './project.ts'
import type { FleetAnswer, SharedStore } from './shared-store.ts'

/**
 * A part of its own, `fleet-store.cjs` beside the hooks, with the Redis client in it: only installs that have a server
 * configured need it, and only calls that the fleet counts load it.
 */

/** What this machine remembers of a Redis server that it could not reach. */
interface FleetRecord {
  readonly version: 1
  /** ISO 8601 UTC; absent while it answers. */
  readonly downSince?: string
  readonly retryAt?: string
  readonly cause?: string
}

const moment = time()
const recordSchema = object({ version: oneOf(1) }, { downSince: moment, retryAt: moment, cause: text(undefined, 500) })

/** `circuit_breaker_fleet.json` */
const fleetKind: DocumentKind<FleetRecord> = {
  key: 'circuit_breaker_fleet',
  version: 1,
  empty: () => ({ version: 1 }),
  parse: recordSchema.parse,
}

/** Milliseconds after which a server that did not answer is tried again: no hook but one in that time waits for it. */
const retryMilliseconds = 30_000
/** Milliseconds in which one hook has to be done with the server. */
const budgetMilliseconds = 250

/**
 * The Redis server of the user's own config as a store; undefined where there is none. While it cannot be reached the fleet is
 * this project on this machine: nothing waits, nothing is lost, and it is said once.
 */
export async function openFleet(project: Project): Promise<SharedStore | undefined> {
  const address = fleetAddress(project.system)
  if (address === undefined) return undefined
  const { system } = project
  const { document: before } = await project.store.read(fleetKind)
  let after: FleetRecord = before
  let mayTry = before.retryAt === undefined || (await isTurnToTry(project))
  const store = fallbackStore(() => connected(project, address), project.store, {
    mayTry: () => mayTry,
    down(cause) {
      mayTry = false
      const now = system.clock()
      after = {
        version: 1,
        downSince: after.downSince ?? new Date(now).toISOString(),
        retryAt: new Date(now + retryMilliseconds).toISOString(),
        cause,
      }
    },
    up() {
      after = fleetKind.empty()
    },
  })
  return {
    store,
    async close() {
      store.close()
      if (after === before) return []
      let told: readonly string[] = []
      await project.store.update(fleetKind, (now) => {
        // Of several hooks at the same moment one tells.
        told = change(now, after)
        return after
      })
      return told
    },
  }
}

/** Of the hooks that find the time for the next attempt come, one makes it. */
async function isTurnToTry({ system, store }: Project): Promise<boolean> {
  let isOurs = false
  await store.update(fleetKind, (record, at) => {
    isOurs = record.retryAt !== undefined && !(at < Date.parse(record.retryAt))
    return isOurs ? { ...record, retryAt: new Date(system.clock() + retryMilliseconds).toISOString() } : record
  })
  return isOurs
}

function change(before: FleetRecord, after: FleetRecord): string[] {
  if (before.downSince === undefined && after.downSince !== undefined) {
    const until = 'Until it is back, the limits of the fleet hold for this project alone.'
    return [`Breakerbox: ${after.cause ?? 'the Redis server does not answer'}. ${until}`]
  }
  if (before.downSince !== undefined && after.downSince === undefined) {
    return [
      `Breakerbox: the Redis server answers again, after ${before.downSince}; the limits of the fleet are shared anew.`,
    ]
  }
  return []
}

async function connected({ system }: Project, { url, prefix }: FleetAddress): Promise<Store & { close(): void }> {
  const connection = await connectRedis(url, { budgetMilliseconds })
  const store = redisStore(system, connection, { prefix, waitMilliseconds: budgetMilliseconds })
  return { ...store, close: () => connection.close() }
}

/**
 * Asks the server itself, with nothing behind it: for people, who want to know about the server. Nothing is remembered of how
 * it went.
 *
 * @param milliseconds that may be spent waiting for it in all; as in a hook by default.
 * @returns undefined where no server is configured.
 */
export async function askFleet<T>(
  project: Project,
  use: (store: Store) => Promise<T>,
  milliseconds: number = budgetMilliseconds,
): Promise<FleetAnswer<T> | undefined> {
  const address = fleetAddress(project.system)
  if (address === undefined) return undefined
  const server = shownAddress(address.url)
  try {
    const connection = await connectRedis(address.url, { budgetMilliseconds: milliseconds })
    try {
      const [seconds, microseconds] = (await connection.run("return redis.call('TIME')", [], [])) as [string, string]
      const at = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
      const store = redisStore(project.system, connection, { prefix: address.prefix, waitMilliseconds: milliseconds })
      return { server, reached: true, at, found: await use(store) }
    } finally {
      connection.close()
    }
  } catch (error) {
    if (errorCode(error) !== 'EREDIS') throw error
    const { document } = await project.store.read(fleetKind)
    const since = document.downSince === undefined ? {} : { since: document.downSince }
    return { server, reached: false, cause: causeLine(error), ...since }
  }
}
