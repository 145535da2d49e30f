/**
 * Draws `docs/refusal.svg` from what the demo really prints: the failures, the refusal, and the command that still runs.
 * Run it after a change of the demo or of a message; a test holds the picture against the demo's output.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const columns = 80
const cell = { width: 8.43, height: 20 }
const margin = 18
/** Both readable on their own dark ground, so that the page behind may be light or dark. */
const colours = { text: '#e6edf3', dim: '#9198a1', red: '#ff7b72', yellow: '#e3b341', green: '#3fb950', box: '#161b22' }

/**
 * The lines of the demo that the picture shows. Frames are drawn, not written; times are what they were.
 *
 * @param {string} output what the demo printed, without colours
 * @returns {{ text: string, boxed: boolean }[]}
 */
export function pictured(output) {
  const lines = output.split('\n')
  const from = lines.findIndex((line) => line.startsWith('turn 1 '))
  const to = lines.findIndex((line) => line.startsWith('turn 5 '))
  if (from < 0 || to < from) throw new Error('the demo has no turns 1 to 5')
  return lines
    .slice(from, to + 1)
    .filter((line) => !/^\s*[┌└]/.test(line))
    .map((line) => {
      const [, inside] = /^ *│ (.*?) *│$/.exec(line) ?? []
      return inside === undefined ? { text: line.trimEnd(), boxed: false } : { text: inside, boxed: true }
    })
}

/** The picture as SVG text. */
export function picture(output) {
  const lines = pictured(output)
  const width = Math.ceil(columns * cell.width + 2 * margin)
  const height = lines.length * cell.height + 2 * margin
  const y = (line) => margin + line * cell.height
  const boxed = lines.flatMap(({ boxed }, line) => (boxed ? [line] : []))
  const [first, last] = [boxed[0] ?? 0, boxed.at(-1) ?? -1]
  const rows = lines.map(({ text, boxed }, line) => {
    if (text === '') return ''
    const indent = boxed ? 4 : text.length - text.trimStart().length
    const x = (margin + indent * cell.width).toFixed(1)
    return `  <text x="${x}" y="${y(line) + 14}">${spans(text.trimStart(), boxed)}</text>\n`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
  <title id="title">The third failure opens the circuit, the fourth npm test is refused with a reason, cat still runs</title>
  <style>text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace; fill: ${colours.text}; white-space: pre }</style>
  <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="#0d1117" stroke="#6e7681"/>
  <rect x="${margin + 1.5 * cell.width}" y="${y(first) - 1}" width="${width - 2 * margin - 3 * cell.width}" height="${(last - first + 1) * cell.height + 2}" rx="4" fill="${colours.box}" stroke="#30363d"/>
  <rect x="${margin + 1.5 * cell.width}" y="${y(first) - 1}" width="4" height="${(last - first + 1) * cell.height + 2}" fill="${colours.red}"/>
${rows.join('')}</svg>
`
}

/** What the demo paints on a terminal, found again by its marks. */
function spans(text, boxed) {
  if (boxed) return text.startsWith('PreToolUse:') ? paint('red', text) : escaped(text)
  const [, turn, command, mark, rest] = /^(turn \d+) {2}(.*?) {2}([✗■✓]) (.*)$/.exec(text) ?? []
  if (turn === undefined) return paint('yellow', text)
  const [said, note = ''] = rest.split(/(?= {2}\S)/)
  return `<tspan font-weight="bold">${turn}</tspan>  ${escaped(command)}  ${paint(mark === '✓' ? 'green' : 'red', mark)} ${escaped(said)}${paint(/^ {2}\d/.test(note) ? 'yellow' : 'dim', note)}`
}

const paint = (colour, text) => (text === '' ? '' : `<tspan fill="${colours[colour]}">${escaped(text)}</tspan>`)
const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { stdout, status } = spawnSync(process.execPath, [here('demo.mjs')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the demo failed:\n${stdout}`)
  writeFileSync(here('../docs/refusal.svg'), picture(stdout))
  console.log('docs/refusal.svg')
}
