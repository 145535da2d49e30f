/** A process that makes one update, leaves its connection open and has nothing else to do. Its argument: `{ "url": … }`. */
import { connectRedis } from '../../lib/store/redis-connection.ts'
import { redisStore } from '../../lib/store/redis-store.ts'
import { errorCode } from '../../lib/system/known-error.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { enter, ledger } from '../store/ledger.ts'

const { url } = JSON.parse(process.argv[2] ?? '') as { url: string }
const outcome = await connectRedis(url)
  .then((connection) => redisStore(nodeSystem(), connection).update(ledger(), enter('x')))
  .then(({ kind }) => kind)
  .catch(errorCode)
process.stdout.write(JSON.stringify(outcome))
