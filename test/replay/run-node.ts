import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const report = `process.on('exit', () => process.stderr.write('\\nmaxRSS ' + process.resourceUsage().maxRSS))`

/** Runs Node, and tells how much memory it held at most, bytes. */
export async function runNode(words: readonly string[]): Promise<{ stdout: string; maxRss: number }> {
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(report)}`, ...words])
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { stdout, maxRss: Number(/maxRSS (\d+)$/.exec(stderr)?.[1]) * 1024 }
}
