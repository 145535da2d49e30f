/** `node tracks.mjs LIBRARY WRITER COUNT`: reports so many changes of five files of its own, and prints what became of them. */
import { pathToFileURL } from 'node:url'

const [, , library, writer, count] = process.argv
const { patternTracker } = await import(pathToFileURL(library).href)
const tracker = patternTracker()
for (let n = 0; n < Number(count); n += 1) {
  tracker.trackModification({ file: `writer-${writer}/file-${n % 5}.txt`, content: `${n}` })
  await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()))
}
console.log(JSON.stringify(tracker.stats()))
