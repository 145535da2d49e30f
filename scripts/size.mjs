/** Holds every bundle against its budget; a hook's size is part of what each tool call costs. Exits 1 above a budget. */
import { build } from './build.mjs'

/** kB (1000 bytes) per bundle of a kind; ops are started by hand and have none. */
const budgets = { hook: 60, part: 60, shell: 5.5 }
/**
 * The official Redis client is in the store, which is installed only where a server is configured. The status line is started
 * up to several times a second; the report of `circuit-status` stands apart so that it need not load that.
 */
const exceptions = { 'status-line': 27, 'fleet-store': 460, 'circuit-report': 200 }

const rows = (await build()).map(({ name, kind, bytes }) => {
  const size = bytes / 1000
  const budget = exceptions[name] ?? budgets[kind]
  const over = budget !== undefined && size > budget
  return { over, line: `${name.padEnd(26)} ${size.toFixed(1).padStart(7)} kB${limit(budget, over)}` }
})
console.log(rows.map(({ line }) => line).join('\n'))
if (rows.some(({ over }) => over)) process.exitCode = 1

function limit(budget, over) {
  if (budget === undefined) return ''
  return over ? `  OVER the budget of ${budget} kB` : `  of ${budget} kB`
}
