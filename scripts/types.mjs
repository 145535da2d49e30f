/** Writes `dist/types/`: the types of the library, and of its rooms nothing that these do not name. */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('..', import.meta.url))
const types = join(project, 'dist', 'types')
/** What a declaration takes from a file beside it. */
const relativeImport = /((?:from |import\()['"])(\.[^'"]+)\.ts(?=['"])/g

await mkdir(dirname(types), { recursive: true })
const emitted = await mkdtemp(`${types}.`)
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const words = ['-p', join(project, 'tsconfig.types.json'), '--outDir', join(emitted, 'all')]
const { status } = spawnSync(process.execPath, [compiler, ...words], { stdio: 'inherit' })
if (status === 0) {
  await keep('index.d.ts')
  // In one go: no file of an older build stays, and nobody finds half of them.
  await rm(types, { recursive: true, force: true })
  await rename(join(emitted, 'kept'), types)
}
await rm(emitted, { recursive: true, force: true })
process.exitCode = status ?? 1

/** Keeps a declaration and all that it names. */
async function keep(file, seen = new Set()) {
  if (seen.has(file)) return
  seen.add(file)
  const text = await readFile(join(emitted, 'all', file), 'utf8')
  await mkdir(dirname(join(emitted, 'kept', file)), { recursive: true })
  // Spelled as the JavaScript that it would be, which every compiler understands.
  await writeFile(join(emitted, 'kept', file), text.replaceAll(relativeImport, '$1$2.js'))
  for (const [, , path] of text.matchAll(relativeImport)) await keep(join(dirname(file), `${path}.d.ts`), seen)
}
