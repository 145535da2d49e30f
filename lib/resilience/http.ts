import { errorCode } from '../system/known-error.ts'

/** What came of a request. Nothing in it tells of the address, or of what was sent: it may be logged as it is. */
export type Answer =
  | {
      readonly kind: 'answer'
      readonly status: number
      /** The beginning of the body, as much as was asked for. */
      readonly text: string
      /** The headers of these names, where they are there. */
      readonly retryAfter?: string
      readonly date?: string
    }
  /** None, or not a whole one in time: why, one line. */
  | { readonly kind: 'none'; readonly cause: string }

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For all of it, the body of the answer included, milliseconds. */
  readonly timeoutMs: number
}

/** Bytes of an answer that are read; the rest is dropped with its connection. */
const mostBytes = 65_536

/**
 * One request. No redirect is followed, wherever it leads: what is sent is meant for one address. User and password of the
 * address go into a header (Basic). Never throws.
 */
export async function ask(address: string, { method, headers, body, timeoutMs }: Question): Promise<Answer> {
  try {
    const { url, credentials } = withoutCredentials(address)
    const response = await fetch(url, {
      method,
      headers: { accept: 'application/json', ...credentials, ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
    })
    const text = await beginningOf(response)
    const retryAfter = response.headers.get('retry-after')
    const date = response.headers.get('date')
    return {
      kind: 'answer',
      status: response.status,
      text,
      ...(retryAfter === null ? {} : { retryAfter }),
      ...(date === null ? {} : { date }),
    }
  } catch (error) {
    return { kind: 'none', cause: causeOf(error, timeoutMs) }
  }
}

/** An address with something added to its path; its query stays. */
export function below(address: string, name: string): string {
  const url = new URL(address)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${name}`
  return url.href
}

/** An address as it may be shown: path and query of a webhook are a password. */
export const shownService = (address: string): string => new URL(address).origin

/** `fetch` refuses an address with a password in it. */
function withoutCredentials(address: string): { url: URL; credentials: Record<string, string> } {
  const url = new URL(address)
  const user = [url.username, url.password].map(decodeURIComponent).join(':')
  url.username = ''
  url.password = ''
  return { url, credentials: user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` } }
}

async function beginningOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    pieces.push(piece as Uint8Array)
    bytes += (piece as Uint8Array).length
    // Leaving the loop cancels the rest.
    if (bytes >= mostBytes) break
  }
  return Buffer.concat(pieces).subarray(0, mostBytes).toString('utf8')
}

/** By code alone: messages may repeat headers and addresses. */
function causeOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no whole answer within ${timeoutMs} ms`
  const code = errorCode(error instanceof Error ? (error.cause ?? error) : error)
  return code === undefined ? 'no answer' : `no answer (${code})`
}
