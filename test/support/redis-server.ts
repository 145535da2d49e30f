import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real Redis on a free port of loopback, kept nowhere; ended by its process id. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it anew on the same port, empty. */
  restart(): Promise<void>
  /** Stops answering, with connections open, until `resume`. */
  suspend(): void
  resume(): void
  stop(): Promise<void>
}

/** Whether there is a server to start; without one, tests on it are skipped and say so. */
export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0

export const noRedis =
  'skipped: redis-server is not installed, so nothing was tested on a real Redis (Debian: redis-server)'

/** @param lines of the server's config, such as `requirepass …`. */
export async function startRedis(lines: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'breakerbox-redis-'))
  const port = await freePort()
  const config = join(folder, 'redis.conf')
  const always = ['bind 127.0.0.1', `port ${port}`, `dir ${folder}`, 'save ""', 'appendonly no', 'daemonize no']
  writeFileSync(config, `${[...always, ...lines].join('\n')}\n`)
  let child = await started(config)
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: end,
    async restart() {
      await end()
      child = await started(config)
    },
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT')
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves once it takes connections. */
async function started(config: string): Promise<ChildProcess> {
  const child = spawn('redis-server', [config], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (piece: Buffer) => {
      said += piece.toString()
      if (/Ready to accept connections/i.test(said)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said.slice(-500)}`)))
  })
  return child
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
