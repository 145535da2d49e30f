import { hash } from '../calls/hash.ts'
import { isRecord } from '../calls/json.ts'
import { clean } from '../calls/result.ts'
import { flag, list, object, oneOf, type TypeOf, text, time } from '../schema/schema.ts'
import { fileStore } from '../store/file-store.ts'
import type { DocumentKind } from '../store/store.ts'
import type { System } from '../system/system.ts'
import { sameMoment } from '../windows/same-moment.ts'
import { ask, below } from './http.ts'

const moment = time()
const healthSchema = object(
  {
    /** Whether the service takes requests. */
    up: flag(),
    /** When it was asked, ISO 8601 UTC. */
    checkedAt: moment,
    /** When it was first found as it is now, up or down. */
    since: moment,
  },
  {
    /** Why it counts as down, one line. */
    cause: text(undefined, 200),
    /** Its parts, as far as it tells of them: `database`, `up`. */
    components: list(object({ name: text(), status: text() })),
  },
)

/** What is known of a service. */
export type Health = Readonly<TypeOf<typeof healthSchema>>

export interface HealthChecker {
  /** As it was found less than `intervalMs` ago, by whatever process; else the service is asked. Never throws. */
  check(): Promise<Health>
  /** As it was found last, however long ago; undefined where nobody has asked yet. Never throws. */
  last(): Promise<Health | undefined>
}

export interface HealthOptions {
  /** Of the service; `/health` is added to its path. */
  readonly url: string
  /** Absolute path of the folder that the processes share; made where it is missing. */
  readonly folder: string
  /** How long an answer holds, milliseconds; 30,000 by default. */
  readonly intervalMs?: number
  /** Milliseconds in which it has to answer; 1,000 by default. */
  readonly timeoutMs?: number
  /** Told where the folder cannot be read or written; the service is then asked each time. */
  readonly onError?: (error: unknown) => void
}

interface HealthDocument {
  readonly version: 1
  /** Which service was asked, as a hash: what was found of one says nothing of another. */
  readonly address?: string
  readonly health?: Health
}

const schema = object({ version: oneOf(1) }, { address: text(), health: healthSchema })

/** `service_health.json` */
const healthKind: DocumentKind<HealthDocument> = {
  key: 'service_health',
  version: 1,
  empty: () => ({ version: 1 }),
  parse: schema.parse,
}

/** Parts that are kept. */
const mostComponents = 50
/** A process that cannot note in this time, milliseconds, what it found keeps it to itself. */
const lockPatienceMs = 100
/** Answers of services that have no such address. They answer; whether they take events, the events will tell. */
const noSuchPage = [404, 405, 501]

/**
 * Whether a service is up, asked at most once per `intervalMs` by all processes together: the answer stands in a file, and reading
 * that takes no lock. Up is an answer of 2xx with all of its body in time, or one that says that there is no such page.
 */
export function healthChecker(system: System, options: HealthOptions): HealthChecker {
  const { url, folder, intervalMs = 30_000, timeoutMs = 1000, onError = () => undefined } = options
  // Power loss may take it: it is asked again then.
  const store = fileStore(system, folder, { durable: false, waitMilliseconds: lockPatienceMs })
  const address = hash(url)

  const ofThis = (document: HealthDocument): Health | undefined =>
    document.address === address ? document.health : undefined

  const last = async (): Promise<Health | undefined> => {
    try {
      return ofThis((await store.read(healthKind)).document)
    } catch (error) {
      onError(error)
      return undefined
    }
  }

  /** An answer from the future was noted by a clock that has been put back since. */
  const isFresh = ({ checkedAt }: Health): boolean => {
    const ageMs = system.clock() - Date.parse(checkedAt)
    return ageMs >= -sameMoment * 1000 && ageMs < intervalMs
  }

  const note = async (before: Health | undefined, found: Finding): Promise<Health> => {
    const merged = (known: Health | undefined, at: number): Health => {
      const checkedAt = new Date(at).toISOString()
      return { ...found, checkedAt, since: known?.up === found.up ? known.since : checkedAt }
    }
    try {
      const written = await store.update(
        healthKind,
        (known, at): HealthDocument => ({
          version: 1,
          address,
          health: merged(ofThis(known), at),
        }),
      )
      if (written.kind !== 'busy' && written.document.health !== undefined) return written.document.health
    } catch (error) {
      onError(error)
    }
    return merged(before, system.clock())
  }

  return {
    last,
    async check() {
      const known = await last()
      if (known !== undefined && isFresh(known)) return known
      return note(known, await find(url, timeoutMs))
    },
  }
}

type Finding = Pick<Health, 'up' | 'cause' | 'components'>

async function find(url: string, timeoutMs: number): Promise<Finding> {
  const answer = await ask(below(url, 'health'), { method: 'GET', timeoutMs })
  if (answer.kind === 'none') return { up: false, cause: answer.cause }
  const { status } = answer
  const up = (status >= 200 && status < 300) || noSuchPage.includes(status)
  const components = componentsIn(answer.text)
  return {
    up,
    ...(up ? {} : { cause: `it answered ${status}` }),
    ...(components.length === 0 ? {} : { components }),
  }
}

/** `{"components": {"database": "up", "queue": {"status": "down"}}}`; whatever else it says is passed over. */
function componentsIn(body: string): { name: string; status: string }[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return []
  }
  if (!isRecord(value) || !isRecord(value['components'])) return []
  return Object.entries(value['components'])
    .slice(0, mostComponents)
    .map(([name, part]) => ({ name: clean(name, 80), status: clean(statusOf(part), 80) }))
}

function statusOf(part: unknown): string {
  const status = isRecord(part) ? part['status'] : part
  if (typeof status === 'boolean') return status ? 'up' : 'down'
  return typeof status === 'string' ? status : 'unknown'
}
