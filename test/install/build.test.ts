import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { build } from '../../scripts/build.mjs'

test('every executable becomes one file that runs alone and says whose it is', { timeout: 30_000 }, async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'breakerbox-build-'))
  try {
    const bundles = await build({ outputFolder: folder })
    expect(bundles.map(({ name }) => name)).toContain('breakerbox')
    for (const { name, file, kind } of bundles) {
      const path = join(folder, file)
      const lines = fs.readFileSync(path, 'utf8').split('\n', 2)
      const [program, comment] = kind === 'shell' ? ['/bin/sh', '#'] : ['/usr/bin/env node', '//']
      expect(lines).toEqual([`#!${program}`, expect.stringMatching(`^${comment} breakerbox \\S+ ${name}$`)])
      if (process.platform !== 'win32') expect(fs.statSync(path).mode & 0o111).toBe(0o111)
    }
    const { status, stdout } = spawnSync(process.execPath, [join(folder, 'breakerbox.mjs'), '--version'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) })
    expect(fs.readdirSync(folder)).toEqual(bundles.map(({ file }) => file).sort())
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
})
