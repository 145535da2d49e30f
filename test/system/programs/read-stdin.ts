import { createHash } from 'node:crypto'
import { nodeStdio } from '../../../lib/system/stdio.ts'

/** Reads stdin to its end and prints what came: bytes, and the text's length and hash where it was not too large. */
const { text, bytes } = await nodeStdio().readAll(Number(process.argv[2]))
const sha256 = text === undefined ? undefined : createHash('sha256').update(text).digest('hex')
nodeStdio().write(JSON.stringify({ bytes, length: text?.length, sha256 }))
