/**
 * What Breakerbox costs: `npm run bench`. Every figure is measured against a floor in the same run, in turn, and given as a
 * median or a mean with its spread; nothing fails because of a figure. The run of all parts rewrites the figures in
 * `docs/performance.md` and its chart; `npm run bench -- PART …` prints its parts and writes only with `--write`, `--quick` never.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../test/support/built-hook.ts'
import { chart } from './bench/chart.ts'
import { machineText } from './bench/machine.ts'
import { withFigures } from './bench/paper.ts'
import { type Part, type Table, Unavailable } from './bench/part.ts'
import { parts } from './bench/parts.ts'
import { markdownText, terminalText } from './bench/table-text.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    recordings: { type: 'string' },
  },
})
const unknown = positionals.filter((name) => !parts.some((part) => part.name === name))
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(' or ')}: there are ${parts.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
} else {
  await bench(positionals.length === 0 ? parts : parts.filter(({ name }) => positionals.includes(name)))
}

async function bench(chosen: readonly Part[]): Promise<void> {
  const measured = new Map<Part, Table>()
  for (const part of chosen) {
    console.log(`\n${part.name}: ${part.title}`)
    const table = await tableOf(part)
    if (table === undefined) continue
    console.log(terminalText(table))
    measured.set(part, table)
  }
  const machine = machineText(new Date())
  console.log(`\n${machine}`)
  const isMeant = positionals.length === 0 || values.write
  if (!isMeant || values.quick || values.recordings !== undefined) return
  write(measured, machine)
}

/** Nothing where the part cannot be measured here. */
async function tableOf(part: Part): Promise<Table | undefined> {
  try {
    const { recordings } = values
    return await part.run({ quick: values.quick, ...(recordings === undefined ? {} : { recordings }) })
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    console.log(`  not measured, and the paper keeps what it has: ${error.message}`)
    return undefined
  }
}

function write(measured: ReadonlyMap<Part, Table>, machine: string): void {
  const docs = join(root, 'docs')
  let paper = readFileSync(join(docs, 'performance.md'), 'utf8')
  for (const [{ name }, table] of measured) {
    paper = withFigures(paper, name, `${markdownText(table)}\n\n_${machine}_`)
    if (table.bars === undefined) continue
    const title = 'Milliseconds that hooks add to each tool call (mean, and the middle half of the sessions)'
    writeFileSync(join(docs, 'performance.svg'), chart(table.bars, title))
  }
  writeFileSync(join(docs, 'performance.md'), paper)
  console.log('The figures are in docs/performance.md.')
}
