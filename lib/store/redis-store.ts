import { KnownError } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { checkKey } from './document-key.ts'
import { documentText, largestDocument, type Reading, readDocument, tooLargeCause } from './document-text.ts'
import type { Damage, DocumentKind, Store } from './store.ts'

/** The one thing that is asked of a Redis or Valkey server: to run a script, whole and by itself. */
export interface RedisScripts {
  /**
   * @param atMost the longest wait for the answer, milliseconds; what the connection allows by default.
   * @returns the script's reply.
   * @throws KnownError `EREDIS` where the server cannot be reached, does not answer in time, or refuses.
   */
  run(script: string, keys: readonly string[], words: readonly string[], atMost?: number): Promise<unknown>
  /** Milliseconds that may still be spent waiting for this server; infinite where there is no end. */
  remaining(): number
}

export interface RedisStoreOptions {
  /** Starts the name of every key; `breakerbox:` by default. */
  readonly prefix?: string
  /** The longest wait for a lock, milliseconds; 500 by default, and never more than the connection has left. */
  readonly waitMilliseconds?: number
  /** The age at which a lock ends by itself, milliseconds; 2,000 by default. */
  readonly staleMilliseconds?: number
  /** How long a document that nobody changes is kept, milliseconds; seven days by default. */
  readonly keepMilliseconds?: number
}

/** A lock may be lost that often in one update before the answer is `busy`; each loss means that we slept past its age. */
const lossesAtMost = 10

const day = 24 * 60 * 60 * 1000

/**
 * Taking the lock, reading the document and the server's clock are one step. A lock ends by itself, so that a machine that
 * dies with it keeps nobody out for long.
 */
const lockAndRead = `
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local t = redis.call('TIME')
local size = redis.call('STRLEN', KEYS[1])
if size > tonumber(ARGV[3]) then return {false, t[1], t[2], size} end
return {redis.call('GET', KEYS[1]), t[1], t[2], size}`

/**
 * Writing is one step with the proof that the lock is still ours: who slept past its end writes nothing. A damaged document
 * goes on under another name, and goes in the end.
 */
const writeAndUnlock = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if KEYS[3] and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1`

const unlock = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`
/** A document that is too large to be one stays where it is: only its size comes. */
const justRead = `
local size = redis.call('STRLEN', KEYS[1])
if size > tonumber(ARGV[1]) then return {false, size} end
return {redis.call('GET', KEYS[1]), size}`

const removeBoth = `redis.call('DEL', KEYS[1], KEYS[2]) return 1`

/**
 * Documents as keys of a Redis or Valkey server, for circuits that several machines share. The contract of the file store:
 * one writer at a time, no update lost, readers never wait. The time that a change is given is the server's, so that machines
 * whose clocks differ agree.
 *
 * @throws KnownError from every method: `EREDIS` of the connection, `EKEY` and `ETOOLARGE` of the documents.
 */
