import { breakerbox } from '../lib/cli/breakerbox.ts'
import { runCommand } from '../lib/cli/run-command.ts'
import { nodeSystem } from '../lib/system/node-system.ts'

await runCommand(breakerbox, nodeSystem(), import.meta.url)
