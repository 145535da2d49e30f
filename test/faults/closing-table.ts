import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Figure, figureNames } from './figures.ts'

/** Builds what is to be tested, and prints at the end what all files together have counted. */
export default function setup(): () => void {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const folder = mkdtempSync(join(tmpdir(), 'breakerbox-figures-'))
  const file = join(folder, 'figures.jsonl')
  process.env['BREAKERBOX_FIGURES'] = file
  const startedAt = performance.now()
  return () => {
    const figures = existsSync(file)
      ? readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Figure)
      : []
    rmSync(folder, { recursive: true, force: true })
    const rows = figureNames.map((name) => {
      const own = figures.filter((figure) => figure.name === name)
      const sum = (field: 'count' | 'lost') => own.reduce((total, figure) => total + figure[field], 0)
      return `${name.padEnd(14)} ${String(sum('count')).padStart(8)}   lost ${sum('lost')}`
    })
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
    console.log(['', 'Faults, load and attack', ...rows, `${seconds} s`, ''].join('\n'))
  }
}
