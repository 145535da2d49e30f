import { runHook } from '../lib/protocol/run-hook.ts'
import { trackingHook } from '../lib/resilience/tracking-hook.ts'
import { nodeSystemWithoutAncestors } from '../lib/system/node-system.ts'
import { nodeStdio } from '../lib/system/stdio.ts'

void runHook('pattern_tracker', nodeSystemWithoutAncestors(), nodeStdio(), trackingHook(process.argv.slice(2)))
