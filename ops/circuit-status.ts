import { bundleBeside, executableUrl } from '../lib/system/bundle-beside.ts'
import type * as Report from '../parts/circuit-report.ts'

// Clients ask for a status line up to several times a second: nothing else is loaded for it.
if (process.argv.slice(2).join(' ') === '--statusline') bundleBeside('status-line')
else {
  const { circuitStatus, nodeSystem, runCommand } = bundleBeside('circuit-report') as typeof Report
  void runCommand(circuitStatus, nodeSystem(), executableUrl())
}
