import { batches } from './batches.ts'
import { client } from './client.ts'
import { engine } from './engine.ts'
import { growth } from './growth.ts'
import { guard } from './guard.ts'
import { janitor } from './janitor.ts'
import type { Part } from './part.ts'
import { redis } from './redis.ts'
import { replay } from './replay.ts'
import { startUp } from './start-up.ts'
import { tracking } from './tracking.ts'

/** Everything that is measured, in the order of the paper. A new part goes here, and its markers into the paper. */
export const parts: readonly Part[] = [
  startUp,
  guard,
  tracking,
  client,
  engine,
  growth,
  batches,
  janitor,
  redis,
  replay,
]
