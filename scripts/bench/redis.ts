import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { fileStore } from '../../lib/store/file-store.ts'
import { connectRedis } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import type { Store } from '../../lib/store/store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { root } from '../../test/support/built-hook.ts'
import { hasRedis, startRedis } from '../../test/support/redis-server.ts'
import { inTurn } from './in-turn.ts'
import { type Part, Unavailable } from './part.ts'
import { sharedUpdate } from './shared-update.ts'
import { differences, middleHalf, ratios, spreadText } from './spread.ts'

/** In one process an update is too short to be timed alone. */
const updatesAtOnce = 20

/** What it costs that a circuit is shared by machines, and not by the processes of one. */
export const redis: Part = {
  name: 'redis',
  title: 'One shared update through Redis, against one through files',
  async run({ quick }) {
    if (!hasRedis) throw new Unavailable('redis-server is not installed')
    const folder = mkdtempSync(join(tmpdir(), 'breakerbox-bench-'))
    const server = await startRedis()
    const connection = await connectRedis(server.url, { budgetMilliseconds: 0 })
    try {
      const files = join(folder, 'memory')
      const script = join(folder, 'one-update.cjs')
      await build({
        entryPoints: [join(root, 'scripts', 'bench', 'one-update.ts')],
        outfile: script,
        bundle: true,
        platform: 'node',
        format: 'cjs',
        target: 'node20',
        logLevel: 'error',
      })
      const fresh = (where: string, how: 'file' | 'redis') => () => {
        const startedAt = performance.now()
        const { status, stderr } = spawnSync(process.execPath, [script, where, how], { encoding: 'utf8' })
        const milliseconds = performance.now() - startedAt
        if (status !== 0) throw new Error(`an update through ${how} ended with ${status}: ${stderr}`)
        return milliseconds
      }
      const open = (store: Store) => async () => {
        const startedAt = performance.now()
        for (let n = 0; n < updatesAtOnce; n += 1) await sharedUpdate(store)
        return (performance.now() - startedAt) / updatesAtOnce
      }
      const times = await inTurn(quick ? 5 : 61, {
        freshFile: fresh(files, 'file'),
        freshRedis: fresh(server.url, 'redis'),
        openFile: open(fileStore(nodeSystem(), files)),
        openRedis: open(redisStore(nodeSystem(), connection)),
      })
      const row = (name: string, values: readonly number[], floor: readonly number[], digits: number) => [
        name,
        spreadText(middleHalf(values), digits),
        spreadText(middleHalf(differences(values, floor)), digits),
        spreadText(middleHalf(ratios(values, floor))),
      ]
      return {
        columns: ['update', 'ms', 'ms more than files', 'ratio'],
        rows: [
          row('a fresh process, files', times.freshFile, times.freshFile, 1),
          row('a fresh process, Redis: load the client, connect, update', times.freshRedis, times.freshFile, 1),
          row('one process, files', times.openFile, times.openFile, 2),
          row('one process, Redis, connected', times.openRedis, times.openFile, 2),
        ],
        notes: [
          'The server runs on the same machine: the way to another one comes on top, four times in a fresh process.',
        ],
      }
    } finally {
      connection.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
