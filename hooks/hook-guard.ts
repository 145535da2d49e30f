import { guard } from '../lib/guard/guard.ts'
import { nodeSystemWithoutAncestors } from '../lib/system/node-system.ts'
import { nodeRawStdio } from '../lib/system/stdio.ts'

void guard(nodeSystemWithoutAncestors(), nodeRawStdio(), process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
