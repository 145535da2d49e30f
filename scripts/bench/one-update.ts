/** One process of the part `redis`: a shared update, through files or through a server. Its arguments: where, `file` or `redis`. */
import { fileStore } from '../../lib/store/file-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { sharedUpdate } from './shared-update.ts'

void update(process.argv[2] ?? '', process.argv[3] === 'redis')

async function update(where: string, isRedis: boolean): Promise<void> {
  const system = nodeSystem()
  if (!isRedis) return sharedUpdate(fileStore(system, where))
  // Loaded where it is used, as hooks do.
  const { connectRedis } = await import('../../lib/store/redis-connection.ts')
  const { redisStore } = await import('../../lib/store/redis-store.ts')
  const connection = await connectRedis(where)
  await sharedUpdate(redisStore(system, connection))
  connection.close()
}