export function redisStore(
  system: Pick<System, 'sleep' | 'token'>,
  server: RedisScripts,
  options: RedisStoreOptions = {},
): Store {
  const {
    prefix = 'breakerbox:',
    waitMilliseconds = 500,
    staleMilliseconds = 2000,
    keepMilliseconds = 7 * day,
  } = options

  /** The braces keep a document and its lock on one node of a cluster. */
  const keyOf = (key: string): string => {
    checkKey(key)
    return `${prefix}{${key}}`
  }
  const lockOf = (key: string): string => `${keyOf(key)}:lock`

  interface Held {
    readonly text: string | undefined
    /** Bytes. */
    readonly size: number
    /** The server's clock, milliseconds since 1970. */
    readonly at: number
  }

  /** Where the server is gone the lock ends by itself. */
  const release = async (key: string, token: string, atMost?: number): Promise<void> => {
    await server.run(unlock, [lockOf(key)], [token], atMost).catch(ignoreUnreachable)
  }

  /**
   * Sends the unlocking after a failure, without waiting for a server that may be silent: where the answer was lost the lock is
   * ours, and would keep all others out until its end.
   */
  const abandon = (key: string, token: string): Promise<void> => release(key, token, 1)

  /** Undefined where somebody else holds the lock. */
  const lock = async (key: string, token: string): Promise<Held | undefined> => {
    const words = [token, String(staleMilliseconds), String(largestDocument)]
    try {
      const reply = await server.run(lockAndRead, [keyOf(key), lockOf(key)], words)
      if (reply === null) return undefined
      const [text, seconds, microseconds, size] = listed(key, reply) as [string | null, string, string, number]
      return { text: text ?? undefined, size, at: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000) }
    } catch (error) {
      await abandon(key, token)
      throw error
    }
  }

  /** Waits for the lock, at most `longest` milliseconds of real time: a slow server's answers are waiting too. */
  const take = async (key: string, token: string, longest: number): Promise<{ held?: Held; waited: number }> => {
    const startedAt = performance.now()
    for (;;) {
      const held = await lock(key, token)
      const waited = performance.now() - startedAt
      if (held !== undefined) return { held, waited }
      if (waited >= Math.min(longest, server.remaining())) return { waited }
      await system.sleep(2 + (Number.parseInt(system.token(), 16) % 10))
    }
  }

  const reading = <T>(kind: DocumentKind<T>, text: string | undefined, size: number): Reading<T> => {
    if (text !== undefined) return readDocument(kind, text)
    const cause = tooLargeCause(size)
    if (cause === undefined) return { kind: 'missing', document: kind.empty() }
    return { kind: 'damaged', document: kind.empty(), cause }
  }

  return {
    async read(kind) {
      const reply = await server.run(justRead, [keyOf(kind.key)], [String(largestDocument)])
      const [text, size] = listed(kind.key, reply) as [string | null, number]
      const found = reading(kind, text ?? undefined, size)
      if (found.kind !== 'damaged') return { document: found.document }
      return { document: found.document, damage: { key: kind.key, cause: found.cause } }
    },

    async update(kind, change) {
      const { key } = kind
      let waitedMilliseconds = 0
      for (let losses = 0; losses <= lossesAtMost; losses += 1) {
        const token = `${system.token()}${system.token()}`
        const { held, waited } = await take(key, token, waitMilliseconds - waitedMilliseconds)
        waitedMilliseconds += waited
        if (held === undefined) break
        try {
          const before = reading(kind, held.text, held.size)
          const document = await change(before.document, held.at)
          const text =
            before.kind !== 'damaged' && document === before.document ? undefined : documentText(kind, document)
          if (text === undefined || (before.kind === 'sound' && before.text === text)) {
            await release(key, token)
            return { kind: 'unchanged', document }
          }
          const aside = before.kind === 'damaged' ? damagedName(key, held.at, system.token()) : undefined
          const keys = [keyOf(key), lockOf(key), ...(aside === undefined ? [] : [keyOf(key) + aside.slice(key.length)])]
          const written = await server.run(writeAndUnlock, keys, [token, text, String(keepMilliseconds)])
          // The lock ended under us: whatever was decided is decided again on what is there now.
          if (Number(written) !== 1) continue
          const told: { damage?: Damage } =
            before.kind === 'damaged' && aside !== undefined
              ? { damage: { key, cause: before.cause, setAsideAs: aside } }
              : {}
          return { kind: 'written', document, ...told }
        } catch (error) {
          await abandon(key, token)
          throw error
        }
      }
      return { kind: 'busy', waitedMilliseconds }
    },

    async remove(kind) {
      await server.run(removeBoth, [keyOf(kind.key), lockOf(kind.key)], [])
    },
  }
}

function damagedName(key: string, at: number, token: string): string {
  return `${key}.damaged.${new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')}.${token}`
}

/** A script's list; whoever answers otherwise is no server of ours. */
function listed(key: string, reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply
  throw new KnownError('read', key, 'what answers is not a Redis server', 'EREDIS')
}

function ignoreUnreachable(error: unknown): void {
  if (!(error instanceof KnownError)) throw error
}
