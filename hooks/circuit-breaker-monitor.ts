import { runHook } from '../lib/protocol/run-hook.ts'
import { monitor } from '../lib/session/monitor.ts'
import { nodeSystemWithoutAncestors } from '../lib/system/node-system.ts'
import { nodeStdio } from '../lib/system/stdio.ts'

void runHook('circuit_breaker', nodeSystemWithoutAncestors(), nodeStdio(), monitor)
