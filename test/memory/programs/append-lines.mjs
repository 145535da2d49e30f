// Appends numbered lines to a log for a while: `reopen` opens it for each line, `handle` keeps one handle all the time,
// `several` keeps a handle for 50 lines and then opens the log again. Prints how many lines it wrote.
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs'

const [log, style, name, milliseconds, pauseEvery] = process.argv.slice(2)
const end = Date.now() + Number(milliseconds)
let handle = style === 'reopen' ? undefined : openSync(log, 'a')
let n = 0
while (Date.now() < end) {
  const line = `${JSON.stringify({ writer: name, n, padding: 'x'.repeat(n % 90) })}\n`
  if (handle === undefined) appendFileSync(log, line)
  else writeSync(handle, line)
  n++
  if (style === 'several' && n % 50 === 0) {
    closeSync(handle)
    handle = openSync(log, 'a')
  }
  if (n % Number(pauseEvery) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
console.log(n)
