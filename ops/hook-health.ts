import { hookHealth } from '../lib/cli/hook-health.ts'
import { runCommand } from '../lib/cli/run-command.ts'
import { nodeSystem } from '../lib/system/node-system.ts'

await runCommand(hookHealth, nodeSystem(), import.meta.url)
