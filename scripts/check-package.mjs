/**
 * Packs the project as `npm publish` would, and has publint and attw look at the very tarball: `npm run check:package`. Exits 1
 * where one of them finds something.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = mkdtempSync(join(tmpdir(), 'breakerbox-package-'))
const options = {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  shell: process.platform === 'win32',
}
try {
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder], options)
  const tarball = join(folder, readdirSync(folder)[0] ?? '')
  // The package has ES modules alone: `require` of them works from Node 20.19 on, and resolution without `exports` never will.
  const isRight =
    packed.status === 0 &&
    spawnSync('publint', ['--strict', tarball], options).status === 0 &&
    spawnSync('attw', ['--profile', 'esm-only', '--no-emoji', tarball], options).status === 0
  if (!isRight) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
