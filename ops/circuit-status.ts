import { circuitStatus } from '../lib/cli/circuit-status.ts'
import { runCommand } from '../lib/cli/run-command.ts'
import { nodeSystem } from '../lib/system/node-system.ts'

await runCommand(circuitStatus, nodeSystem(), import.meta.url)
