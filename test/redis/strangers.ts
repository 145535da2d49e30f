import { type ChildProcess, spawn } from 'node:child_process'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { untilStopped } from '../faults/processes.ts'

/** What may answer in the place of a Redis server, on loopback. */
export interface Stranger {
  readonly port: number
  stop(): Promise<void>
}

/** Takes connections and does `meet` with each; by default nothing, for ever. */
export async function stranger(meet: (socket: Socket) => void = () => undefined): Promise<Stranger> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    meet(socket)
  })
  const port = await listening(server)
  return {
    port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Says `words` to whatever it is told. */
export const answering = (words: string): Promise<Stranger> =>
  stranger((socket) => socket.on('data', () => socket.write(words)))

/** Hands everything on to `port`; what comes back first comes in two halves, so many milliseconds and twice as many later. */
export const slowWay = (port: number, milliseconds: number): Promise<Stranger> =>
  stranger((socket) => {
    const onward = connect(port, '127.0.0.1')
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    socket.pipe(onward)
    onward.once('data', (data) => {
      onward.pause()
      const half = Math.floor(data.length / 2)
      setTimeout(() => socket.write(data.subarray(0, half)), milliseconds)
      setTimeout(() => {
        socket.write(data.subarray(half))
        onward.pipe(socket)
      }, 2 * milliseconds)
    })
  })

/** A port that answers nothing at all, not even that it is closed: its queue of connections is full, and nobody takes one. */
export async function swallowing(): Promise<Stranger> {
  const script = `const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    process.stdout.write(String(s.address().port) + '\\n', () => process.kill(process.pid, 'SIGSTOP'))
  })`
  const child: ChildProcess = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const port = await new Promise<number>((resolve) => child.stdout?.once('data', (data) => resolve(Number(data))))
  await untilStopped(child.pid ?? 0)
  const sockets = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
