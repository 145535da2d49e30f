import { runHook } from '../lib/protocol/run-hook.ts'
import { promptIntake } from '../lib/session/prompt-intake.ts'
import { nodeSystem } from '../lib/system/node-system.ts'
import { nodeStdio } from '../lib/system/stdio.ts'

void runHook('circuit_breaker', nodeSystem(), nodeStdio(), promptIntake)
