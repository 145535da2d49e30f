import { shortenedJson } from '../lib/calls/shortened-json.ts'
import { runHook } from '../lib/protocol/run-hook.ts'
import { gate } from '../lib/session/gate.ts'
import { nodeSystem } from '../lib/system/node-system.ts'
import { nodeStdio } from '../lib/system/stdio.ts'

void runHook('circuit_breaker', nodeSystem(), nodeStdio(shortenedJson), gate)
