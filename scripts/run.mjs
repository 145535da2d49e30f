/** Runs a TypeScript entry of this project: `node scripts/run.mjs scripts/eval.ts ARG …`. */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'

const project = dirname(dirname(fileURLToPath(import.meta.url)))
const [entry = '', ...words] = process.argv.slice(2)
const folder = join(project, '.cache', 'scripts')
const bundle = join(folder, `${basename(entry, '.ts')}.mjs`)
const { outputFiles } = await esbuild.build({
  entryPoints: [entry],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
})
await mkdir(folder, { recursive: true })
await writeFile(bundle, outputFiles[0].contents)
process.argv = [process.argv[0], entry, ...words]
await import(pathToFileURL(bundle).href)
