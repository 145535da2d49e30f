import type { System } from '../system/system.ts'
import { projectOf, withoutProjectWords } from './own-words.ts'
import { loadUserConfig } from './user-config.ts'

/** Where a fleet meets. */
export interface FleetAddress {
  /** `redis://[user][:password@]host[:port][/database]`, `rediss://` for TLS: not to be shown as it is. */
  readonly url: string
  /** Starts the name of every key. */
  readonly prefix: string
}

/**
 * The address of the Redis server of this user; undefined where there is none. Never from a project's files: a variable that
 * the project's own settings set is not taken.
 */
export function fleetAddress(
  system: Pick<System, 'env' | 'files' | 'homeFolder' | 'workingFolder'>,
): FleetAddress | undefined {
  const own = withoutProjectWords(system, projectOf(system))
  const { redis } = loadUserConfig(own).config
  const url = own.env['BREAKERBOX_REDIS_URL'] ?? redis.url
  return url === '' ? undefined : { url, prefix: redis.prefix }
}

/** The address as it may be shown: without user, password and query. */
export function shownAddress(url: string): string {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' }
  // Where something was forgotten, a password may stand in the place of anything else.
  return /^rediss?:$/.test(protocol) && host !== '' ? `${protocol}//${host}` : 'the address of the Redis server'
}
