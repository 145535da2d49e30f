import { runHook } from '../lib/protocol/run-hook.ts'
import { memoryJanitor } from '../lib/session/memory-janitor.ts'
import { nodeSystem } from '../lib/system/node-system.ts'
import { nodeStdio } from '../lib/system/stdio.ts'

void runHook('memory_cleanup', nodeSystem(), nodeStdio(), memoryJanitor)
