/** Writes `docs/configuration.md` and the JSON Schemas in `config/`: `node scripts/run.mjs scripts/configuration.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { configurationFiles } from './configuration/files.ts'

for (const [path, text] of Object.entries(configurationFiles())) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
