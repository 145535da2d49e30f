import { configSchema } from '../../../lib/config/schema.ts'
import { runJanitor } from '../../../lib/memory/janitor.ts'
import { nodeSystem } from '../../../lib/system/node-system.ts'

/** Runs the janitor once in the folder given and prints what it took. */
const [memory, budget] = process.argv.slice(2) as [string, string]
const limits = configSchema.parse({ memory_limits: { total_max_mb: 1000 } }).memory_limits
const start = performance.now()
const { kind, unfinished } = await runJanitor(nodeSystem(), { memory }, limits, {
  runningSession: 'running',
  budgetMilliseconds: Number(budget),
})
const milliseconds = Math.round(performance.now() - start)
console.log(JSON.stringify({ kind, unfinished, milliseconds, peak: process.resourceUsage().maxRSS }))
