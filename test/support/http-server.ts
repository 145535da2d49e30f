import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/**
 * A real HTTP server on loopback that behaves as it is told, and keeps what it was sent. `GET …/health` and everything else are
 * told apart, so that a service can be healthy and refuse all the same.
 */
export interface HttpServer {
  /** `http://127.0.0.1:<port>`; the same after `start`. */
  readonly url: string
  /** Events that came in whole, in their order, acknowledged or not. */
  readonly received: readonly Received[]
  /** Requests for `/health`. */
  readonly healthChecks: number
  /** From now on. A function is asked for each request anew, with its number from 1 on, counted from here. */
  behave(behaviour: { readonly events?: Script; readonly health?: Script }): void
  /** Idempotency keys in the order in which each was first seen. */
  firstSeen(): string[]
  /** Keys that came again, with how often: after an acknowledgement, and where there had been none. */
  repeats(): { readonly afterAck: Record<string, number>; readonly withoutAck: Record<string, number> }
  /** Closes the port, and every connection with it: from then on it refuses. */
  stop(): Promise<void>
  /** Opens it again. */
  start(): Promise<void>
}

export interface Received {
  /** The header `Idempotency-Key`; empty where there is none. */
  readonly id: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown
  /** Whether it was answered with 2xx. */
  readonly isAcknowledged: boolean
}

export type Behaviour =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Answers 200 and the beginning of a body, and no more. */
  | { readonly kind: 'hang in the body' }
  /** Answers 200 with a body that never ends. */
  | { readonly kind: 'endless' }
  /** Answers something that is no HTTP. */
  | { readonly kind: 'garbage' }
  /** Takes the request and destroys the connection. */
  | { readonly kind: 'die' }

export type Script = Behaviour | ((request: number) => Behaviour)

export const healthy: Behaviour = { kind: 'answer', status: 200, body: '{"status":"up"}' }
export const answering = (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour => ({
  kind: 'answer',
  status,
  headers,
})
export const hanging: Behaviour = { kind: 'hang' }
export const hangingInTheBody: Behaviour = { kind: 'hang in the body' }
export const endless: Behaviour = { kind: 'endless' }
export const garbage: Behaviour = { kind: 'garbage' }
export const dying: Behaviour = { kind: 'die' }
export const redirecting = (to: string, status = 307): Behaviour => answering(status, { location: to })
/** Takes `events` in, and dies at each one after them. */
export const dyingAfter =
  (events: number): Script =>
  (request) =>
    request <= events ? healthy : dying
/** Good for `good` requests, then bad for `bad`, and so on; it begins with the good ones. */
export const flapping =
  (good: number, bad: number, badly: Behaviour = answering(500)): Script =>
  (request) =>
    (request - 1) % (good + bad) < good ? healthy : badly

/** Starts a healthy one on a free port. */
export async function startHttpServer(): Promise<HttpServer> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let healthChecks = 0
  let scripts: { events: Script; health: Script } = { events: healthy, health: healthy }
  let asked = { events: 0, health: 0 }

  const next = (what: 'events' | 'health'): Behaviour => {
    asked[what] += 1
    const script = scripts[what]
    return typeof script === 'function' ? script(asked[what]) : script
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? ''
    const text = await bodyOf(request)
    if (/\/health(?:$|\?)/.test(path)) {
      healthChecks += 1
      perform(next('health'), request.socket, response)
      return
    }
    const behaviour = next('events')
    const id = String(request.headers['idempotency-key'] ?? '')
    const isAcknowledged = behaviour.kind === 'answer' && behaviour.status >= 200 && behaviour.status < 300
    received.push({ id, path, headers: request.headers, body: jsonOrText(text), isAcknowledged })
    perform(behaviour, request.socket, response)
  }

  const server = createServer((request, response) => {
    // A sender that went away in the middle of its request has sent nothing.
    serve(request, response).catch(() => request.socket.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    received,
    get healthChecks() {
      return healthChecks
    },
    behave({ events = scripts.events, health = scripts.health }) {
      scripts = { events, health }
      asked = { events: 0, health: 0 }
    },
    firstSeen: () => [...new Set(received.map(({ id }) => id))],
    repeats() {
      const seen = new Map<string, boolean>()
      const afterAck: Record<string, number> = {}
      const withoutAck: Record<string, number> = {}
      for (const { id, isAcknowledged } of received) {
        const acknowledged = seen.get(id)
        const count = acknowledged ? afterAck : withoutAck
        if (acknowledged !== undefined) count[id] = (count[id] ?? 0) + 1
        seen.set(id, acknowledged === true || isAcknowledged)
      }
      return { afterAck, withoutAck }
    },
    async stop() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    start: () => listen(port),
  }
}

function perform(behaviour: Behaviour, socket: Socket, response: ServerResponse): void {
  switch (behaviour.kind) {
    case 'answer':
      response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers })
      response.end(behaviour.body ?? '{}')
      return
    case 'hang':
      return
    case 'hang in the body':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"status":')
      return
    case 'endless': {
      response.writeHead(200, { 'content-type': 'application/json' })
      const piece = ' '.repeat(16_384)
      const more = () => void (response.destroyed || response.write(piece, () => setImmediate(more)))
      more()
      return
    }
    case 'garbage':
      socket.end('+OK this is another protocol\r\n\r\n')
      return
    case 'die':
      socket.destroy()
      return
    default:
      behaviour satisfies never
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
