export { circuitStatus } from '../lib/cli/circuit-status.ts'
export { runCommand } from '../lib/cli/run-command.ts'
export { nodeSystem } from '../lib/system/node-system.ts'
