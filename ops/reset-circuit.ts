import { resetCircuit } from '../lib/cli/reset-circuit.ts'
import { runCommand } from '../lib/cli/run-command.ts'
import { nodeSystem } from '../lib/system/node-system.ts'

await runCommand(resetCircuit, nodeSystem(), import.meta.url)
