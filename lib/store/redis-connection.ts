import type { createClient } from '@redis/client'
import { shownAddress } from '../config/fleet-address.ts'
import { causeLine, errorCode, KnownError } from '../system/known-error.ts'
import type { RedisScripts } from './redis-store.ts'

export interface RedisConnection extends RedisScripts {
  /** Ends the connection at once; whoever waits for an answer is told `EREDIS`. */
  close(): void
}

export interface RedisConnectionOptions {
  /**
   * Milliseconds that may be spent waiting for this server in all, connecting included; 250 by default, 0 for no end. Time in
   * which nothing is asked of it does not count.
   */
  readonly budgetMilliseconds?: number
  /** The longest wait for the connection, and for each answer, milliseconds; 1,000 by default. */
  readonly answerMilliseconds?: number
}

/**
 * A connection to one Redis or Valkey server (a node of a cluster answers only for its own keys). It does not reconnect, and
 * whatever is not answered in time is an error. It keeps no process alive but while something is asked of it.
 *
 * @param url `redis://[user][:password@]host[:port][/database]`, `rediss://` for TLS.
 * @throws KnownError `EREDIS`, with the server's address without its password.
 */
export async function connectRedis(url: string, options: RedisConnectionOptions = {}): Promise<RedisConnection> {
  const { budgetMilliseconds: budget = 250, answerMilliseconds = 1000 } = options
  const shown = shownAddress(url)
  const secrets = secretsOf(url)
  const failed = (error: unknown): KnownError => {
    const told = error instanceof Error ? error.message : String(error)
    const safe = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), told)
    // Node's error of a name with several addresses has a code and no message.
    return new KnownError('reach', shown, causeLine(safe) || errorCode(error) || 'it does not answer', 'EREDIS')
  }

  let spent = 0
  let waiting = 0
  let waitingSince = 0
  const remaining = (): number => {
    if (budget === 0) return Number.POSITIVE_INFINITY
    return budget - spent - (waiting === 0 ? 0 : performance.now() - waitingSince)
  }
  const patience = (atMost = answerMilliseconds): number => Math.max(1, Math.min(atMost, remaining()))
  const timed = async <T>(milliseconds: number, work: () => Promise<T>): Promise<T> => {
    if (waiting === 0) waitingSince = performance.now()
    waiting += 1
    try {
      return await within(work(), milliseconds)
    } catch (error) {
      throw failed(error)
    } finally {
      waiting -= 1
      if (waiting === 0) spent += performance.now() - waitingSince
    }
  }

  let client: ReturnType<typeof createClient>
  try {
    // Not before it is needed: who uses the library without a server does not have the package.
    const redis = await import('@redis/client')
    client = redis.createClient({
      url,
      // Older servers and Valkey know it as well.
      RESP: 2,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: patience(),
        reconnectStrategy: false,
        // A name with several addresses, the first of which swallows everything: Node's own quarter of a second is all we have.
        autoSelectFamilyAttemptTimeout: Math.max(10, Math.round(patience() / 4)),
      },
    })
  } catch (error) {
    throw failed(error)
  }
  // Errors reach whoever waits; an `error` event that nobody hears would end the process.
  client.on('error', () => undefined)
  // The timer of whoever waits keeps the process alive; an idle connection, or one that comes too late, must not.
  client.unref()
  let isClosed = false
  const close = (): void => {
    isClosed = true
    client.destroy()
  }
  // Before it is connected the client cannot be ended: one that connects after all is ended then.
  client.on('connect', () => {
    if (isClosed) client.destroy()
  })
  try {
    await timed(patience(), () => client.connect())
  } catch (error) {
    close()
    throw error
  }
  return {
    remaining,
    // The script itself each time, not its hash: a few hundred bytes more, and a server that forgot it needs no second request.
    run: (script, keys, words, atMost) =>
      timed(patience(atMost), () => client.eval(script, { keys: [...keys], arguments: [...words] })),
    close,
  }
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new Error(`no answer within ${Math.round(milliseconds)} ms`))
    // A process that was suspended finds its timer and the answer at once: what has arrived is looked at first.
    timer = setTimeout(() => setImmediate(giveUp), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What may not be shown: a server that does not know `AUTH` repeats its words. */
function secretsOf(url: string): string[] {
  const password = URL.canParse(url) ? new URL(url).password : ''
  if (password === '') return []
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
