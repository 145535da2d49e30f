/** Writes `THIRD-PARTY-NOTICES.txt`: what of others is in the bundles, on which terms. Run it, or import `notices` in a test. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { label, noticesText } from './third-party.mjs'

const intro = `Breakerbox is under the MIT licence, see LICENSE. Its hooks use no package of others. Some of its other files have code of the
packages below in them, bundled from npm. This list is made by \`npm run generate\`.`

/**
 * The text of the file.
 *
 * @param {readonly import('./build.d.mts').Bundle[]} bundles all that ship.
 */
export function notices(bundles) {
  const parties = new Map()
  const files = new Map()
  for (const { file, parties: inside } of bundles) {
    for (const party of inside) {
      parties.set(label(party), party)
      files.set(label(party), [...(files.get(label(party)) ?? []), file])
    }
  }
  const all = [...parties.keys()].sort().map((key) => parties.get(key))
  const list = all.map((party) => `- ${label(party)} (${party.license})`).join('\n')
  const bundled = (party) => `In: ${files.get(label(party)).sort().join(', ')}`
  const line = '-'.repeat(80)
  return `${intro}\n\n${list}\n\n${line}\n\n${noticesText(all, bundled)}\n`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await writeFile(
    join(fileURLToPath(new URL('..', import.meta.url)), 'THIRD-PARTY-NOTICES.txt'),
    notices(await build()),
  )
}
