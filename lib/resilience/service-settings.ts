import { isAbsolute, join } from 'node:path'
import { loadUserConfig } from '../config/user-config.ts'
import type { UserConfig } from '../config/user-schema.ts'
import { integer, number, type Schema } from '../schema/schema.ts'
import { inWords } from '../schema/words.ts'
import type { System } from '../system/system.ts'

/** What the user has said about services, everything in force filled in. */
export interface ServiceSettings {
  /** Absent: patterns go nowhere. */
  readonly tracking?: {
    /** May hold a password: not to be shown as it is. */
    readonly url: string
    /** Whether contents are sent. */
    readonly content: boolean
  }
  /** Absent: incidents go nowhere. */
  readonly alerts?: { readonly webhook: string; readonly format: UserConfig['alerts']['format'] }
  /** Where events wait, and what the processes share about the services; absolute. */
  readonly folder: string
  /** Limits of what waits: milliseconds and bytes. */
  readonly maxAgeMs: number
  readonly maxBytes: number
  readonly circuit: {
    /** Failures in a row that open it. */
    readonly failureThreshold: number
    /** How long it stays open, milliseconds. */
    readonly timeoutMs: number
  }
  readonly health: {
    /** How long an answer holds, milliseconds. */
    readonly intervalMs: number
    /** Milliseconds in which the service has to answer. */
    readonly timeoutMs: number
  }
}

interface Limit {
  readonly schema: Schema<number>
  readonly usual: number
  readonly unit: string
}

/**
 * Times are in seconds, as everywhere in the configs. The bounds are such that a value that was meant as milliseconds is named as
 * wrong, and the default then means the same: 60000 for 60, 30000 for 30, 1000 for 1.
 */
export const serviceLimits = {
  PATTERN_CACHE_MAX_AGE_DAYS: { schema: number(0.01, 365), usual: 7, unit: 'days' },
  PATTERN_CACHE_MAX_SIZE_MB: { schema: number(0.1, 10_000), usual: 50, unit: 'MB' },
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: { schema: integer(1, 1000), usual: 3, unit: 'failures' },
  CIRCUIT_BREAKER_TIMEOUT: { schema: number(0.1, 3600), usual: 60, unit: 'seconds' },
  HEALTH_CHECK_INTERVAL: { schema: number(0.1, 3600), usual: 30, unit: 'seconds' },
  HEALTH_CHECK_TIMEOUT: { schema: number(0.05, 60), usual: 1, unit: 'seconds' },
} as const satisfies Record<string, Limit>

const switchWords: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, 1: true },
  ...{ false: false, no: false, off: false, 0: false },
}

const dayMs = 24 * 3_600_000
/** Bytes of a megabyte, as disks count. */
const megabyte = 1_000_000

/**
 * The settings of this user: the environment goes before `~/.claude/breakerbox.json`, and no project's file is asked. A wrong value is
 * named in one line, without its text where it is an address, and passed over: what would hold without it holds. An empty
 * variable counts as not set; an empty `INTELLIGENCE_SERVICE_URL` means no tracking. Never throws.
 */
export function serviceSettings(system: Pick<System, 'env' | 'files' | 'homeFolder'>): {
  readonly settings: ServiceSettings
  readonly problems: readonly string[]
} {
  const { env, homeFolder } = system
  const loaded = loadUserConfig(system)
  const { tracking, alerts } = loaded.config
  const problems = loaded.problems
    // The rest of the file is for others to tell; a field of "" is the file as a whole.
    .filter(({ field }) => /^(?:|(?:tracking|alerts)(?:\..*)?)$/.test(field))
    // Its text may hold an address.
    .map(({ path, field, message }) =>
      /\.(?:url|webhook)$/.test(field)
        ? `${path}: ${field} is not a text of at most 2,000 characters; ignored`
        : message,
    )

  const said = (name: string): string | undefined => env[name]?.trim() || undefined

  const limit = (name: keyof typeof serviceLimits): number => {
    const { schema, usual, unit }: Limit = serviceLimits[name]
    const value = said(name)
    if (value === undefined) return usual
    const verdict = schema.check(Number(value))
    if (verdict.ok) return verdict.value
    const allowed = `${inWords(schema.rule)} (${unit})`
    problems.push(`${name} is ${shown(value)}; allowed: ${allowed}; the default ${usual} holds`)
    return usual
  }

  /** Undefined where it is wrong. */
  const address = (name: string, value: string): string | undefined => {
    if (value === '' || isAddress(value)) return value
    problems.push(`${name} is no address that begins with http:// or https://; ignored`)
    return undefined
  }

  const isEnabled = (): boolean => {
    const value = said('PATTERN_TRACKING_ENABLED')
    const meant = value === undefined ? tracking.enabled : switchWords[value.toLowerCase()]
    if (meant !== undefined) return meant
    problems.push(`PATTERN_TRACKING_ENABLED is ${shown(value)}; allowed: true, false; ${tracking.enabled} holds`)
    return tracking.enabled
  }

  const cacheFolder = (): string => {
    const usual = join(homeFolder, '.claude', 'hooks', '.cache', 'patterns')
    const value = said('PATTERN_CACHE_DIR')
    if (value === undefined || isAbsolute(value)) return value ?? usual
    problems.push(`PATTERN_CACHE_DIR is ${shown(value)}; allowed: an absolute path; the default ${usual} holds`)
    return usual
  }

  const named = env['INTELLIGENCE_SERVICE_URL']?.trim()
  const url =
    (named === undefined ? undefined : address('INTELLIGENCE_SERVICE_URL', named)) ??
    address('tracking.url of the user config', tracking.url)
  const webhook = address('alerts.webhook of the user config', alerts.webhook)
  const settings: ServiceSettings = {
    ...(isEnabled() && url ? { tracking: { url, content: tracking.content } } : {}),
    ...(webhook ? { alerts: { webhook, format: alerts.format } } : {}),
    folder: cacheFolder(),
    maxAgeMs: limit('PATTERN_CACHE_MAX_AGE_DAYS') * dayMs,
    maxBytes: limit('PATTERN_CACHE_MAX_SIZE_MB') * megabyte,
    circuit: {
      failureThreshold: limit('CIRCUIT_BREAKER_FAILURE_THRESHOLD'),
      timeoutMs: limit('CIRCUIT_BREAKER_TIMEOUT') * 1000,
    },
    health: {
      intervalMs: limit('HEALTH_CHECK_INTERVAL') * 1000,
      timeoutMs: limit('HEALTH_CHECK_TIMEOUT') * 1000,
    },
  }
  return { settings, problems }
}

const isAddress = (value: string): boolean => {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false
  const { username, password } = new URL(value)
  // A lone `%` in a password: nobody knows what was meant.
  return !/%(?![0-9a-f]{2})/i.test(username + password)
}

const shown = (value: string | undefined): string => JSON.stringify((value ?? '').slice(0, 60))
