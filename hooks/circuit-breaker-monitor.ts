import { shortenedJson } from '../lib/calls/shortened-json.ts'
import { runHook } from '../lib/protocol/run-hook.ts'
import { drain } from '../lib/session/drain.ts'
import { monitor } from '../lib/session/monitor.ts'
import { drainWord } from '../lib/store/spool.ts'
import { nodeSystemWithoutAncestors } from '../lib/system/node-system.ts'
import { nodeStdio } from '../lib/system/stdio.ts'

const system = nodeSystemWithoutAncestors()
if (process.argv[2] === drainWord) void drain(system)
else void runHook('circuit_breaker', system, nodeStdio(shortenedJson), monitor)
