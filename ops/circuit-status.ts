import { bundleBeside } from '../lib/system/bundle-beside.ts'
import type * as Report from '../parts/circuit-report.ts'

// Clients ask for a status line up to several times a second: nothing else is loaded for it.
if (process.argv.slice(2).join(' ') === '--statusline') bundleBeside(import.meta.url, 'status-line')
else {
  const { circuitStatus, nodeSystem, runCommand } = bundleBeside(import.meta.url, 'circuit-report') as typeof Report
  await runCommand(circuitStatus, nodeSystem(), import.meta.url)
}
