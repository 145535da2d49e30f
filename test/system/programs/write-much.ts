/** Writes so many letters of two bytes to stdout. */
import { nodeStdio } from '../../../lib/system/stdio.ts'

nodeStdio().write('ü'.repeat(Number(process.argv[2])))
