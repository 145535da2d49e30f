import { statusLine } from '../lib/status/status-line.ts'
import { nodeSystemWithoutAncestors } from '../lib/system/node-system.ts'
import { nodePipedStdio } from '../lib/system/stdio.ts'

void statusLine(nodeSystemWithoutAncestors(), nodePipedStdio(), process.argv.slice(2))
